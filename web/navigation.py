"""The views of a process as tabs, and the processes of the rail."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from core.actor import Actor
from processes.definition_types import Definition, PipelineDef
from processes.models import Operation, Process
from processes.permissions import Access, accesses_for

OF_PIPELINE = frozenset({"process-board", "process-list", "process-automation"})
"""Views that show one pipeline."""


@dataclass(frozen=True, slots=True)
class RailItem:
    """A process in the rail."""

    name: str
    icon: str
    color: str
    url: str
    place: str
    """What the addresses of all its pages begin with."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of a process."""

    name: str
    url: str
    active: bool
    count: int | None = None


def rail(actor: Actor) -> list[RailItem]:
    """The processes that the actor may see. One query when definitions are cached."""
    return [
        RailItem(definition.name, definition.icon, definition.color, process_url(definition), f"/p/{definition.key}/")
        for definition in (access.definition for access in accesses_for(actor))
    ]


def process_url(process: Definition | Process) -> str:
    """Where a process begins: its board, or its list where there are no stages."""
    return reverse("process-board" if process.has_stages else "process-list", args=[process.key])


def process_tabs(access: Access, active: str, pipeline: PipelineDef | None = None) -> list[Tab]:
    """The views of the process that its person may open, for one pipeline if given; `active` is a URL name."""
    query = f"?pipeline={pipeline.key}" if pipeline and len(access.definition.pipelines) > 1 else ""
    wanted: Sequence[tuple[str, str, str]] = (
        ("process-board", _("Board"), Operation.VIEW),
        ("process-list", _("List"), Operation.VIEW),
        ("process-automation", _("Automation"), Operation.AUTOMATE),
        ("process-settings", _("Settings"), Operation.DESIGN),
    )
    tabs: list[Tab] = []
    for name, label, operation in wanted:
        is_there = access.definition.has_stages or name != "process-board"
        if is_there and access.can(operation):
            url = reverse(name, args=[access.definition.key])
            tabs.append(Tab(label, url + query if name in OF_PIPELINE else url, name == active))
    return tabs


def of_pipeline(name: str, key: str, pipeline: str) -> str:
    """The address of a page of a process as it is for one of its pipelines (by key)."""
    return f"{reverse(name, args=[key])}?pipeline={pipeline}"


def can_import(access: Access) -> bool:
    """Whether the person may bring records in from a file here."""
    is_used = access.definition.status == Process.Status.PUBLISHED
    return is_used and access.can(Operation.IMPORT) and (access.can(Operation.CREATE) or access.can(Operation.UPDATE))
