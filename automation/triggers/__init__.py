"""Kinds of triggers, one file each."""
