"""The comparison that keeps us honest: this product, a hand-written application, and plain SQL on the same data."""
