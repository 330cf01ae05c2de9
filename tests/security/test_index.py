"""The index of leaks names tests that exist."""

import ast
import re
from pathlib import Path

import tests.security

ROOT = Path(__file__).parents[2]


def test_every_leak_of_the_index_has_its_tests() -> None:
    named = re.findall(r"(tests/\S+\.py)::(\w+)", tests.security.__doc__ or "")
    found = {file: _tests_in(ROOT / file) for file, _test in named}
    assert len(named) > 25
    assert [(file, test) for file, test in named if test not in found[file]] == []


def _tests_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
