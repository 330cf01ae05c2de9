"""The REST door: the domain's operations and queries for programs, under /api/v1/."""
