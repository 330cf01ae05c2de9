"""Ready processes to begin with: what one must say, and the registry of all of them.

A ready process is one class in one file of `processes/gallery/`. Its words are translated when somebody chooses it,
and from then on they are data of that installation.
"""

from typing import Any, ClassVar

from django.utils.translation import pgettext

from core.errors import Text
from core.registry import Extension, Registry
from processes.drafts import FieldDraft, ProcessDraft
from processes.models import Process


class ReadyProcess(Extension):
    """A draft that many organisations can use as it is, and change afterwards."""

    summary: ClassVar[Text]
    """One sentence: for whom and what for."""
    position: ClassVar[int]
    """Its place in the gallery; the most wanted come first."""

    def draft(self) -> ProcessDraft:
        """The process in the active language; grants are left to whoever creates it."""
        raise NotImplementedError


gallery: Registry[ReadyProcess] = Registry("ready process")


def linked_to(process: str, label: str, *, key: str, **settings: Any) -> FieldDraft:
    """A field for a record of the process with this key; for a text where there is no such process."""
    found = Process.objects.filter(key=process).exclude(status=Process.Status.ARCHIVED).values_list("pk", flat=True)
    other = found.first()
    if other is None:
        return FieldDraft(label, "text", key=key, is_searchable=True, **settings)
    return FieldDraft(label, "link", key=key, settings={"process": other}, **settings)


def money_in(label: str, *, key: str, **settings: Any) -> FieldDraft:
    """A field for an amount in the currency that is usual with the active language."""
    currency = pgettext("usual currency", "USD")
    return FieldDraft(label, "money", key=key, settings={"currency": currency}, **settings)


def numbered(label: str, *, key: str, mask: str) -> FieldDraft:
    """A field that numbers the records by itself."""
    return FieldDraft(label, "auto_number", key=key, is_searchable=True, settings={"mask": mask})
