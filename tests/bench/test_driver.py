"""The comparison runs from end to end and compares equal work; it asserts no times."""

import json
from pathlib import Path

import pytest

from bench.driver import agreement
from bench.driver.__main__ import main
from bench.driver.plan import WORKS, Plan
from bench.driver.report import SIDES
from bench.workload import FIELDS, sample

TINY = (
    *("--size", "20", "--rounds", "1", "--requests", "2", "--records", "4", "--singles", "2"),
    *("--throw-away", "--no-idle"),
)


def test_driver_measures_every_work_of_every_side_and_both_apps_agree(tmp_path: Path) -> None:
    found = main([*TINY, "--results", str(tmp_path)])
    assert found["agreed"] == 14  # seven answers each, before and after the rounds
    assert set(found["works"]) == {work.label for work in WORKS}
    for sides in found["works"].values():
        assert {side: len(rounds) for side, rounds in sides.items()} == dict.fromkeys(SIDES, 1)
        assert len({rounds[0]["units"] for rounds in sides.values()}) == 1
    assert set(found["statements"]["ours"]) == set(found["statements"]["reference"])
    assert found["robots"]["runs"] == 4 * 3
    (figures,) = tmp_path.glob("*.json")
    assert json.loads(figures.read_text())["size"] == 20
    assert "| create@8 |" in figures.with_suffix(".md").read_text()


def test_agreement_refuses_different_answers() -> None:
    with pytest.raises(agreement.Disagreement, match="board: 1 here, 2 there"):
        agreement._all_equal(("list", 1, 1), ("board", 1, 2))


def test_every_move_of_the_plan_goes_to_another_stage() -> None:
    plan = Plan(20)
    stages = {number: sample(number).stage for number in range(1, 21)}
    move = next(work for work in WORKS if work.name == "move")
    for number, key in [pair for _round in range(3) for pair in plan.pieces(move, 30)]:
        assert key != stages[number]
        stages[number] = key  # type: ignore[assignment]


def test_samples_of_a_number_are_always_the_same_and_fill_every_field() -> None:
    assert sample(7) == sample(7)
    assert list(sample(7).values) == [key for key, _kind in FIELDS]
