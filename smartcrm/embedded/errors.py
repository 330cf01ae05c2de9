"""What goes wrong around the embedded services, in one line for the person at the terminal."""


class EmbeddedError(Exception):
    """An embedded service cannot run here; the message says what to do."""
