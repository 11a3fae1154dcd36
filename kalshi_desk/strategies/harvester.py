"""Maker harvester: rest on the favourite's side, on either outcome, and never take.

Sources: Bürgi, Deng and Whelan 2026 and Becker 2026 on who wins at which price; the side of
the maker is the only one with broad published support.  What proves it here is the markout
half an hour after simulated fills that nobody watched: adverse fills show in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Parameter,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import CENT, PRICE_SCALE, BookSide, Price, TimeInForce
from kalshi_desk.quant.calibration import (
    Horizon,
    horizon_of,
    hurdle_probability,
    recalibrate,
)
from kalshi_desk.quant.costs import unit_cost
from kalshi_desk.quant.gates import (
    MIN_FILL_EVENTS,
    MIN_FILLS,
    MIN_MARKOUT_T,
    MakerRecord,
    maker_shortfalls,
)
from kalshi_desk.strategies.cells import Slope, maker_record, slope_of
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.learning import CALIBRATION, NO_CATEGORY
from kalshi_desk.strategies.looking import (
    cannot_quote,
    category_of,
    cents,
    hours_left,
    maker_rate,
    why,
)


@dataclass(frozen=True, slots=True)
class _Quote:
    """The favourite's side of a book: what one contract of it is bid and its middle."""

    side: BookSide
    price: Price
    paid: float
    middle: float


class Harvester(Strategy):
    """Post-only bids for favourites from 70 to 97 cents, YES and NO alike."""

    name = "harvester"
    title = "Maker harvester"
    help = (
        "Rests bids on favourites and on NO of longshots; shown only until simulated fills "
        "have kept their value for half an hour."
    )
    parameters = (
        Parameter(
            name="price_low", default=70.0, low=50.0, high=95.0, unit="c", help="Lowest favourite"
        ),
        Parameter(
            name="price_high", default=97.0, low=60.0, high=99.0, unit="c", help="Highest favourite"
        ),
        Parameter(
            name="spread_max", default=6.0, low=1.0, high=10.0, unit="c", help="Widest spread"
        ),
        Parameter(
            name="minutes_min",
            default=60.0,
            low=60.0,
            high=10_080.0,
            unit="minutes",
            help="Least time to the deadline",
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
            name="skip",
            default="Sports",
            help="Categories left alone, with commas between: sports show no such bias",
        ),
        Parameter(
            name="adverse",
            default=0.5,
            low=0.0,
            high=10.0,
            unit="c",
            help="Cost of being picked off, per contract",
        ),
        Parameter(
            name="margin", default=0.0, low=0.0, high=20.0, unit="c", help="Least edge after costs"
        ),
        Parameter(
            name="hurdle",
            default=0.05,
            low=0.0,
            high=1.0,
            unit="a year",
            help="Least return on money locked up until the deadline",
        ),
        Parameter(
            name="ttl_minutes",
            default=30,
            low=1,
            high=240,
            unit="minutes",
            help="How long an order may rest",
        ),
        Parameter(name="kelly", default=0.10, low=0.01, high=0.25, help="Share of the Kelly stake"),
    )

    def decide(self, view: MarketView) -> Decision:
        """Return one post-only bid for each favourite that pays, one reason for the others."""
        look = _Look(view, self)
        answers = [look.answer(snapshot) for snapshot in view.markets.values()]
        return Decision(
            signals=tuple(answer for answer in answers if isinstance(answer, Signal)),
            reasons=tuple(answer for answer in answers if isinstance(answer, Why)),
            scanned=len(view.markets),
        )

    def proof(self, view: MarketView) -> str:
        """Say how far the category with most simulated fills is from its proof."""
        records = [
            (maker_record(observations), cell)
            for cell, observations in view.observations.items()
            if f"|{CALIBRATION}" not in cell
        ]
        if not records:
            return "No simulated fill has been marked out yet."
        best, category = max(records, key=lambda found: (found[0].fills, found[1]))
        return (
            f"{category}: {best.fills} of {MIN_FILLS} simulated fills in {best.events} of "
            f"{MIN_FILL_EVENTS} events, markout {100 * best.mean_markout:+.2f}c, t {best.t:.2f} "
            f"of {MIN_MARKOUT_T:g}."
        )


