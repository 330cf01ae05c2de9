"""What people work on: records, their values, visits, comments and tasks."""
