"""Bulk changes at work."""
