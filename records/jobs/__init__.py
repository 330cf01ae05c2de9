"""Long changes of fields, done step by step while the process is used."""
