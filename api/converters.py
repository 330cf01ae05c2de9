"""Parts of addresses."""


class IdConverter:
    """A number that PostgreSQL's bigint and JSON can hold."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """The id."""
        return int(value)

    def to_url(self, value: int) -> str:
        """The id as text."""
        return str(value)
