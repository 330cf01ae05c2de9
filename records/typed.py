"""The typed model of a process, built at run time: the only module that builds model classes.

A class has its own registry of models, so nothing leaks into Django's; it is cached by (process, version), and so its
stage machine is always the one of the definition. See docs/decisions/0001 and 0003.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps.registry import Apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.db.models.query_utils import DeferredAttribute
from django_fsm import FSMKeyField, TransitionNotAllowed, transition

from accounts.models import Department, User
from processes.definition_types import Definition, FieldDef, StageDef
from processes.models import Operation, Pipeline, Stage
from processes.permissions import Access
from records.gates import Passage
from records.models import Record
from records.querysets import TypedQuerySet

CACHE_SIZE = 512
_RELATED = (Record, User, Department, Pipeline, Stage)


class _StageDescriptor:
    """Reads the stage as the definition knows it, without a query; refuses to be assigned."""

    def __init__(self, field: "StageField") -> None:
        self.field = field

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return type(instance).definition.stage_by_id[getattr(instance, self.field.attname)]

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError("A stage changes through a transition; use move_record.")


class _StageIdDescriptor(DeferredAttribute):
    """The stage's id: may be loaded, may not be assigned."""

    def __set__(self, instance: Any, value: Any) -> None:
        loaded = instance.__dict__
        if self.field.attname in loaded and not loaded.get("_refreshing"):
            raise AttributeError("A stage changes through a transition; use move_record.")
        loaded[self.field.attname] = value


class StageField(FSMKeyField):
    """A foreign key to a stage whose value only a transition may change."""

    descriptor_class: Any = _StageDescriptor

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **kwargs: Any) -> None:
        """Guard both the relation and the id."""
        super().contribute_to_class(cls, name, private_only=private_only, **kwargs)
        setattr(cls, self.attname, _StageIdDescriptor(self))

    def get_state(self, instance: Any) -> Any:
        """The present stage id, loaded when it was deferred."""
        return getattr(instance, self.attname)


