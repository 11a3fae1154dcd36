"""From a candidate and what its cell has shown to a signal: fade, breakout or momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log, sqrt

import msgspec
import numpy as np

from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.strategy import (
    Bar,
    MarketSnapshot,
    MarketView,
    ParameterValue,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import PRICE_SCALE, BookSide, Price, TimeInForce
from kalshi_desk.quant.calibration import horizon_of, recalibrate
from kalshi_desk.quant.costs import fee_rate, rule_at, unit_cost, unit_fee
from kalshi_desk.quant.gates import (
    MIN_EVENTS,
    MovementRecord,
    Shortfall,
    drift_shortfalls,
    reversion_shortfalls,
)
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.quant.volatility import ewma_variance, release_sd
from kalshi_desk.strategies.cells import EventMean, Slope, event_mean, pooled_mean, slope_of
from kalshi_desk.strategies.learning import BREAKOUT, EXCESS, FADE, cell_name
from kalshi_desk.strategies.looking import HOUR_NS, MINUTE_NS, cents, maker_rate, why
from kalshi_desk.strategies.moves import (
    CellRecord,
    Move,
    MoveAction,
    MoveRules,
    Verdict,
    is_breakout,
    judge,
    last_score,
    move_of,
)

MOMENTUM = "momentum"
RELATED = 0.5
"""So relevant an item may explain a move."""
_QUIET_CODES = frozenset({"no_move", "small_move"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A market that may be quoted: its book's touch, its complete hours, the time left."""

    snapshot: MarketSnapshot
    category: str
    bars: tuple[Bar, ...]
    bid: Price
    ask: Price
    middle: Price
    hours_left: float

    @property
    def has_moved(self) -> bool:
        """Whether the last hour changed the price at all."""
        return self.bars[-1].close != self.bars[-2].close


class Found(msgspec.Struct, frozen=True):
    """A signal with how strong it is beside others, and its category."""

    signal: Signal
    strength: float
    category: str


