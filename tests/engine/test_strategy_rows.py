"""What is told of a strategy names the market that it is about."""

from __future__ import annotations

import pytest

from kalshi_desk.core.strategy import Signal
from kalshi_desk.engine.strategy_rows import told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bid NO at 90c, worth 91.0c", "KXM-1: Bid NO at 90c, worth 91.0c"),
        ("KXM-1: fade the move", "KXM-1: fade the move"),
    ],
)
def test_a_signal_names_its_market_once(text: str, said: str) -> None:
    assert told(Signal(candidate="KXM-1", legs=(), text=text)) == said
