"""The kinds of robots, one per file."""
