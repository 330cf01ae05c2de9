"""What the columns of a file mean: the targets they may go to, guesses by their names, and the checked plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid, Text
from core.problems import Problems
from core.text import fold
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import PERSON
from processes.permissions import Access

ID, TITLE, ASSIGNEE, STAGE = "id", "title", "assignee", "stage"
BASE: dict[str, Text] = {
    ID: gettext_lazy("Record number"),
    TITLE: gettext_lazy("Title"),
    ASSIGNEE: gettext_lazy("Responsible"),
    STAGE: gettext_lazy("Stage"),
}
"""Targets beside the fields; their keys are reserved, so no field has one of them."""
_ALSO = {
    ID: ("id", "#", "№", "номер записи"),
    TITLE: ("title", "name", "название", "наименование", "заголовок"),
    ASSIGNEE: ("assignee", "assigned to", "owner", "responsible", "ответственный", "исполнитель"),
    STAGE: ("stage", "status", "стадия", "этап", "статус"),
}
"""Other words for them, in files from elsewhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a column may go. `field` is None for a base key."""

    key: str
    label: str
    field: FieldDef | None
    can_be_key: bool
    """Whether present records can be found by it."""

    @property
    def names_people(self) -> bool:
        """Whether its cells hold names or e-mail addresses of people."""
        return self.key == ASSIGNEE if self.field is None else self.field.type.refers == PERSON


@dataclass(frozen=True)
class Plan:
    """What each column means, as of the present definition of the process."""

    definition: Definition
    targets: tuple[Target | None, ...]
    key: str

    @cached_property
    def columns(self) -> tuple[tuple[int, Target], ...]:
        """The columns that go anywhere, with their targets."""
        return tuple((index, target) for index, target in enumerate(self.targets) if target is not None)

    @cached_property
    def column_of(self) -> dict[str, int]:
        """The column of each target."""
        return {target.key: index for index, target in self.columns}


def targets_for(access: Access) -> dict[str, Target]:
    """Where columns may go, by key: the base ones, then the fields that the access lets write, in their order."""
    definition, partial = access.definition, access.partial_fields
    readable = access.readable_fields
    base = [
        Target(key, str(label), None, key in (ID, TITLE))
        for key, label in BASE.items()
        if definition.has_stages or key != STAGE
    ]
    fields = [
        Target(field.key, field.label, field, _is_findable(field) and field in readable and field not in partial)
        for field in access.writable_fields
        if field.type.can_be_imported and not field.type.is_computed
    ]
    return {target.key: target for target in (*base, *fields)}


def _is_findable(field: FieldDef) -> bool:
    return field.type.sortable and len(field.attributes) == 1


def guessed_targets(access: Access, headers: Sequence[str]) -> list[str | None]:
    """For each header the target that it names by key or label, in any language of the product; each target once.

    A record number is never guessed: it means something in files that came from here only.
    """
    words = _words(access)
    free = set(words.values()) - {ID}
    guesses: list[str | None] = []
    for header in headers:
        guess = words.get(fold(header))
        guesses.append(guess if guess in free else None)
        free.discard(guess or "")
    return guesses


def plan_of(access: Access, *, width: int, targets: Sequence[str | None], key: str) -> Plan:
    """The checked plan for a file of so many columns. Raises Invalid, with messages by `targets.<column>` and `key`."""
    known = targets_for(access)
    problems = Problems()
    with problems.at():
        _check_targets(access, targets, known, width)
    with problems.at():
        _check_key(key, known, [target for target in targets if target])
    problems.raise_any()
    return Plan(access.definition, tuple(known[target] if target else None for target in targets), key)


def _check_targets(access: Access, targets: Sequence[str | None], known: dict[str, Target], width: int) -> None:
    if len(targets) != width:
        raise Invalid(_("Say for each column where it goes."), {"targets": [_("The file has %d columns.") % width]})
    wrong: dict[str, list[Text]] = {}
    for index, target in enumerate(targets):
        if target and target not in known:
            wrong[f"targets.{index}"] = [access.why_not_written(target)]
        elif target and target in targets[:index]:
            wrong[f"targets.{index}"] = [_("Another column goes there already.")]
    if wrong:
        raise Invalid(_("Some columns cannot go there."), wrong)
    if not any(target and target != ID for target in targets):
        raise Invalid(_("Choose where at least one column goes."), {"targets": [_("No column goes anywhere.")]})


def _check_key(key: str, known: dict[str, Target], chosen: Sequence[str]) -> None:
    if key and (key not in known or not known[key].can_be_key):
        message = _("Records cannot be found by this.")
    elif key and key not in chosen:
        message = _("No column goes to what records are found by.")
    elif ID in chosen and key != ID:
        message = _("A column with record numbers is for finding records: choose it as the key, or leave it out.")
    else:
        return
    raise Invalid(message, {"key": [message]})


def _words(access: Access) -> dict[str, str]:
    words = {fold(word): key for key, also in _ALSO.items() for word in (*also, *_labels(BASE[key]))}
    for target in targets_for(access).values():
        if target.field is not None:
            words[fold(target.label)] = words[target.key] = target.key
    return words


@cache
def _labels(label: Text) -> tuple[str, ...]:
    return tuple(_in_language(code, label) for code, _name in settings.LANGUAGES)


def _in_language(code: str, label: Text) -> str:
    with translation.override(code):
        return str(label)