class Postures:
    """One look's answers; what cells have shown is worked out once a category."""

    def __init__(self, view: MarketView, values: Mapping[str, ParameterValue]) -> None:
        self._view = view
        self._values = values
        self._means: dict[str, EventMean] = {}
        self._slopes: dict[str, Slope] = {}
        self._newest = newest_news(view.news)

    def answer(
        self, candidate: Candidate, rules: MoveRules, *, is_ladder_still: bool
    ) -> Found | Verdict | Why:
        """Return a signal, or the row of the table or the reason that forbids one."""
        favourite = self._momentum(candidate, rules)
        if favourite is not None and not favourite.signal.unproven:
            return favourite
        verdict = self._table(candidate, rules, is_ladder_still)
        if isinstance(verdict, Verdict) and verdict.code in _QUIET_CODES:
            return favourite or verdict
        return verdict

    def _table(
        self, candidate: Candidate, rules: MoveRules, is_ladder_still: bool
    ) -> Found | Verdict | Why:
        if not candidate.has_moved:
            return Verdict(MoveAction.NONE, "no_move", "z 0.00", f"{rules.z_in:g}")
        since_ns = candidate.bars[-1].start_ns + HOUR_NS
        bar_left = candidate.hours_left + (self._view.now_ns - since_ns) / HOUR_NS
        spread = Price(candidate.ask - candidate.bid)
        # Most markets end here; what costs time is worked out for the others.
        z = last_score(candidate.bars, bar_left, spread)
        if not abs(z) >= rules.z_in:
            return Verdict(MoveAction.NONE, "no_move", f"z {z:.2f}", f"{rules.z_in:g}")
        move = move_of(
            candidate.bars,
            bar_left,
            spread,
            price=candidate.middle,
            is_ladder_still=is_ladder_still,
        )
        excess = self._mean(candidate.category, EXCESS)
        follow = self._mean(candidate.category, BREAKOUT)
        cell = CellRecord(
            events=excess.events,
            reversion_z=excess.z,
            # A z over few breakouts is no z: it counts from the number that proves any cell.
            continuation_z=follow.z if follow.events >= MIN_EVENTS else 0.0,
        )
        # The table's time to the close is the one at hand, not the one at the hour's end.
        move = msgspec.structs.replace(
            move,
            hours_left=candidate.hours_left,
            news_minutes=self._news_minutes(candidate, since_ns),
        )
        verdict = judge(move, cell, rules)
        if verdict.action is MoveAction.NONE:
            return verdict
        return self._on_move(candidate, move, verdict, rules)

    def _news_minutes(self, candidate: Candidate, hour_end_ns: int) -> float | None:
        """Return how long before the end of the move's hour there was news of the market."""
        seen_ns = self._newest.get(candidate.snapshot.market.ticker)
        return None if seen_ns is None else max(0.0, (hour_end_ns - seen_ns) / MINUTE_NS)

    def _on_move(
        self, candidate: Candidate, move: Move, verdict: Verdict, rules: MoveRules
    ) -> Found | Why:
        market, now_ns = candidate.snapshot.market, self._view.now_ns
        hour_ns = candidate.bars[-1].start_ns + HOUR_NS
        ttl_s = int(60 * self._number("ttl_minutes") - (now_ns - hour_ns) / 1_000_000_000)
        if ttl_s <= 0:
            seen = f"{(now_ns - hour_ns) / HOUR_NS * 60:.0f} min ago"
            needed = f"{self._number('ttl_minutes'):g} min"
            return why(market, "move_old", "The move is no longer fresh.", seen, needed)
        before = candidate.bars[-2].close
        kept = (candidate.middle - before) / PRICE_SCALE
        if kept * move.change < move.change * move.change / 2.0:
            needed = f"half of {100 * move.change:+.1f}c"
            text = "The price has gone back since."
            return why(market, "gone_back", text, f"{100 * kept:+.1f}c", needed)
        follows = is_breakout(move, rules)
        kind = BREAKOUT if follows else FADE
        side = BookSide.BID if (move.change > 0.0) == follows else BookSide.ASK
        price = _inside(candidate, side) if follows else _join(candidate, side)
        mean = self._mean(candidate.category, kind)
        unproven = self._missing(candidate, kind, verdict, mean)
        chance, error = self._expected(candidate, side, mean)
        edge = chance - self._cost(candidate, side, price)
        if not unproven and edge <= self._number("margin") / 100.0:
            return self._no_edge(candidate, edge)
        hours = self._number("breakout_hours" if follows else "fade_hours")
        verb = "Follow" if follows else "Fade"
        text = (
            f"{verb} {100 * move.change:+.1f}c in the last hour (z {move.z:.2f}, variance ratio "
            f"{move.variance_ratio:.2f}; {_measures(candidate)}): {_order_words(side, price)}"
        )
        signal = Signal(
            candidate=market.ticker,
            legs=(SignalLeg(ticker=market.ticker, side=side, price=price),),
            text=text,
            cell=cell_name(candidate.category, kind),
            probability=chance if mean.events > 1 else None,
            probability_sd=error,
            time_in_force=TimeInForce.GTC,
            post_only=True,
            ttl_s=ttl_s,
            variance_ratio=move.variance_ratio,
            hours_left=candidate.hours_left,
            # From the hour of the move, as it was measured; a later look moves it no further.
            holds_until_ns=hour_ns + round(hours * HOUR_NS),
            kelly_share=self._number("kelly"),
            unproven=unproven,
        )
        return Found(signal, abs(move.z), candidate.category)

    def _missing(
        self, candidate: Candidate, kind: str, verdict: Verdict, mean: EventMean
    ) -> tuple[Why, ...]:
        """Return what the cell still lacks before its signals may trade."""
        market = candidate.snapshot.market
        excess = self._mean(candidate.category, EXCESS)
        record = MovementRecord(events=excess.events, z=excess.z)
        if kind == FADE:
            failed = reversion_shortfalls(record)
        else:
            failed = tuple(one for one in reversion_shortfalls(record) if one.test == "events")
            if mean.z < self._number("cell_z"):
                failed += (Shortfall("continuation_z", mean.z, self._number("cell_z")),)
        if mean.events < MIN_EVENTS:
            failed += (Shortfall(f"{kind}_events", mean.events, MIN_EVENTS),)
        missing = tuple(_lacks(market.ticker, one) for one in failed)
        if not missing and verdict.action is MoveAction.SHADOW:
            return (
                Why(
                    candidate=market.ticker,
                    code=verdict.code,
                    text="Its cell is not proven.",
                    seen=verdict.seen,
                    needed=verdict.needed,
                ),
            )
        return missing

    def _momentum(self, candidate: Candidate, rules: MoveRules) -> Found | None:
        """Return a bid for the favourite where its corrected price pays, None where it doesn't."""
        market = candidate.snapshot.market
        slope = self._slope(candidate)
        if not slope.calibration.events:
            return None
        side = BookSide.BID if 2 * candidate.middle >= PRICE_SCALE else BookSide.ASK
        price = _join(candidate, side)
        middle = candidate.middle / PRICE_SCALE
        chance = float(recalibrate(middle, slope.calibration))
        # How the corrected price moves with the slope: p (1 - p) |logit|, times the belief in it.
        leverage = abs(log(middle / (1.0 - middle))) * slope.calibration.weight
        error = chance * (1.0 - chance) * leverage * slope.error
        chance = chance if side is BookSide.BID else 1.0 - chance
        edge = chance - self._cost(candidate, side, price)
        if edge <= self._number("margin") / 100.0:
            return None
        excess = self._mean(candidate.category, EXCESS)
        record = MovementRecord(events=excess.events, z=excess.z, slope_bound=slope.bound)
        unproven = tuple(_lacks(market.ticker, one) for one in drift_shortfalls(record))
        signal = Signal(
            candidate=market.ticker,
            legs=(SignalLeg(ticker=market.ticker, side=side, price=price),),
            text=(
                f"Favourite at {cents(candidate.middle)} should stand {100 * edge:.1f}c better "
                f"(slope {slope.calibration.slope:.2f}): {_order_words(side, price)}"
            ),
            cell=cell_name(candidate.category, MOMENTUM),
            probability=chance,
            probability_sd=error,
            time_in_force=TimeInForce.GTC,
            post_only=True,
            ttl_s=60 * int(self._number("ttl_minutes")),
            hours_left=candidate.hours_left,
            kelly_share=self._number("kelly"),
            unproven=unproven,
        )
        return Found(signal, 100.0 * edge, candidate.category)

    def _expected(
        self, candidate: Candidate, side: BookSide, mean: EventMean
    ) -> tuple[float, float]:
        """Return what the outcome bought should bring when its time is over, and the error.

        The measured change from the middle, less half the spread and the fee of an exit that
        takes.
        """
        market, middle = candidate.snapshot.market, candidate.middle / PRICE_SCALE
        held = middle if side is BookSide.BID else 1.0 - middle
        rate = fee_rate(rule_at(market.fee, self._view.now_ns), is_taker=True)
        way_out = (candidate.ask - candidate.bid) / PRICE_SCALE / 2.0 + unit_fee(middle, rate)
        return min(0.99, max(0.01, held + mean.mean - way_out)), mean.error

    def _cost(self, candidate: Candidate, side: BookSide, price: Price) -> float:
        """Return what one contract bought at a resting price costs in all, in dollars."""
        paid = (price if side is BookSide.BID else PRICE_SCALE - price) / PRICE_SCALE
        rate = maker_rate(candidate.snapshot.market, self._view.now_ns)
        return unit_cost(paid, rate) + self._number("adverse") / 100.0

    def _no_edge(self, candidate: Candidate, edge: float) -> Why:
        market = candidate.snapshot.market
        needed = f"more than {self._number('margin'):g}c"
        text = "What it should bring does not pay its costs."
        return why(market, "edge_below_cost", text, f"{100 * edge:.1f}c", needed)

    def _mean(self, category: str, kind: str) -> EventMean:
        cell = cell_name(category, kind)
        if cell not in self._means:
            observations = self._view.observations.get(cell, ())
            mean = event_mean if kind == EXCESS else pooled_mean
            self._means[cell] = mean(observations)
        return self._means[cell]

    def _slope(self, candidate: Candidate) -> Slope:
        horizon = horizon_of(candidate.hours_left)
        key = f"{candidate.category}|{horizon.value}"
        if key not in self._slopes:
            self._slopes[key] = slope_of(self._view.observations, candidate.category, horizon)
        return self._slopes[key]

    def _number(self, name: str) -> float:
        return float(self._values[name])


