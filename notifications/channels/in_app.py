"""The bell in the page."""

from django.utils.translation import gettext_lazy

from notifications.channel import Channel, channels


@channels.register
class InApp(Channel):
    """The notification's row itself; nothing leaves."""

    key = "in_app"
    label = gettext_lazy("In the product")
    icon = "bell"
    leaves = False
