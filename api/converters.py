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


class RuleKindConverter:
    """What a rule of automation is."""

    regex = "robot|trigger"

    def to_python(self, value: str) -> str:
        """The word."""
        return value

    def to_url(self, value: str) -> str:
        """The word."""
        return value


class RunActConverter:
    """What a person does with a run."""

    regex = "retry|again|cancel|confirm"

    def to_python(self, value: str) -> str:
        """The word."""
        return value

    def to_url(self, value: str) -> str:
        """The word."""
        return value


class JobActConverter:
    """What can be done with a change of a field."""

    regex = "cancel|retry"

    def to_python(self, value: str) -> str:
        """The word."""
        return value

    def to_url(self, value: str) -> str:
        """The word."""
        return value
