"""Which fields have two forms, since their type changes or has changed; what did not convert."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import NotFound
from processes.definition_types import Definition, FieldDef
from processes.models import Field, FieldJob, Operation
from processes.operations.fields import KEPT_DAYS
from processes.permissions import Access
from records.queries.conversion_samples import Sample, shown_bad
from records.typed import model_for

PAGE = 50
READY = Field.State.READY


class ConversionState(models.TextChoices):
    """How far a change of type is."""

    CONVERTING = "converting", gettext_lazy("Changing")
    FAILED = "failed", gettext_lazy("Failed")
    CONVERTED = "converted", gettext_lazy("Changed")
    FORGETTING = "forgetting", gettext_lazy("Losing its former values")


@dataclass(frozen=True, slots=True)
class FieldConversion:
    """A field that has two forms: its type changes just now, or changed and can be changed back."""

    field: Field
    """As it is."""
    other: Field
    """What it is to become, or what it was."""
    state: ConversionState
    job: FieldJob | None
    """The work on it."""
    unconverted: int
    """Records whose value has not become one of the new type, the bin included; while it changes, so far."""

    @property
    def is_over(self) -> bool:
        """Whether the field has its new type."""
        return self.state in (ConversionState.CONVERTED, ConversionState.FORGETTING)

    @property
    def before(self) -> Field:
        """The form with the former type."""
        return self.other if self.is_over else self.field

    @property
    def after(self) -> Field:
        """The form with the new type."""
        return self.field if self.is_over else self.other

    @property
    def changed_at(self) -> datetime | None:
        """Since when the field has its new type."""
        return self.other.removed_at

    @property
    def kept_until(self) -> datetime | None:
        """Until when it can be changed back."""
        return None if self.changed_at is None else self.changed_at + timedelta(days=KEPT_DAYS)


@dataclass(frozen=True, slots=True)
class Unconverted:
    """A page of what did not convert."""

    items: tuple[Sample, ...]
    next: int | None
    """Where the following page begins; None at the end."""


def former_form(field: Field) -> Field | None:
    """What a field was before its type changed, as long as there is a way back."""
    found = Field.objects.select_related("process").filter(shadow_of=field, state=Field.State.READY)
    return found.exclude(removed_at=None).first()


def conversions_of(access: Access) -> list[FieldConversion]:
    """The fields whose type changes just now, or changed and has a way back, in their order; for somebody who may
    change the process. Three queries and one pass over the records. Raises NotAllowed."""
    access.require(Operation.DESIGN)
    rows = Field.objects.filter(process_id=access.definition.id).exclude(shadow_of=None)
    others = [row for row in rows.select_related("shadow_of") if row.removed_at is None or row.state == READY]
    live = [row for row in others if row.shadow_of is not None and row.shadow_of.removed_at is None]
    jobs = _jobs_of(live)
    left = _left(access.definition, [row.shadow_of_id for row in live if row.removed_at is not None])
    found = [_conversion(row, jobs, left) for row in live]
    return sorted(found, key=lambda one: (one.field.position, one.field.pk))


def conversion_of(access: Access, key: str) -> FieldConversion:
    """The one of the field of this key. Raises NotAllowed, NotFound."""
    found = next((one for one in conversions_of(access) if one.field.key == key), None)
    if found is None:
        raise NotFound(_("The type of this field has not changed, or there is no way back any more."), field=key)
    return found


def _jobs_of(others: Sequence[Field]) -> dict[int, list[FieldJob]]:
    """By field: what is done or was done with either form, the latest first."""
    owners = {pk: row.shadow_of_id for row in others for pk in (row.pk, row.shadow_of_id)}
    kinds = (FieldJob.Kind.CONVERT, FieldJob.Kind.PURGE)
    found: dict[int, list[FieldJob]] = {}
    for job in FieldJob.objects.select_related("field").filter(field__in=owners, kind__in=kinds).order_by("-pk"):
        found.setdefault(owners[job.field_id] or 0, []).append(job)
    return found


def _conversion(other: Field, jobs: Mapping[int, Sequence[FieldJob]], left: Mapping[int, int]) -> FieldConversion:
    field = other.shadow_of
    assert field is not None
    own = jobs.get(field.pk, ())
    job = next((job for job in own if job.kind == FieldJob.Kind.CONVERT), None)
    if other.removed_at is None:
        is_failed = job is not None and job.state == FieldJob.State.FAILED
        state = ConversionState.FAILED if is_failed else ConversionState.CONVERTING
        return FieldConversion(field, other, state, job, job.problems if job else 0)
    is_going = any(j.kind == FieldJob.Kind.PURGE and j.field_id == other.pk and j.state in j.UNFINISHED for j in own)
    state = ConversionState.FORGETTING if is_going else ConversionState.CONVERTED
    return FieldConversion(field, other, state, job, left.get(field.pk, 0))


def unconverted(access: Access, row: Field, *, after: int = 0) -> Unconverted:
    """Records whose value did not become one of the present type and that nobody has given another since, by number.

    While the type changes: those that have not become anything yet. Only records that the actor sees. Raises
    NotAllowed.
    """
    access.require(Operation.DESIGN)
    present = access.definition.field_by_id.get(row.pk)
    if present is None or present.shadow is None:
        return Unconverted((), None)
    shadow = present.shadow
    is_done = Field.objects.filter(pk=shadow.id, state=READY).exclude(removed_at=None).exists()
    source, target = (shadow, present) if is_done else (present, shadow)
    seen = model_for(access.definition).objects.visible_to(access).showing(access, present)
    seen = seen.filter(_lacks(source, target), pk__gt=after)
    found = list(seen.order_by("pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Unconverted(shown_bad(access, source, target, shown), shown[-1].pk if len(found) > PAGE else None)


def unconverted_count(definition: Definition, row: Field) -> int:
    """How many records had a value that did not become one of the present type, the bin included."""
    return _left(definition, [row.pk]).get(row.pk, 0)


def _left(definition: Definition, field_ids: Iterable[int | None]) -> dict[int, int]:
    """The same by field; one pass over the records for all of them."""
    fields = [definition.field_by_id[pk] for pk in field_ids if pk in definition.field_by_id]
    counts = {f"f{f.id}": Count("pk", filter=_lacks(f.shadow, f)) for f in fields if f.shadow is not None}
    if not counts:
        return {}
    found = model_for(definition).objects.order_by().aggregate(**counts)
    return {f.id: found[f"f{f.id}"] for f in fields if f"f{f.id}" in found}


def _lacks(source: FieldDef, target: FieldDef) -> Q:
    """Records that have a value of one form and none of the other."""
    return Q(**{f"{source.attributes[0]}__isnull": False, f"{target.attributes[0]}__isnull": True})
