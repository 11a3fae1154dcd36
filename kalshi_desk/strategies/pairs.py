"""Pairs: two related markets whose log-odds hung together and have come apart.

Shown only.  Each hour a slice of the pairs of one series or category is tested on hourly
closes (Engle-Granger both ways, Benjamini-Hochberg over the whole family), and a pair that
passes is looked at with the quotes of now.  A signal is two post-only legs in the ratio of
the hedge; it is no basket without risk.  What its entries brought is journaled by category
and tells whether the idea pays; orders for real it never becomes, since one leg could trade
without the other.
"""

from __future__ import annotations

from math import isfinite

from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Observation,
    PairMeasured,
    Parameter,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import PRICE_SCALE, BookSide, Count, TimeInForce
from kalshi_desk.quant.gates import SignalRecord, signal_shortfalls
from kalshi_desk.quant.logit import clipped_logit, sigmoid
from kalshi_desk.quant.pair_screens import (
    MAX_Q,
    MAX_SPREAD,
    PairFacts,
    pair_shortfalls,
)
from kalshi_desk.quant.pairs import TradedLeg, contract_ratio
from kalshi_desk.strategies.cells import pooled_mean
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.learning import cell_name, entry_cell, is_entry
from kalshi_desk.strategies.looking import HOUR_NS, cannot_quote, category_of, hours_left
from kalshi_desk.strategies.pair_measure import (
    Couple,
    Measured,
    closes_of,
    family,
    measure,
    q_values,
    slice_of,
)

PAIR = "pair"
STOP_HALF_LIVES = 3.0
_MOST_KEPT = 2_000
_TEXTS = {
    "q": "Too many pairs were tested for so weak a tie.",
    "hedge_ratio": "Its hedge is out of proportion.",
    "hours_to_close": "Too little time is left.",
    "half_life_hours": "It returns too fast or too slowly.",
    "z": "It has not come apart far enough.",
    "closure": "What it would win does not pay the costs.",
}


