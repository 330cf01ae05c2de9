"""What uses a field, a stage or a role, with the page where it is changed for whoever may open that."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from core.actor import Actor
from core.errors import Text
from processes.models import Operation
from processes.permissions import Access, access_for
from processes.uses import Use, Whereabouts
from web.navigation import of_pipeline


@dataclass(frozen=True, slots=True)
class ShownUse:
    """A use in a list: what it is, what it is called, what of the removed it uses, and where it is changed."""

    kind: Text
    name: str
    of: str
    url: str
    """Empty where the reader may not open the page."""


def shown_uses(uses: Iterable[Use], actor: Actor, *, of: str = "") -> list[ShownUse]:
    """Uses as a list shows them to somebody."""
    known: dict[str, Access] = {}
    return [ShownUse(use.kind, use.name, of, _url(use.where, actor, known)) for use in uses]


def _url(where: Whereabouts | None, actor: Actor, known: dict[str, Access]) -> str:
    if where is None:
        return ""
    if where.process not in known:
        known[where.process] = access_for(actor, where.process)
    operation, address = PAGES[where.sort]
    return address(where) if known[where.process].can(operation) else ""


def _named(name: str) -> Callable[[Whereabouts], str]:
    return lambda where: reverse(name, args=[where.process, where.name])


def _moves(where: Whereabouts) -> str:
    return of_pipeline("process-moves", where.process, where.pipeline)


def _view(name: str) -> Callable[[Whereabouts], str]:
    return lambda where: f"{reverse(name, args=[where.process])}?{where.name}"


PAGES: Mapping[str, tuple[str, Callable[[Whereabouts], str]]] = {
    "robot": (Operation.AUTOMATE, _named("robot-edit")),
    "trigger": (Operation.AUTOMATE, _named("trigger-edit")),
    "field": (Operation.DESIGN, lambda where: f"{reverse('process-fields', args=[where.process])}#field-{where.name}"),
    "stage": (
        Operation.DESIGN,
        lambda where: f"{of_pipeline('process-stages', where.process, where.pipeline)}#stage-{where.name}",
    ),
    "moves": (Operation.DESIGN, _moves),
    "gate": (Operation.DESIGN, lambda where: f"{_moves(where)}#gate-{where.name}"),
    "rights": (Operation.MANAGE_ACCESS, lambda where: reverse("process-access", args=[where.process])),
    "board": (Operation.VIEW, _view("process-board")),
    "list": (Operation.VIEW, _view("process-list")),
}
"""Sort of a thing → what one must be allowed to open its page, and that page."""