class TypedRecord(models.Model):
    """What every process's table has: the columns that boards and lists need beside the process's own fields."""

    definition: ClassVar[Definition]
    objects: ClassVar[TypedQuerySet]
    is_leaving = False
    """Whether its stage goes just now."""
    passage: Passage | None = None
    """Who wants to pass the gates just now, and with what."""
    # What the built class adds and what Django gives to foreign keys, for the type checker.
    if TYPE_CHECKING:
        stage: StageDef
        stage_id: int
        record_id: int
        pipeline_id: int
        assignee_id: int | None
        author_id: int | None
        department_id: int | None
        editor_id: int | None

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="+", db_column="id")
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=300)
    position = models.CharField(max_length=200, db_collation="C")
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    observer_ids = ArrayField(models.BigIntegerField(), null=True)
    editor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    stage_changed_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Load again; the one moment besides loading when the stage may be written without a transition."""
        self.__dict__["_refreshing"] = True
        try:
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        finally:
            del self.__dict__["_refreshing"]

    def value(self, field: FieldDef) -> Any:
        """The plain value of a field."""
        return field.value(self.__getattribute__)

    def values(self) -> dict[str, Any]:
        """All values as JSON values, by field key."""
        return {field.key: field.type.to_json(self.value(field)) for field in self.definition.fields}

    def move_to(self, stage: StageDef, passage: Passage) -> None:
        """Perform the transition to a stage.

        Raises django_fsm.TransitionNotAllowed where the map has none, or where a gate is closed to this passage.
        """
        self.passage = passage
        transition_to = getattr(self, f"to_{stage.id}", None)
        if transition_to is None:
            raise TransitionNotAllowed(f"No move leads to {stage.key}", object=self)
        transition_to()

    def open_stages(self, access: Access) -> frozenset[int]:
        """Ids of the stages to which the stage machine lets the record go at once, bringing nothing."""
        self.passage = Passage(access)
        machine: Any = self
        return frozenset(found.target for found in machine.get_available_user_stage_transitions(access))

    def settle_in(self, stage: StageDef) -> None:
        """Stand in a stage because the former one goes: from anywhere, past the map and the gates."""
        self.is_leaving = True
        getattr(self, f"settle_in_{stage.id}")()


class _ModelCache:
    """Built classes by (process id, version)."""

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[int, int], type[TypedRecord]] = OrderedDict()
        self._lock = Lock()

    def get(self, definition: Definition) -> type[TypedRecord]:
        """The class of a definition, built when it is new."""
        slot = (definition.id, definition.version)
        with self._lock:
            found = self._models.get(slot)
            if found is not None and found.definition is definition:
                self._models.move_to_end(slot)
                return found
        built = build_model(definition)
        with self._lock:
            self._models[slot] = built
            while len(self._models) > CACHE_SIZE:
                self._models.popitem(last=False)
        return built

    def clear(self) -> None:
        """Forget every class."""
        with self._lock:
            self._models.clear()


_cache = _ModelCache()
forget_models = _cache.clear


def model_for(definition: Definition) -> type[TypedRecord]:
    """The typed model of a process at one version of its definition."""
    return _cache.get(definition)


def build_model(definition: Definition, extra: Sequence[FieldDef] = ()) -> type[TypedRecord]:
    """Build the class: base columns, the stage machine, one column per field (`extra` for fields being added)."""
    registry = Apps()
    for related in _RELATED:
        registry.register_model(related._meta.app_label, related)
    attributes: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": f"P{definition.id}",
        "definition": definition,
        "Meta": _meta(definition, registry),
        "objects": TypedQuerySet.as_manager(),
        "stage": StageField(Stage, on_delete=models.PROTECT, related_name="+", db_index=False),
    }
    for field in (*definition.fields, *extra):
        attributes |= field.type.columns(field)
        if field.shadow is not None:
            attributes |= field.shadow.type.columns(field.shadow)
    attributes |= _transitions(definition)
    return type(f"P{definition.id}", (TypedRecord,), attributes)


def table_name(process_id: int) -> str:
    """The typed table of a process."""
    return f"records_p{process_id}"


def sequence_name(field_id: int) -> str:
    """The sequence from which a field gives numbers to new records."""
    return f"records_f{field_id}_seq"


def _meta(definition: Definition, registry: Apps) -> type:
    prefix = f"p{definition.id}"
    live = models.Q(deleted_at=None)
    indexes: list[models.Index] = [
        models.Index(fields=["stage", "position", "record"], condition=live, name=f"{prefix}_board"),
        models.Index(fields=["assignee", "record"], condition=live, name=f"{prefix}_assignee"),
        models.Index(fields=["author", "record"], condition=live, name=f"{prefix}_author"),
        models.Index(fields=["department", "record"], condition=live, name=f"{prefix}_department"),
        GinIndex(
            fields=["observer_ids"], condition=live & models.Q(observer_ids__isnull=False), name=f"{prefix}_observers"
        ),
    ]
    return type(
        "Meta",
        (),
        {"app_label": "records", "apps": registry, "db_table": table_name(definition.id), "indexes": indexes},
    )


def _transitions(definition: Definition) -> dict[str, Callable[..., None]]:
    """One transition per target stage.

    Its sources come from the pipeline's map, its permission from the grants and the roles of gates, its condition from
    the gates: it is met by the passage that the record is on. Nobody passes a gate without one.
    From other pipelines every stage may be reached. Beside them stands one more into each stage, from anywhere and past
    the gates, for records whose stage goes.
    """
    sources: dict[int, list[int]] = {}
    for pipeline in definition.pipelines:
        for source, targets in pipeline.targets.items():
            for target in targets:
                sources.setdefault(target, []).append(source)
    for stage in definition.stage_by_id.values():
        others = (other.id for other in definition.stage_by_id.values() if other.pipeline_id != stage.pipeline_id)
        sources.setdefault(stage.id, []).extend(others)
    moves = {f"to_{target}": _transition(target, sorted(origins)) for target, origins in sources.items() if origins}
    return moves | {f"settle_in_{stage_id}": _settling(stage_id) for stage_id in definition.stage_by_id}


def _transition(target: int, origins: list[int]) -> Callable[..., None]:
    def move(record: TypedRecord) -> None:
        """Stand in the target stage, and in its pipeline."""
        record.pipeline_id = record.definition.stage_by_id[target].pipeline_id

    move.__name__ = move.__qualname__ = f"to_{target}"
    decorated: Callable[..., None] = transition(
        field="stage",
        source=origins,
        target=target,
        conditions=[partial(_is_open, target)],
        permission=partial(_may_move, target),
    )(move)
    return decorated


def _is_leaving(record: Any) -> bool:
    return bool(record.is_leaving)


def _is_open(target_id: int, record: TypedRecord) -> bool:
    target = record.definition.stage_by_id[target_id]
    if record.passage is not None:
        return record.passage.is_forced or not record.passage.terms(record, target)
    return not record.definition.pipeline_by_id[target.pipeline_id].gates_between(record.stage_id, target_id)


def _may_move(target_id: int, record: TypedRecord, access: Access) -> bool:
    target = record.definition.stage_by_id[target_id]
    gates = record.definition.pipeline_by_id[target.pipeline_id].gates_between(record.stage_id, target_id)
    return access.covers(Operation.MOVE, record) and all(access.may_pass(gate) for gate in gates)


def _settling(target: int) -> Callable[..., None]:
    def settle(record: TypedRecord) -> None:
        """Stand in the target stage, and in its pipeline."""
        record.pipeline_id = record.definition.stage_by_id[target].pipeline_id

    settle.__name__ = settle.__qualname__ = f"settle_in_{target}"
    decorated: Callable[..., None] = transition(field="stage", source="*", target=target, conditions=[_is_leaving])(
        settle
    )
    return decorated
