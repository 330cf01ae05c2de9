"""The ways out of the product, one per file."""