def newest_news(news: Iterable[NewsItem]) -> dict[str, int]:
    """Return for each market that an item is rather about than not when the newest was seen.

    Whichever way it points, or to how many markets: better leave a move alone than fade what
    news explains.
    """
    found: dict[str, int] = {}
    for item in news:
        for match in item.matches:
            if match.relevance >= RELATED:
                found[match.ticker] = max(item.first_seen_ns, found.get(match.ticker, 0))
    return found


def _join(candidate: Candidate, side: BookSide) -> Price:
    return candidate.bid if side is BookSide.BID else candidate.ask


def _inside(candidate: Candidate, side: BookSide) -> Price:
    """Return one tick better than the touch, the touch itself where that would trade."""
    grid = candidate.snapshot.market.grid
    if side is BookSide.BID:
        better = grid.up(candidate.bid)
        return better if better < candidate.ask else candidate.bid
    better = grid.down(candidate.ask)
    return better if better > candidate.bid else candidate.ask


def _order_words(side: BookSide, price: Price) -> str:
    if side is BookSide.BID:
        return f"bid YES at {cents(price)}"
    return f"bid NO at {cents(PRICE_SCALE - price)}"


def _measures(candidate: Candidate) -> str:
    """Say the hourly deviation that history shows and the one that the deadline implies."""
    changes = np.diff(clipped_logit([bar.close / PRICE_SCALE for bar in candidate.bars[:-1]]))
    middle = candidate.middle / PRICE_SCALE
    past = sqrt(ewma_variance(changes)) * middle * (1.0 - middle)
    implied = release_sd(middle, candidate.hours_left)
    return f"hourly sd {100 * past:.1f}c, {100 * implied:.1f}c implied"


def _lacks(ticker: str, one: Shortfall) -> Why:
    return Why(
        candidate=ticker,
        code="unproven",
        text=f"Its cell is not proven: {one.test.replace('_', ' ')}.",
        # Adding zero makes no "-0" of a negated nothing.
        seen=f"{one.seen + 0.0:.4g}",
        needed=f"{one.needed:.4g}",
    )
