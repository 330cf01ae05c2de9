"""The project: settings, URLs, servers and the commands that run them."""
