"""Sections of the card and the form: making, naming and removing them, and where every field stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid, LimitReached
from core.locks import present
from core.problems import Problems
from core.text import clean_line
from events.publish import publish
from processes.models import Field, Operation, Process, Section
from processes.operations.changing import change_lock
from processes.operations.checking import clean_translations
from processes.permissions import access_for
from processes.storage import storage

CHANGEABLE = ("label", "labels")
MOST_SECTIONS = 50
"""What a person still finds their way in."""
Layout = Sequence[tuple[int | None, Sequence[str]]]
"""Sections by id in their order (None: the fields without one), each with the keys of its fields in their order."""


@transaction.atomic
def add_section(process: Process, *, label: str, labels: Mapping[str, str] | None = None, actor: Actor) -> Section:
    """Add an empty section at the end. Writes `section.added`. Raises NotAllowed, Invalid, LimitReached, Busy."""
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        rows = Section.objects.filter(process=process)
        if rows.count() >= MOST_SECTIONS:
            raise LimitReached(_("A process has at most %d sections.") % MOST_SECTIONS)
        last = rows.order_by("position").values_list("position", flat=True).last()
        section = Section(process=process, label=label, labels=labels or {}, position=0 if last is None else last + 1)
        _check(section)
        section.save()
        storage().refresh(process)
    publish("section.added", actor=actor, process_id=process.pk, data={"section": section.pk, "label": section.label})
    return section


@transaction.atomic
def update_section(section: Section, *, changes: Mapping[str, Any], actor: Actor) -> Section:
    """Change a section's words (some of `CHANGEABLE`). Writes `section.updated`.

    Raises NotAllowed, NotFound, Invalid, Busy.
    """
    process = section.process
    access_for(actor, process).require(Operation.DESIGN)
    if unknown := set(changes) - set(CHANGEABLE):
        raise Invalid(_("This cannot be changed."), {name: [_("This cannot be changed.")] for name in unknown})
    with change_lock(process):
        section = present(section)
        before = {name: getattr(section, name) for name in CHANGEABLE}
        for name, value in changes.items():
            setattr(section, name, value)
        _check(section)
        section.save(update_fields=CHANGEABLE)
        storage().refresh(process)
    told = {name: (old, getattr(section, name)) for name, old in before.items() if old != getattr(section, name)}
    publish("section.updated", actor=actor, process_id=process.pk, changes=told, data={"section": section.pk})
    return section


@transaction.atomic
def remove_section(section: Section, *, actor: Actor) -> None:
    """Remove a section; its fields, removed ones too, stand without one then. Writes `section.removed`.

    Raises NotAllowed, NotFound, Busy.
    """
    process, section_id = section.process, section.pk
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        section = present(section)
        Field.objects.filter(section=section).update(section=None)
        section.delete()
        storage().refresh(process)
    publish("section.removed", actor=actor, process_id=process.pk, data={"section": section_id, "label": section.label})


@transaction.atomic
def arrange_fields(process: Process, layout: Layout, *, actor: Actor) -> None:
    """Put sections and fields in the order of `layout`, which names every one of them once; the fields without a
    section stand first, whatever their place. Writes `field.arranged`. Raises NotAllowed, Invalid, Busy."""
    access_for(actor, process).require(Operation.DESIGN)
    layout = sorted(layout, key=lambda part: part[0] is not None)
    with change_lock(process):
        sections = {section.pk: section for section in Section.objects.filter(process=process)}
        fields = {field.key: field for field in Field.objects.filter(process=process, removed_at=None, shadow_of=None)}
        _check_layout(layout, sections, fields)
        _put(layout, sections, fields)
        storage().refresh(process)
    told = [{"section": section_id, "fields": list(keys)} for section_id, keys in layout]
    publish("field.arranged", actor=actor, process_id=process.pk, data={"layout": told})


def _put(layout: Layout, sections: Mapping[int, Section], fields: Mapping[str, Field]) -> None:
    position = 0
    for place, (section_id, keys) in enumerate(layout):
        section = sections[section_id] if section_id is not None else None
        if section is not None:
            section.position = place
        for key in keys:
            fields[key].section, fields[key].position = section, position
            position += 1
    Section.objects.bulk_update(sections.values(), ["position"])
    Field.objects.bulk_update(fields.values(), ["section", "position"])


def _check_layout(layout: Layout, sections: Mapping[int, Section], fields: Mapping[str, Field]) -> None:
    problems = Problems()
    with problems.at():
        named = [section_id for section_id, _keys in layout if section_id is not None]
        if sorted(named) != sorted(sections) or len(layout) - len(named) > 1:
            raise Invalid(_("Name every section once."), {"sections": [_("Name every section once.")]})
    with problems.at():
        if sorted(key for _section, keys in layout for key in keys) != sorted(fields):
            raise Invalid(_("Name every field once."), {"fields": [_("Name every field once.")]})
    problems.raise_any()


def _check(section: Section) -> None:
    """Clean a section's words in their place. Raises Invalid with messages per name."""
    problems = Problems()
    with problems.at():
        section.label = clean_line(section.label, field="label", limit=100)
    with problems.at():
        section.labels = clean_translations(section.labels, field="labels", limit=100)
    problems.raise_any()
