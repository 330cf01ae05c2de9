"""Forms of the pages. They say what a field looks like; what is right, the operations decide."""
