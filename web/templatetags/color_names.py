"""The palette in words, for those who hear it."""

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

NAMES = {
    "blue": _("Blue"),
    "indigo": _("Indigo"),
    "violet": _("Violet"),
    "pink": _("Pink"),
    "red": _("Red"),
    "orange": _("Orange"),
    "amber": _("Amber"),
    "lime": _("Lime"),
    "green": _("Green"),
    "teal": _("Teal"),
    "cyan": _("Cyan"),
    "slate": _("Grey"),
}


@register.filter
def color_name(name: str) -> str:
    """“Blue” for `blue`."""
    return str(NAMES.get(name, name))