class _Look:
    """One look: what cells have shown is worked out once."""

    def __init__(self, view: MarketView, harvester: Harvester) -> None:
        self._view = view
        self._number = harvester.number
        self._skipped = {
            word.strip().lower() for word in str(harvester.values["skip"]).split(",") if word
        }
        self._records: dict[str, MakerRecord] = {}
        self._slopes: dict[tuple[str, Horizon], Slope] = {}

    def answer(self, snapshot: MarketSnapshot) -> Signal | Why:
        market, now_ns = snapshot.market, self._view.now_ns
        cannot = cannot_quote(snapshot, now_ns, self._number("quote_minutes"))
        if cannot is not None:
            return cannot
        left = hours_left(market, now_ns)
        if left is None:
            return why(market, "no_deadline", "Nobody says when it ends.", "none", "a deadline")
        if 60.0 * left < self._number("minutes_min"):
            needed = f"{self._number('minutes_min'):g} min"
            text = "Too little time is left."
            return why(market, "near_close", text, f"{60.0 * left:.0f} min", needed)
        category = category_of(self._view, market)
        if category.lower() in self._skipped:
            text = "Favourites of its category are priced fairly."
            return why(market, "skipped_category", text, category, "another")
        quote = self._quote(snapshot)
        if isinstance(quote, Why):
            return quote
        return self._bid(market, category or NO_CATEGORY, left, quote)

    def _quote(self, snapshot: MarketSnapshot) -> _Quote | Why:
        market = snapshot.market
        bid, ask = snapshot.bids[0][0], snapshot.asks[0][0]
        widest = self._number("spread_max")
        if ask - bid > widest * CENT:
            seen, needed = cents(ask - bid), f"at most {widest:g}c"
            return why(
                market, "spread", "Its spread is wide: nobody knows its price.", seen, needed
            )
        middle = (bid + ask) / 2 / PRICE_SCALE
        if middle >= 0.5:
            quote = _Quote(BookSide.BID, bid, bid / PRICE_SCALE, middle)
        else:
            quote = _Quote(BookSide.ASK, ask, (PRICE_SCALE - ask) / PRICE_SCALE, 1.0 - middle)
        low, high = self._number("price_low"), self._number("price_high")
        # In whole hundredths of a cent: 97 cents are inside, whatever a float makes of them.
        paid = round(quote.paid * PRICE_SCALE)
        if not low * CENT <= paid <= high * CENT:
            text = "Neither outcome is a favourite at its price."
            return why(market, "price_band", text, cents(paid), f"{low:g}c to {high:g}c")
        return quote

    def _bid(self, market: Market, category: str, left: float, quote: _Quote) -> Signal | Why:
        slope = self._slope(category, horizon_of(left))
        chance, error = _corrected(quote, slope)
        rate = maker_rate(market, self._view.now_ns)
        adverse, margin = self._number("adverse") / 100.0, self._number("margin") / 100.0
        edge = chance - unit_cost(quote.paid, rate) - adverse
        if edge <= margin + 1e-9:
            text, needed = "Its bid would not pay its costs.", f"more than {100 * margin:g}c"
            return why(market, "edge_below_cost", text, f"{100 * edge:.2f}c", needed)
        least = hurdle_probability(quote.paid, left / 24.0, self._number("hurdle"), rate)
        if chance - adverse < least:
            text = "Money would be locked up for too little."
            return why(market, "lock_up", text, f"{chance - adverse:.4f}", f"{least:.4f}")
        outcome = "YES" if quote.side is BookSide.BID else "NO"
        return Signal(
            candidate=market.ticker,
            legs=(SignalLeg(ticker=market.ticker, side=quote.side, price=quote.price),),
            text=(
                f"Bid {outcome} at {100 * quote.paid:g}c, worth {100 * chance:.1f}c: "
                f"{100 * edge:.2f}c after costs"
            ),
            cell=category,
            probability=chance,
            probability_sd=error,
            time_in_force=TimeInForce.GTC,
            post_only=True,
            ttl_s=60 * int(self._number("ttl_minutes")),
            hours_left=left,
            kelly_share=self._number("kelly"),
            unproven=self._missing(market, category),
        )

    def _missing(self, market: Market, category: str) -> tuple[Why, ...]:
        if category not in self._records:
            self._records[category] = maker_record(self._view.observations.get(category, ()))
        return tuple(
            Why(
                candidate=market.ticker,
                code="unproven",
                text=f"Simulated fills have not proven its category: {failed.test}.",
                seen=f"{failed.seen:.4g}",
                needed=f"{failed.needed:.4g}",
            )
            for failed in maker_shortfalls(self._records[category])
        )

    def _slope(self, category: str, horizon: Horizon) -> Slope:
        key = (category, horizon)
        if key not in self._slopes:
            self._slopes[key] = slope_of(self._view.observations, category, horizon)
        return self._slopes[key]


def _corrected(quote: _Quote, slope: Slope) -> tuple[float, float]:
    """Return the favourite's corrected probability and its error from that of the slope.

    The correction is of YES prices; for NO it is turned round.  Nothing measured, nothing
    corrected.
    """
    if not slope.calibration.events:
        return quote.middle, 0.0
    yes = quote.middle if quote.side is BookSide.BID else 1.0 - quote.middle
    chance = float(recalibrate(yes, slope.calibration))
    leverage = abs(log(yes / (1.0 - yes))) * slope.calibration.weight
    error = chance * (1.0 - chance) * leverage * slope.error
    return (chance if quote.side is BookSide.BID else 1.0 - chance), error
