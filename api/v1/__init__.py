"""Version 1 of the REST API: one file per resource."""
