"""A chunk of rows: looked at, or brought in through the operations that everybody uses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import md5
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, NotFound, SmartCRMError
from processes.definition_types import StageDef
from processes.models import Operation
from records.exchange.plan import ID, TITLE, Plan
from records.exchange.reading import Reason, RowReader, Wanted, reasons_of
from records.exchange.source import SourceRow
from records.operations.drafts import RecordDraft, draft_record, write_drafts
from records.operations.moves import change_stage, move_record
from records.operations.places import hold_places
from records.operations.records import change_values, update_record
from records.operations.references import know_all
from records.operations.values import clean_values
from records.operations.writing import Writing
from records.typed import TypedRecord


@dataclass(slots=True)
class Result:
    """What became of a chunk's rows, or would."""

    created: int = 0
    updated: int = 0
    rejected: list[tuple[SourceRow, Sequence[Reason]]] = field(default_factory=list)
    new_keys: set[str] = field(default_factory=set)
    """Digests of the keys of records that are new."""


def digest_of(key: Any) -> str:
    """The short form of a key's value; the same for equal ones."""
    if isinstance(key, Decimal):
        key = key.normalize()
    return md5(str(key).encode(), usedforsecurity=False).hexdigest()


class _Chunk:
    """What checking and bringing in share: reading the rows, and finding the records they mean."""

    def __init__(self, plan: Plan, writing: Writing, rows: Sequence[SourceRow]) -> None:
        self.plan = plan
        self.writing = writing
        self.reader = RowReader(plan, rows, writing.access)
        self.result = Result()
        self.wanted = [self.reader.read(row) for row in rows]
        know_all(writing, (wanted.values for wanted in self.wanted))
        self.present = self._find()

    def reject(self, wanted: Wanted, reasons: Sequence[Reason]) -> None:
        """Count a row as rejected."""
        self.result.rejected.append((wanted.row, reasons))

    def go_through(self) -> Result:
        """Deal with every row, each by itself."""
        for wanted in self.wanted:
            if wanted.reasons:
                self.reject(wanted, wanted.reasons)
                continue
            try:
                self.deal_with(wanted)
            except SmartCRMError as error:
                self.reject(wanted, reasons_of(error, self.plan))
        return self.result

    def deal_with(self, wanted: Wanted) -> None:
        """One readable row. Raises what the operations raise."""
        raise NotImplementedError

    def record_of(self, wanted: Wanted) -> int | None:
        """The record that a row means; None for a new one. Raises NotFound, Conflict."""
        if wanted.key is None:
            return None
        found = self.present.get(wanted.key, [])
        if len(found) > 1:
            raise Conflict(_("Several records have “%s”.") % str(wanted.key)[:100])
        if not found and self.plan.key == ID:
            raise NotFound(_("There is no such record."), record=wanted.key)
        return found[0] if found else None

    def stage_of(self, wanted: Wanted, row: TypedRecord) -> StageDef | None:
        """The stage that a present record is to move to; None when it names none or the one where it stands."""
        if not wanted.stages or row.stage_id in {stage.id for stage in wanted.stages}:
            return None
        own = (stage for stage in wanted.stages if stage.pipeline_id == row.pipeline_id)
        return next(own, wanted.stages[0])

    def changes_of(self, wanted: Wanted) -> dict[str, Any]:
        """The values that a present record gets: all but the one by which it was found."""
        return {key: value for key, value in wanted.values.items() if key != self.plan.key}

    def _find(self) -> dict[Any, list[int]]:
        """Ids of the visible records by key; one query."""
        keys = {wanted.key for wanted in self.wanted if wanted.key is not None}
        if not keys:
            return {}
        name = self._key_attribute()
        rows = self.writing.model.objects.visible_to(self.writing.access).filter(**{f"{name}__in": keys})
        found: dict[Any, list[int]] = {}
        for key, record_id in rows.order_by("pk").values_list(name, "pk"):
            found.setdefault(key, []).append(record_id)
        return found

    def _key_attribute(self) -> str:
        if self.plan.key in (ID, TITLE):
            return {ID: "pk", TITLE: "title"}[self.plan.key]
        return self.plan.definition.field_by_key[self.plan.key].attname


