"""Refusals of several inputs, gathered so that a person hears of all of them at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Invalid, Text


class Problems:
    """What was found wrong so far, by place."""

    def __init__(self) -> None:
        self.message: Text = ""
        self.fields: dict[str, list[Text]] = {}

    @contextmanager
    def at(self, place: str = "") -> Iterator[None]:
        """Remember an Invalid raised inside, its fields under `place`, and go on."""
        try:
            yield
        except Invalid as error:
            self.message = self.message or error.message
            for key, messages in error.fields.items():
                self.fields.setdefault(f"{place}.{key}" if place else key, []).extend(messages)

    def raise_any(self) -> None:
        """Raise one Invalid with everything that was found; nothing when all is well."""
        if self.message:
            raise Invalid(self.message, self.fields)
