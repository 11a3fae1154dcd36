"""``kalshi-desk strategy new NAME``: a commented strategy of one's own, and its test."""

from __future__ import annotations

import keyword
from string import Template

from kalshi_desk.core.errors import Refuse
from kalshi_desk.store.paths import Home
from kalshi_desk.strategies.registry import ALIASES, BUILT_IN

_LONGEST = 40

_STRATEGY = Template(
    '''"""$title: one sentence on what it does and why it should earn anything."""

from kalshi_desk.core.strategy import Decision, MarketView, Parameter, Signal, SignalLeg, Why
from kalshi_desk.core.types import BookSide, TimeInForce
from kalshi_desk.strategies.contract import Strategy


class $kind(Strategy):
    # The desk, the settings file and the journal know the strategy by this word.
    name = "$name"
    title = "$title"
    help = "Bids for YES where the spread is wide; an example that proves nothing."
    # Each parameter can be changed on the Strategies screen; the default fixes its type.
    parameters = (
        Parameter(
            name="min_spread",
            default=4,
            help="Spread that is worth a bid",
            low=1,
            high=50,
            unit="cents",
        ),
    )

    def decide(self, view: MarketView) -> Decision:
        # Called about once a minute with the markets as of view.now_ns. Look at nothing else:
        # no clock, no file, no network. It has one second; in an error it is switched off.
        signals, reasons = [], []
        for ticker, market in view.markets.items():
            if not market.is_fresh or market.bid is None or market.ask is None:
                continue
            # Prices are whole numbers of 1/10,000 dollar: 100 is one cent.
            spread = (market.ask - market.bid) // 100
            if spread < self.whole("min_spread"):
                # One reason for each candidate left alone; the screen counts them.
                reasons.append(
                    Why(
                        candidate=ticker,
                        code="spread",
                        text="the spread is too small",
                        seen=f"{spread}c",
                        needed=f"{self.whole('min_spread')}c",
                    )
                )
                continue
            signals.append(
                Signal(
                    candidate=ticker,
                    # A count of 0 lets the desk size it by Kelly from the probability.
                    legs=(SignalLeg(ticker=ticker, side=BookSide.BID, price=market.bid),),
                    text=f"bid {market.bid / 100:g}c under an offer of {market.ask / 100:g}c",
                    probability=(market.bid + market.ask) / 20_000,
                    probability_sd=0.05,
                    time_in_force=TimeInForce.GTC,
                    post_only=True,
                    ttl_s=300,
                )
            )
        return Decision(signals=tuple(signals), reasons=tuple(reasons), scanned=len(view.markets))
'''
)

_TEST = Template('''"""Run with: python -m pytest $path"""

import importlib.util
from pathlib import Path

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import MarketSnapshot, MarketView
from kalshi_desk.core.types import Count, Price

SPEC = importlib.util.spec_from_file_location("$name", Path(__file__).with_name("$name.py"))
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)


def view(bid: int, ask: int) -> MarketView:
    market = MarketSnapshot(
        market=Market(ticker="A"),
        bids=((Price(bid), Count(1_000)),),
        asks=((Price(ask), Count(1_000)),),
        is_fresh=True,
    )
    return MarketView(now_ns=0, markets={"A": market})


def test_wide_spread_gives_a_signal():
    decision = MODULE.$kind().decide(view(4_000, 5_000))
    assert [signal.candidate for signal in decision.signals] == ["A"]


def test_narrow_spread_gives_a_reason():
    decision = MODULE.$kind().decide(view(4_000, 4_100))
    assert not decision.signals
    assert [(why.code, why.seen, why.needed) for why in decision.reasons] == [
        ("spread", "1c", "4c")
    ]
''')


def write(home: Home, name: str) -> str:
    """Write the two files and return what to tell; raises ``Refuse`` and writes nothing."""
    if not name.isidentifier() or not name.islower() or len(name) > _LONGEST:
        raise Refuse(
            f'"{name}" can\'t name a strategy.',
            code="usage",
            todo="Take one word of small letters, such as: kalshi-desk strategy new wide_spread",
        )
    if name in BUILT_IN or name in ALIASES or keyword.iskeyword(name) or name == "new":
        raise Refuse(f'The name "{name}" is taken.', code="usage", todo="Take another word.")
    folder = home.strategies
    strategy, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (strategy, test):
        if path.exists():
            raise Refuse(
                f"{path} exists already; it was left as it is.", code="exists", todo="Edit it."
            )
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "kind": "".join(part.capitalize() for part in name.split("_")),
        "path": str(test),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strategy.write_text(_STRATEGY.substitute(words), "utf-8")
        test.write_text(_TEST.substitute(words), "utf-8")
    except OSError as error:
        raise Refuse(
            f"{folder} can't be written: {error.strerror}.",
            code="unwritable",
            todo="Give yourself permission to write there, or choose another folder with --home.",
        ) from error
    return (
        f"Wrote {strategy} and {test}.\n"
        f"Try it: python -m pytest {test}\n"
        f"The engine loads it at its next start; it begins in mode shadow, which sends nothing."
    )