class Pairs(Strategy):
    """The pair screen, in shadow."""

    name = "pairs"
    title = "Pairs"
    help = (
        "Looks for two markets of a series or category whose log-odds hang together and have "
        "come apart; shown only until its entries have proven it."
    )
    parameters = (
        Parameter(
            name="min_deviation",
            default=0.05,
            low=0.01,
            high=0.5,
            unit="dollars",
            help="Least distance of a price from what the other market says",
        ),
        Parameter(
            name="least_hours",
            default=72,
            low=48,
            high=96,
            unit="hours",
            help="Fewest hourly closes that a pair is tested on",
        ),
        Parameter(
            name="tested",
            default=20,
            low=1,
            high=30,
            unit="pairs",
            help="Most pairs tested in an hour; the next hour tests the next ones",
        ),
        Parameter(
            name="quote_minutes",
            default=10.0,
            low=0.1,
            high=120.0,
            unit="minutes",
            help="Oldest quote",
        ),
        Parameter(
            name="contracts",
            default=10,
            low=1,
            high=1_000,
            unit="contracts",
            help="Contracts of the first leg",
        ),
    )

    # Results of a pure function by what it was given: they spare time and change no answer.
    _kept: dict[tuple[tuple[int, ...], tuple[int, ...]], Measured | None]

    def prepare(self) -> None:
        """Load the statistics, which takes longer than a look may."""
        rng = [5_000 + 37 * (n * n % 17) + 11 * n for n in range(48)]
        measure(tuple(rng), tuple(reversed(rng)))

    def decide(self, view: MarketView) -> Decision:
        """Return what has come apart, every pair measured, and why the others are left alone."""
        couples = family(view, self.whole("least_hours"))
        tested = slice_of(couples, view.now_ns, self.whole("tested"))
        found = [(couple, self._measure(couple)) for couple in tested]
        sound = [(couple, one) for couple, one in found if one is not None]
        qs = q_values([one.p_value for _, one in sound], len(couples))
        signals, reasons, rows = [], [], []
        for (couple, one), q in zip(sound, qs, strict=True):
            z = _z_of(couple, one)
            answer = self._answer(view, couple, one, q, z)
            if isinstance(answer, Signal):
                signals.append(answer)
            else:
                reasons.append(answer)
            rows.append(
                PairMeasured(
                    first=couple.first.market.ticker,
                    second=couple.second.market.ticker,
                    hours=one.hours,
                    beta=one.beta,
                    p_value=one.p_value,
                    is_found=q <= MAX_Q,
                    half_life_h=one.half_life_h if isfinite(one.half_life_h) else None,
                    z=z,
                    why_not="" if isinstance(answer, Signal) else _words(answer),
                )
            )
        reasons += [
            Why(
                candidate=couple.name,
                code="reverts_alone",
                text="One of its markets reverts by itself or hardly moves.",
                seen="no wanderer",
                needed="two that wander",
            )
            for couple, one in found
            if one is None
        ]
        return Decision(
            signals=tuple(signals),
            reasons=tuple(reasons),
            scanned=len(tested),
            pairs=tuple(rows),
        )

    def proof(self, view: MarketView) -> str:
        """Say how far the category with most entries is from being proven."""
        records = [
            (len(found), cell) for cell, found in view.observations.items() if is_entry(cell)
        ]
        if not records:
            return "No entry of a pair has come to its end yet."
        _, cell = max(records)
        record = record_of(view, cell)
        lacking = len(signal_shortfalls(record))
        return (
            f"{cell.rpartition('|')[0]}: {record.items} entries in {record.events} events, "
            f"t {record.t:+.2f}; {lacking} of 5 tests failed."
        )

    def _measure(self, couple: Couple) -> Measured | None:
        kept = self.__dict__.setdefault("_kept", {})
        key = (closes_of(couple.first.bars), closes_of(couple.second.bars))
        if key not in kept:
            while len(kept) >= _MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[key] = measure(*key)
        found: Measured | None = kept[key]
        return found

    def _answer(
        self, view: MarketView, couple: Couple, one: Measured, q: float, z: float | None
    ) -> Signal | Why:
        """Return the signal of a pair, or the first reason against it."""
        if q > MAX_Q:
            return _why(couple, "q", f"q {q:.2f}", f"at most {MAX_Q:g}")
        for leg in (couple.first, couple.second):
            cannot = cannot_quote(leg, view.now_ns, self.number("quote_minutes"))
            if cannot is not None:
                return Why(
                    candidate=couple.name,
                    code=cannot.code,
                    text=f"{leg.market.ticker}: {cannot.text}",
                    seen=cannot.seen,
                    needed=cannot.needed,
                )
            spread = _quotes(leg)[1]
            if spread > MAX_SPREAD + 1e-9:
                seen, needed = f"{100 * spread:.1f}c", f"at most {100 * MAX_SPREAD:g}c"
                return _why(couple, "spread", seen, needed, f"{leg.market.ticker} is too wide.")
        if z is None:
            return _why(couple, "half_life_hours", "never", "a return", "It does not return.")
        (price, spread), (other, other_spread) = _quotes(couple.first), _quotes(couple.second)
        fair = float(sigmoid(one.alpha + one.beta * float(clipped_logit(other))))
        ratio = contract_ratio(one.beta, price, other)
        times = [hours_left(leg.market, view.now_ns) for leg in (couple.first, couple.second)]
        left = min((time for time in times if time is not None), default=0.0)
        facts = PairFacts(
            q=q,
            beta=one.beta,
            half_life_hours=one.half_life_h,
            hours_to_close=left,
            z=z,
            sd=one.sd,
            legs=(TradedLeg(price, spread), TradedLeg(other, other_spread, abs(ratio))),
        )
        for failed in pair_shortfalls(facts):
            bound = "at most" if failed.seen > failed.needed else "at least"
            return _why(couple, failed.test, f"{failed.seen:.2f}", f"{bound} {failed.needed:.2f}")
        least = self.number("min_deviation")
        if abs(price - fair) < least:
            seen = f"{100 * abs(price - fair):.1f}c"
            text = "Its price is near what the other market says."
            return _why(couple, "deviation", seen, f"at least {100 * least:g}c", text)
        return self._signal(view, couple, one, z, ratio, left)

    def _signal(
        self,
        view: MarketView,
        couple: Couple,
        one: Measured,
        z: float,
        ratio: float,
        left: float,
    ) -> Signal:
        cell = cell_name(category_of(view, couple.first.market), PAIR)
        is_sold = z > 0.0
        contracts = self.whole("contracts")
        legs = (
            _leg(couple, True, is_sold, contracts),
            # What moves with the first is bought where that is sold, and the other way round.
            _leg(couple, False, is_sold == (one.beta < 0.0), max(1, round(contracts * abs(ratio)))),
        )
        words = " and ".join(
            f"{'buy' if leg.side is BookSide.BID else 'sell'} {leg.count // 100} "
            f"{leg.ticker} at {leg.price / 100:g}c"
            for leg in legs
        )
        text = f"Came apart (z {z:+.2f}, half-life {one.half_life_h:.1f} h): {words}, as maker"
        return Signal(
            candidate=couple.name,
            legs=legs,
            text=text,
            cell=cell,
            time_in_force=TimeInForce.GTC,
            post_only=True,
            ttl_s=1_800,
            holds_until_ns=view.now_ns + round(STOP_HALF_LIVES * one.half_life_h * HOUR_NS),
            hours_left=left,
            unproven=tuple(
                Why(
                    candidate=couple.name,
                    code="unproven",
                    text=f"Its category's entries have not proven it: {failed.test}.",
                    seen=f"{failed.seen:.4g}",
                    needed=f"{failed.needed:.4g}",
                )
                for failed in signal_shortfalls(record_of(view, entry_cell(cell)))
            ),
        )