class Check(_Chunk):
    """Looks at rows as the operations would, and writes nothing. `known` are digests of keys that are new so far."""

    def __init__(self, plan: Plan, writing: Writing, rows: Sequence[SourceRow], known: set[str]) -> None:
        super().__init__(plan, writing, rows)
        self._known = known
        ids = [record_id for found in self.present.values() for record_id in found]
        self._rows: dict[int, TypedRecord] = writing.model.objects.visible_to(writing.access).in_bulk(ids)

    def deal_with(self, wanted: Wanted) -> None:
        record_id = self.record_of(wanted)
        if record_id is not None:
            self._check_update(wanted, self._rows[record_id])
        elif wanted.key is not None and digest_of(wanted.key) in self._known | self.result.new_keys:
            self.writing.access.require(Operation.UPDATE)
            clean_values(self.writing, wanted.values, begins=self.writing.definition.default_pipeline.first_stage)
            self.result.updated += 1
        else:
            draft_record(self.writing, values=self.reader.for_new(wanted), stage=_first(wanted))
            self.result.created += 1
            if wanted.key is not None:
                self.result.new_keys.add(digest_of(wanted.key))

    def _check_update(self, wanted: Wanted, row: TypedRecord) -> None:
        stage = self.stage_of(wanted, row)
        if values := self.changes_of(wanted):
            change_values(self.writing, row, values)
        if stage is not None:
            change_stage(self.writing, row, stage.id)
        self.result.updated += 1


class Run(_Chunk):
    """Brings rows in. New records are written together; a row that may mean one of them waits until they are."""

    def __init__(self, plan: Plan, writing: Writing, rows: Sequence[SourceRow]) -> None:
        super().__init__(plan, writing, rows)
        self._waiting: list[tuple[Wanted, RecordDraft]] = []
        self._new_keys: set[Any] = set()
        self._lock_in_order()
        begin = writing.definition.default_pipeline.first_stage
        hold_places(writing, {stage.id for wanted in self.wanted for stage in wanted.stages or (begin,)})

    def go_through(self) -> Result:
        super().go_through()
        self._write_waiting()
        return self.result

    def deal_with(self, wanted: Wanted) -> None:
        if wanted.key is not None and wanted.key in self._new_keys:
            self._write_waiting()
        record_id = self.record_of(wanted)
        if record_id is not None:
            self._update(wanted, record_id)
            return
        draft = draft_record(self.writing, values=self.reader.for_new(wanted), stage=_first(wanted))
        self._waiting.append((wanted, draft))
        if wanted.key is not None:
            self._new_keys.add(wanted.key)

    def _update(self, wanted: Wanted, record_id: int) -> None:
        process_id, actor = self.writing.definition.id, self.writing.actor
        values = self.changes_of(wanted)
        if any(stage.is_limit_hard for stage in wanted.stages):
            self._write_waiting()
        with transaction.atomic():
            if values:
                row = update_record(process_id, record_id, values=values, actor=actor)
            else:
                row = self.writing.row(record_id)
            stage = self.stage_of(wanted, row)
            if stage is not None:
                move_record(process_id, record_id, to=stage.id, actor=actor)
        self.result.updated += 1

    def _write_waiting(self) -> None:
        waiting, self._waiting, self._new_keys = self._waiting, [], set()
        if not waiting:
            return
        try:
            with transaction.atomic():
                rows = write_drafts(self.writing, [draft for _wanted, draft in waiting])
        except (DataError, IntegrityError):
            self._write_singly([wanted for wanted, _draft in waiting])
            return
        for (wanted, _draft), row in zip(waiting, rows, strict=True):
            self._note_created(wanted, row)

    def _write_singly(self, waiting: Sequence[Wanted]) -> None:
        """A constraint of the database spoke of one of them: find out of which."""
        for wanted in waiting:
            draft = draft_record(self.writing, values=self.reader.for_new(wanted), stage=_first(wanted))
            try:
                with transaction.atomic():
                    self._note_created(wanted, write_drafts(self.writing, [draft])[0])
            except (DataError, IntegrityError):
                self.reject(wanted, [Reason(None, _("The database refuses this row: a rule of the table forbids it."))])

    def _note_created(self, wanted: Wanted, row: TypedRecord) -> None:
        self.result.created += 1
        if wanted.key is not None:
            self.present[wanted.key] = [row.pk]

    def _lock_in_order(self) -> None:
        """Lock all present records by id, so that two imports over the same rows wait instead of dead-locking."""
        ids = [record_id for found in self.present.values() for record_id in found]
        if ids:
            list(self.writing.model.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))


def _first(wanted: Wanted) -> int | None:
    """The stage of a new record; None for the first one of the process."""
    return wanted.stages[0].id if wanted.stages else None
