"""Words about records: the noun of a process after a number."""

import re

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from processes.definition_types import Definition

register = template.Library()

INDENTATION = re.compile(r"\s*\n\s*")


@register.simple_block_tag
def tight(content: str) -> SafeString:
    """The block with one line break where it had line breaks and indentation: for markup repeated many times."""
    return mark_safe(INDENTATION.sub("\n", content).strip())  # noqa: S308


@register.filter
def noun_after(process: Definition, count: int) -> str:
    """The noun as it stands after a number: 1 request, 5 requests; 1 заявка, 3 заявки, 5 заявок."""
    if (get_language() or "en").startswith("ru"):
        return _russian(process, count)
    return process.noun if count == 1 else process.noun_many


def _russian(process: Definition, count: int) -> str:
    last, teen = count % 10, count % 100 in range(11, 15)
    if last == 1 and not teen:
        return process.noun
    return process.noun_plural if last in (2, 3, 4) and not teen else process.noun_many