def record_of(view: MarketView, cell: str) -> SignalRecord:
    """Return what the entries of a cell brought; its q counts every cell of entries.

    The t out of sample is that of the newest third of the entries.
    """
    entries = sorted(view.observations.get(cell, ()), key=lambda one: one.at_ns)
    found = pooled_mean(entries)
    names = [name for name, kept in view.observations.items() if kept and is_entry(name)]
    qs = q_values([_p_value(view.observations[name]) for name in names], max(1, len(names)))
    q = qs[names.index(cell)] if cell in names else 1.0
    # Losing for sure proves nothing to trade on.
    newest = pooled_mean(entries[len(entries) * 2 // 3 :])
    return SignalRecord(
        items=len(entries),
        events=found.events,
        t=max(found.z, 0.0),
        q=q,
        out_of_sample_t=newest.z,
    )


def _p_value(entries: tuple[Observation, ...]) -> float:
    from statistics import NormalDist

    return NormalDist().cdf(-pooled_mean(entries).z)


def _quotes(leg: MarketSnapshot) -> tuple[float, float]:
    """Return middle and spread of a two-sided book, in dollars."""
    bid, ask = leg.bids[0][0], leg.asks[0][0]
    return (bid + ask) / 2 / PRICE_SCALE, (ask - bid) / PRICE_SCALE


def _z_of(couple: Couple, one: Measured) -> float | None:
    """Return how many deviations the pair is apart now, None without quotes or a return."""
    legs = (couple.first, couple.second)
    if (
        not isfinite(one.sd)
        or not one.sd > 0.0
        or any(not leg.bids or not leg.asks for leg in legs)
    ):
        return None
    price, other = (float(clipped_logit(_quotes(leg)[0])) for leg in legs)
    return (price - one.alpha - one.beta * other) / one.sd


def _leg(couple: Couple, is_first: bool, is_sold: bool, contracts: int) -> SignalLeg:
    snapshot = couple.first if is_first else couple.second
    level = (snapshot.asks if is_sold else snapshot.bids)[0]
    return SignalLeg(
        ticker=snapshot.market.ticker,
        side=BookSide.ASK if is_sold else BookSide.BID,
        price=level[0],
        count=Count(100 * contracts),
    )


def _why(couple: Couple, code: str, seen: str, needed: str, text: str = "") -> Why:
    return Why(
        candidate=couple.name, code=code, text=text or _TEXTS[code], seen=seen, needed=needed
    )


def _words(why: Why) -> str:
    return f"{why.text} {why.seen}, needed {why.needed}"
