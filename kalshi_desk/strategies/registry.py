"""The strategies that come with the desk, by name; each module is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module

from kalshi_desk.strategies.contract import Strategy

BUILT_IN: dict[str, tuple[str, str]] = {
    "arbitrage": ("kalshi_desk.strategies.static_arbitrage", "StaticArbitrage"),
    "volatility": ("kalshi_desk.strategies.volatility", "Volatility"),
    "harvester": ("kalshi_desk.strategies.harvester", "Harvester"),
    "news": ("kalshi_desk.strategies.news", "News"),
    "pairs": ("kalshi_desk.strategies.pairs", "Pairs"),
}
"""Module and class of each."""

ALIASES = {
    "arbitrage_strategy": "arbitrage",
    "volatility_strategy": "volatility",
    "sentiment_strategy": "news",
}


def load(name: str) -> type[Strategy]:
    """Return a built-in strategy's class; raises ``KeyError`` for a name that is none."""
    module, attribute = BUILT_IN[ALIASES.get(name, name)]
    found: type[Strategy] = getattr(import_module(module), attribute)
    return found
