"""What the arbitrage strategy would have found in recorded books, counted by class.

A recording proves neither how old a book was nor how long an edge stood, so ages and
durations are not tested, and the report says so.  Prices recorded without sizes prove no
depth: one contract a leg is assumed, and what remains of an edge is ``DEPTH_UNKNOWN``,
never a candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kalshi_desk.core.strategy import MarketSnapshot, MarketView, ParameterValue, RelationGroup
from kalshi_desk.core.types import COUNT_SCALE, Count
from kalshi_desk.quant.candidates import Verdict
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage

ONE_CONTRACT = Count(COUNT_SCALE)
_ORDER = list(Verdict)
_NO_DURATION: dict[str, ParameterValue] = {"min_duration": 0}
_ONE_A_LEG: dict[str, ParameterValue] = {
    **_NO_DURATION,
    "min_count": 1,
    "min_net": 0.0,
    "slippage": 0.0,
    "min_profit": 0.01,
    "max_legs": 100,
    "hurdle": 0.0,
}


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Books taken at one moment, with what is known of how their markets settle.

    Without ``has_sizes`` only the prices of the levels count.
    """

    at_ns: int
    markets: Mapping[str, MarketSnapshot]
    groups: tuple[RelationGroup, ...]
    has_sizes: bool = True


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One group of one capture: its class, and the words and numbers of the test."""

    at_ns: int
    group: str
    verdict: Verdict
    text: str
    seen: str = ""
    needed: str = ""


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many groups fell into each class, and each that was more than no edge.

    ``cleared``: of those of unknown depth, how many would have paid their fees with one
    contract a leg.
    """

    captures: int
    markets: int
    counts: dict[Verdict, int]
    cleared: int
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """Return the report as people read it."""
        head = (
            f"{self.captures:,} captures, {self.markets:,} books,"
            f" {sum(self.counts.values()):,} groups looked at;"
            " ages and durations not tested: a recording proves neither."
        )
        found = [f"{verdict.value}: {count:,}" for verdict, count in self.counts.items()]
        if Verdict.DEPTH_UNKNOWN in self.counts:
            found.append(
                f"of unknown depth, {self.cleared:,} would pay their fees with one contract a leg"
            )
        return [head, *found]


def scan(captures: Iterable[Capture]) -> ScanReport:
    """Classify every group of every capture; classes in the order in which they are tested."""
    full, single = StaticArbitrage(_NO_DURATION), StaticArbitrage(_ONE_A_LEG)
    counts: Counter[Verdict] = Counter()
    findings: list[Finding] = []
    seen = books = cleared = 0
    for capture in captures:
        seen += 1
        books += len(capture.markets)
        if capture.has_sizes:
            found = _look(full, capture, capture.markets)
        else:
            bare = {name: _one_a_level(one) for name, one in capture.markets.items()}
            priced = _look(single, capture, bare)
            cleared += sum(one.verdict is Verdict.CANDIDATE for one in priced)
            found = [_of_unknown_depth(one) for one in priced]
        counts.update(one.verdict for one in found)
        findings += [one for one in found if one.verdict is not Verdict.NO_PRE_FEE_EDGE]
    return ScanReport(
        captures=seen,
        markets=books,
        counts={verdict: counts[verdict] for verdict in _ORDER if counts[verdict]},
        cleared=cleared,
        findings=tuple(findings),
    )


def _look(
    strategy: StaticArbitrage, capture: Capture, markets: Mapping[str, MarketSnapshot]
) -> Sequence[Finding]:
    view = MarketView(now_ns=capture.at_ns, markets=markets, groups=capture.groups)
    decision = strategy.decide(view)
    found = [
        Finding(
            at_ns=capture.at_ns,
            group=why.candidate,
            verdict=Verdict(why.code),
            text=why.text,
            seen=why.seen,
            needed=why.needed,
        )
        for why in decision.reasons
    ]
    found += [
        Finding(
            at_ns=capture.at_ns,
            group=signal.candidate,
            verdict=Verdict.CANDIDATE,
            text=signal.text,
        )
        for signal in decision.signals
    ]
    return found


def _one_a_level(snapshot: MarketSnapshot) -> MarketSnapshot:
    return msgspec.structs.replace(
        snapshot,
        bids=tuple((price, ONE_CONTRACT) for price, _ in snapshot.bids[:1]),
        asks=tuple((price, ONE_CONTRACT) for price, _ in snapshot.asks[:1]),
    )


def _of_unknown_depth(found: Finding) -> Finding:
    """Replace every class whose test needs sizes; those before it stand."""
    if _ORDER.index(found.verdict) < _ORDER.index(Verdict.DEPTH_UNKNOWN):
        return found
    text = "The prices were recorded without sizes. With one contract a leg: " + found.text
    return msgspec.structs.replace(found, verdict=Verdict.DEPTH_UNKNOWN, text=text)
