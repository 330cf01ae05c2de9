"""The pages employees live in, in a real browser."""
