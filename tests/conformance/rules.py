"""What the tables of rules are made of: a rule and the tests that hold it.

Numbers are those of sections 17 (rules of the practice exchange) and 18 (what client authors
got wrong) of the notes on the API; each rule of section 17 is split into its clauses.
``test_rules.py`` proves that every test named exists and that no rule is without one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in our words with the node ids of the tests that fail when it is broken."""

    number: str
    words: str
    tests: tuple[str, ...]


def rule(name: str, words: str, *tests: str) -> Rule:
    """Return a rule named by its number and clause; tests are below ``tests/``."""
    return Rule(name, words, tuple(f"tests/{test}" for test in tests))
