"""Places in a column: what is dropped between two cards stands there, however often that happens."""

from itertools import pairwise

import psycopg
import pytest
from fractional_indexing import generate_key_between

from core.actor import SYSTEM
from core.errors import Conflict
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from records.operations import create_record, move_record
from records.operations.ranks import LONGEST, SHORT
from records.typed import model_for
from tests import stack as stack_module
from tests.factories import make_process

CROWD, DROPS = 40, 12


def column(process: Process) -> list[tuple[str, int]]:
    """(rank, id) of the first column, from the top."""
    rows = model_for(definition_of(process)).objects.order_by("position", "record_id")
    return list(rows.values_list("position", "record_id"))


def crowded(process: Process, *, below: bool) -> tuple[int, list[int]]:
    """A card, and those that were dropped right below (or above) it, the last ones with ranks almost too long."""
    top, *crowd, bottom = (
        create_record(process, values={"title": f"R{number}"}, actor=SYSTEM).pk for number in range(CROWD + 2)
    )
    rows = model_for(definition_of(process)).objects
    upper, lower = "a0", "a1"
    rows.filter(pk=top).update(position=upper)
    rows.filter(pk=bottom).update(position=lower)
    ranks = []
    while len(ranks) < CROWD or len(ranks[-1]) <= LONGEST:
        ranks.append(generate_key_between(upper, lower))
        upper, lower = (upper, ranks[-1]) if below else (ranks[-1], lower)
    for card, rank in zip(crowd, ranks[-CROWD:], strict=True):
        rows.filter(pk=card).update(position=rank)
    return (top if below else bottom), [card for _rank, card in column(process)]


@pytest.mark.django_db
@pytest.mark.parametrize("below", [True, False], ids=["below", "above"])
def test_drops_at_one_card_find_room_again_and_again(below: bool) -> None:
    process = make_process()
    anchor, before = crowded(process, below=below)
    dropped = []
    for _drop in range(DROPS):
        card = create_record(process, values={"title": "new"}, actor=SYSTEM).pk
        place = {"after" if below else "before": anchor}
        move_record(process, card, to="received", actor=SYSTEM, **place)
        dropped.append(card)
        order = [card for _rank, card in column(process)]
        assert order[order.index(anchor) + (1 if below else -1)] == card
    ranks = [rank for rank, _card in column(process)]
    assert all(one < next_ for one, next_ in pairwise(ranks))
    assert max(map(len, ranks)) < 2 * SHORT
    assert [card for _rank, card in column(process) if card not in dropped] == before
    assert Event.objects.filter(kind="record.reordered").count() == DROPS


def test_drop_where_others_write_is_refused_and_changes_nothing(committed: None) -> None:
    process = make_process()
    anchor, _order = crowded(process, below=True)
    before = column(process)
    locked = before[2][1]
    with psycopg.connect(stack_module.test_database_url()) as other:
        other.execute(f"SELECT 1 FROM records_p{process.pk} WHERE id = %s FOR UPDATE", [locked])
        with pytest.raises(Conflict):
            move_record(process, before[-1][1], to="received", after=anchor, actor=SYSTEM)
        assert column(process) == before
    move_record(process, before[-1][1], to="received", after=anchor, actor=SYSTEM)
    assert column(process)[1][1] == before[-1][1]
