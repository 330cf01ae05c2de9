"""What a channel must say, and the registry of all of them."""

from typing import ClassVar

from core.errors import Text
from core.registry import Extension, Registry
from notifications.models import Delivery


class Channel(Extension):
    """One way in which a notification reaches a person."""

    icon: ClassVar[str] = "bell"
    description: ClassVar[Text] = ""
    leaves: ClassVar[bool] = True
    """Whether something must be sent; the bell in the page reads the row itself."""

    def send(self, delivery: Delivery) -> None:
        """Send it under its key. Raises TryLater or Undeliverable (`core.outbox`)."""
        raise NotImplementedError


channels: Registry[Channel] = Registry("channel")
