"""The table of rules is whole: no rule without a test, and no test that is not there."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.exchange_rest import ASKED
from tests.conformance.exchange_stream import TOLD
from tests.conformance.gotchas import CLIENT
from tests.conformance.rules import Rule

ROOT = Path(__file__).parents[2]
CLAUSES = {1: 6, 2: 4, 3: 5, 4: 13, 5: 2, 6: 3, 7: 6, 8: 7, 9: 5, 10: 12, 11: 3, 12: 4}
"""How many clauses each rule of section 17 has."""
GOTCHAS = 30
EXCHANGE = (*ASKED, *TOLD)
TABLE = (*EXCHANGE, *CLIENT)


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the tests that a file defines, as their node ids name them."""
    found = set()
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            f"{prefix}{item.name}"
            for item in inside
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
            and item.name.startswith("test_")
        }
    return frozenset(found)


@pytest.mark.parametrize("held", TABLE, ids=lambda held: held.number)
def test_every_rule_names_tests_that_exist(held: Rule) -> None:
    assert held.words.endswith(".")
    assert held.tests
    assert len(set(held.tests)) == len(held.tests)
    for node in held.tests:
        path, _, name = node.partition("::")
        assert name in names_in(path), node


def test_every_rule_of_the_exchange_is_there_in_all_its_clauses() -> None:
    names = [held.number for held in EXCHANGE]
    assert len(set(names)) == len(names)
    found = Counter(int(re.fullmatch(r"17\.(\d+) \S.*", name)[1]) for name in names)  # type: ignore[index]
    assert dict(found) == CLAUSES


def test_every_mistake_of_client_authors_is_there() -> None:
    assert [held.number for held in CLIENT] == [f"18.{n}" for n in range(1, GOTCHAS + 1)]


@pytest.mark.arbiter
@pytest.mark.specs
def test_the_notes_have_no_rule_that_the_table_lacks() -> None:
    notes = (Path(os.environ["KALSHI_DESK_SPECS"]) / "api.md").read_text("utf-8")
    rules = re.findall(r"^(\d+)\. ", section(notes, 17), re.MULTILINE)
    mistakes = re.findall(r"^\| (\d+) \|", section(notes, 18), re.MULTILINE)
    assert [int(number) for number in rules] == list(CLAUSES)
    assert [int(number) for number in mistakes] == list(range(1, GOTCHAS + 1))


def section(notes: str, number: int) -> str:
    """Return the text of a section of the notes."""
    found = re.search(rf"^## {number}\. .*?(?=^## )", notes, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]
