"""The drawing of a pipeline: stages on a line, moves as arrows and arcs, gates as diamonds; geometry in pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from django.utils.translation import gettext as _

from processes.definition_types import GateDef, PipelineDef, StageDef
from processes.models import Pipeline

WIDTH, HEIGHT, GAP = 148, 40, 40
PITCH = WIDTH + GAP
MARGIN = 16
LETTERS, LINES, LINE = 17, 2, 15
"""As many letters of a name as a line of a box holds, as many lines, and how high one is."""
LOWEST, STEP, HIGHEST = 26, 16, 150
"""How high the arc of a jump over one stage is, what each further stage adds, and where it ends."""


@dataclass(frozen=True, slots=True)
class Box:
    """A stage; numbers are written out, because templates would group their digits."""

    stage: StageDef
    lines: tuple[tuple[str, str], ...]
    """Of the name, each with its baseline."""
    x: str
    y: str
    middle: str
    gate: str
    """Where the diamond of a gate from anywhere stands; empty without one."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A move: its path, whether it is automatic, and where the diamond of its gate stands."""

    path: str
    kind: str
    title: str
    gate: str


@dataclass(frozen=True, slots=True)
class StageMap:
    """The whole drawing, and the same in words."""

    width: str
    height: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    words: tuple[str, ...]
    has_gates: bool
    has_automatic: bool


def stage_map(pipeline: PipelineDef, automatic: Iterable[tuple[int, int, str]]) -> StageMap:
    """Draw a pipeline with its automatic moves (source id, target id, name).

    Where any move is allowed only those between neighbours are drawn, and those that have a gate of their own.
    """
    place = {stage.id: number for number, stage in enumerate(pipeline.stages)}
    own: set[tuple[int | None, int]] = {(gate.source_id, gate.target_id) for gate in pipeline.gates if gate.source_id}
    moves = _moves(pipeline, place, own)
    by_itself = [(source, target, name) for source, target, name in automatic if source in place and target in place]
    spans = [place[target] - place[source] for source, target in moves]
    spans += [place[target] - place[source] for source, target, _name in by_itself]
    above = _room([span for span in spans if span > 0], by_itself)
    below = _room([-span for span in spans if span < 0], by_itself) if any(span < 0 for span in spans) else MARGIN
    arrows = [_arrow(pipeline, place, above, source, target, (source, target) in own) for source, target in moves]
    arrows += [_automatic(place, above, source, target, name) for source, target, name in by_itself]
    return StageMap(
        width=str(len(place) * PITCH - GAP + 2 * MARGIN),
        height=str(above + HEIGHT + below),
        boxes=tuple(_box(stage, place[stage.id], above, _gate_into(pipeline, stage)) for stage in pipeline.stages),
        arrows=tuple(arrows),
        words=tuple(_words(pipeline, by_itself)),
        has_gates=bool(pipeline.gates),
        has_automatic=bool(by_itself),
    )


def _moves(pipeline: PipelineDef, place: dict[int, int], own: set[tuple[int | None, int]]) -> list[tuple[int, int]]:
    pairs = [(source, target) for source, targets in pipeline.targets.items() for target in targets]
    if pipeline.moves == Pipeline.Moves.ANY:
        pairs = [pair for pair in pairs if place[pair[1]] - place[pair[0]] == 1 or pair in own]
    return sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]]))


def _gate_into(pipeline: PipelineDef, stage: StageDef) -> GateDef | None:
    return next((gate for gate in pipeline.gates if gate.target_id == stage.id and gate.source_id is None), None)


def _room(spans: Sequence[int], automatic: Sequence[object]) -> int:
    """The space that arcs over so many stages need."""
    return MARGIN + max([_height(span) for span in spans], default=0) + (STEP if automatic else 0)


def _height(span: int) -> int:
    return min(LOWEST + STEP * max(span - 2, 0), HIGHEST) if span > 1 else LOWEST


def _left(number: int) -> int:
    return MARGIN + number * PITCH


def _box(stage: StageDef, number: int, above: int, gate: GateDef | None) -> Box:
    x, lines = _left(number), _lines_of(stage.name)
    first = above + HEIGHT // 2 + 5 - LINE * (len(lines) - 1) // 2
    return Box(
        stage=stage,
        lines=tuple((line, str(first + LINE * place)) for place, line in enumerate(lines)),
        x=str(x),
        y=str(above),
        middle=str(x + WIDTH // 2),
        gate="" if gate is None else _diamond(x, above + HEIGHT // 2, 6),
    )


def _lines_of(name: str) -> list[str]:
    """A name as a box shows it: in lines, with … where something is left out."""
    return wrap(name, LETTERS, max_lines=LINES, placeholder="…")


def _arrow(pipeline: PipelineDef, place: dict[int, int], above: int, source: int, target: int, has_gate: bool) -> Arrow:
    names = {stage.id: stage.name for stage in pipeline.stages}
    begin, end = place[source], place[target]
    title = f"{names[source]} → {names[target]}"
    if end - begin == 1:
        y, x = above + HEIGHT // 2, _left(begin) + WIDTH
        path = f"M{x + 2} {y}H{x + GAP - 9}"
        return Arrow(path, "move", title, _diamond(x + GAP // 2 - 3, y, 6) if has_gate else "")
    path, middle = _arc(begin, end, above, lift=0)
    return Arrow(path, "move", title, _diamond(*middle, 6) if has_gate else "")


def _automatic(place: dict[int, int], above: int, source: int, target: int, name: str) -> Arrow:
    path, _middle = _arc(place[source], place[target], above, lift=STEP)
    return Arrow(path, "automatic", name, "")


def _arc(begin: int, end: int, above: int, *, lift: int) -> tuple[str, tuple[int, int]]:
    """A rounded bracket: over the boxes on the way forward, under them on the way back."""
    forward = end > begin
    aside = (18 if forward else -18) + (8 if lift else 0)
    x1, x2 = _left(begin) + WIDTH // 2 + aside, _left(end) + WIDTH // 2 - aside
    height = _height(abs(end - begin)) + lift
    edge, sign = (above, -1) if forward else (above + HEIGHT, 1)
    near, far = edge + sign * 3, edge + sign * height
    bend = 10 if x2 > x1 else -10
    path = (
        f"M{x1} {near}V{far - sign * 10}Q{x1} {far} {x1 + bend} {far}"
        f"H{x2 - bend}Q{x2} {far} {x2} {far - sign * 10}V{near + sign * 6}"
    )
    return path, ((x1 + x2) // 2, far)


def _diamond(x: int, y: int, size: int) -> str:
    return f"M{x} {y - size}L{x + size} {y}L{x} {y + size}L{x - size} {y}Z"


def _words(pipeline: PipelineDef, automatic: Sequence[tuple[int, int, str]]) -> Iterable[str]:
    """The drawing for those who hear it."""
    names = {stage.id: stage.name for stage in pipeline.stages}
    for stage in pipeline.stages:
        targets = [other.name for other in pipeline.stages if other.id in pipeline.targets[stage.id]]
        words = {"stage": stage.name, "targets": ", ".join(targets)}
        yield _("%(stage)s: to %(targets)s") % words if targets else _("%(stage)s: nowhere") % words
    for gate in pipeline.gates:
        source = names[gate.source_id] if gate.source_id is not None else _("anywhere")
        yield _("Gate from %(source)s to %(target)s") % {"source": source, "target": names[gate.target_id]}
    for begin, end, name in automatic:
        yield _("By itself: %(source)s → %(target)s (%(name)s)") % {
            "source": names[begin],
            "target": names[end],
            "name": name,
        }
