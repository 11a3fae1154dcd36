"""Volatility: fade moves that were too large, follow those that were too small.

Four postures, each only where its cell's settled events have proven it, all post-only:

* fade: against the last hour's move in a lively market, ended after a day;
* breakout: with a move on volume out of a quiet stretch, ended after half a day;
* momentum: the favourite side where prices are measured to drift to the ends, held to
  settlement;
* nothing, with the row of the decision table that says so.

Until a cell is proven its signals say what is missing.  The move is that of the last
complete hour, and it is acted on in the half hour after it.  A move is left alone when an item
of news named its market within ``news_minutes`` before the hour was over, or since.
"""

from __future__ import annotations

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Parameter,
    Signal,
    Why,
)
from kalshi_desk.core.types import Price
from kalshi_desk.strategies.cells import event_mean
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.learning import is_excess
from kalshi_desk.strategies.looking import HOUR_NS, cannot_quote, category_of, hours_left, why
from kalshi_desk.strategies.moves import LEAST_WINDOW, MOST_WINDOW, MoveRules, Verdict, standing
from kalshi_desk.strategies.postures import Candidate, Found, Postures
from kalshi_desk.strategies.rungs import is_ladder_still, ladders_of

_TEXTS = {
    "spread": "Its spread costs more than a move is worth.",
    "near_close": "Too little time is left.",
    "price_band": "Its price is too near to an end.",
    "no_move": "The last hour's move was an ordinary one.",
    "small_move": "The last hour's move was small in cents.",
    "news_explains_move": "News explains the move.",
    "bad_tick": "One print made the move.",
    "ladder_still": "The neighbouring strikes did not move.",
    "cell_small": "Too few events of its category have settled.",
    "breakout_unproven": "Following breakouts is not proven in its category.",
    "no_proven_direction": "Neither following nor fading is proven.",
}


class Volatility(Strategy):
    """Decision table C of moves, and favourites where they are measured to drift."""

    name = "volatility"
    title = "Volatility"
    help = (
        "Fades or follows hourly moves, and buys favourites that drift, where settled events "
        "have proven it; shown only until then."
    )
    parameters = (
        Parameter(name="z_in", default=3.0, low=1.0, high=10.0, unit="sd", help="Least move"),
        Parameter(
            name="min_move",
            default=0.10,
            low=0.01,
            high=0.50,
            unit="dollars",
            help="Least move in dollars within the hour, besides z_in",
        ),
        Parameter(
            name="window",
            default=24,
            low=LEAST_WINDOW,
            high=MOST_WINDOW,
            unit="hours",
            help="Hours before the move that say whether the market was quiet",
        ),
        Parameter(
            name="quiet", default=0.25, low=0.0, high=1.0, help="Variance ratio that is quiet"
        ),
        Parameter(
            name="volume_multiple",
            default=3.0,
            low=1.0,
            high=50.0,
            help="Volume of a breakout, in usual hours",
        ),
        Parameter(
            name="spread_max", default=3.0, low=1.0, high=10.0, unit="c", help="Widest spread"
        ),
        Parameter(
            name="hours_min",
            default=24.0,
            low=1.0,
            high=720.0,
            unit="hours",
            help="Least time to the deadline",
        ),
        Parameter(
            name="band_low", default=8.0, low=1.0, high=50.0, unit="c", help="Lowest YES price"
        ),
        Parameter(
            name="band_high", default=92.0, low=50.0, high=99.0, unit="c", help="Highest YES price"
        ),
        Parameter(
            name="news_minutes",
            default=60.0,
            low=0.0,
            high=1_440.0,
            unit="minutes",
            help="So long before the end of a move's hour no news may name its market",
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
            name="cell_events",
            default=200,
            low=200,
            high=100_000,
            help="Settled events that prove a cell",
        ),
        Parameter(name="cell_z", default=3.0, low=3.0, high=10.0, help="Least z of a proven cell"),
        Parameter(
            name="ttl_minutes",
            default=30,
            low=1,
            high=60,
            unit="minutes",
            help="How long after the hour an order may rest",
        ),
        Parameter(
            name="fade_hours", default=24.0, low=1.0, high=168.0, unit="hours", help="End of a fade"
        ),
        Parameter(
            name="breakout_hours",
            default=12.0,
            low=1.0,
            high=168.0,
            unit="hours",
            help="End of a breakout",
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
            name="margin", default=1.0, low=0.0, high=20.0, unit="c", help="Least edge after costs"
        ),
        Parameter(name="kelly", default=0.10, low=0.01, high=0.25, help="Share of the Kelly stake"),
        Parameter(name="max_signals", default=10, low=1, high=100, help="Most signals at a time"),
        Parameter(name="per_category", default=2, low=1, high=100, help="Most of one category"),
    )

    def decide(self, view: MarketView) -> Decision:
        """Return signals for moves and favourites, and one reason for every other market."""
        rules, postures = self._rules(), Postures(view, self.values)
        found: list[Found] = []
        reasons: list[Why] = []
        ladders: dict[str, list[MarketSnapshot]] | None = None
        for snapshot in view.markets.values():
            candidate = self._candidate(view, snapshot, rules)
            if isinstance(candidate, Why):
                reasons.append(candidate)
                continue
            if candidate.has_moved and ladders is None:
                ladders = ladders_of(view)
            is_still = candidate.has_moved and is_ladder_still(snapshot, ladders or {})
            answer = postures.answer(candidate, rules, is_ladder_still=is_still)
            if isinstance(answer, Verdict):
                reasons.append(_told(snapshot.market, answer))
            elif isinstance(answer, Why):
                reasons.append(answer)
            else:
                found.append(answer)
        signals = self._chosen(found, reasons)
        return Decision(signals=signals, reasons=tuple(reasons), scanned=len(view.markets))

    def proof(self, view: MarketView) -> str:
        """Say how far the category with most settled events is from a proven direction."""
        records = [
            (event_mean(observations), cell.rpartition("|")[0])
            for cell, observations in view.observations.items()
            if is_excess(cell)
        ]
        if not records:
            return "No market that this desk watched has settled yet."
        best, category = max(records, key=lambda found: (found[0].events, found[1]))
        z, needed = self.number("cell_z"), self.whole("cell_events")
        return (
            f"{category}: {best.events} of {needed} settled events, excess movement z "
            f"{best.z:+.2f} (fading needs +{z:g}, favourites -{z:g})."
        )

    def _rules(self) -> MoveRules:
        def price(name: str) -> Price:
            return Price(round(100 * self.number(name)))

        return MoveRules(
            spread_max=price("spread_max"),
            hours_min=self.number("hours_min"),
            band_low=price("band_low"),
            band_high=price("band_high"),
            z_in=self.number("z_in"),
            min_move=self.number("min_move"),
            cell_events=self.whole("cell_events"),
            cell_z=self.number("cell_z"),
            quiet=self.number("quiet"),
            volume_multiple=self.number("volume_multiple"),
            news_minutes=self.number("news_minutes"),
        )

    def _candidate(
        self, view: MarketView, snapshot: MarketSnapshot, rules: MoveRules
    ) -> Candidate | Why:
        """Return what the postures look at, or why this market can't be looked at."""
        market, now_ns = snapshot.market, view.now_ns
        cannot = cannot_quote(snapshot, now_ns, self.number("quote_minutes"))
        if cannot is not None:
            return cannot
        bid, ask = snapshot.bids[0][0], snapshot.asks[0][0]
        spread, middle = Price(ask - bid), Price((bid + ask) // 2)
        left = hours_left(market, now_ns)
        if left is None:
            return why(market, "no_deadline", "Nobody says when it ends.", "none", "a deadline")
        forbids = standing(spread, left, middle, rules)
        if forbids is not None:
            return _told(market, forbids)
        bars = snapshot.bars[-(self.whole("window") + 1) :]
        hour_ns = now_ns - now_ns % HOUR_NS
        if len(bars) <= LEAST_WINDOW or bars[-1].start_ns + HOUR_NS != hour_ns:
            seen = f"{len(bars)} hours" if len(bars) <= LEAST_WINDOW else "the last is missing"
            text = "Too few complete hours are known."
            return why(market, "few_bars", text, seen, f"{LEAST_WINDOW + 1} hours to now")
        return Candidate(
            snapshot=snapshot,
            category=category_of(view, market),
            bars=bars,
            bid=bid,
            ask=ask,
            middle=middle,
            hours_left=left,
        )

    def _chosen(self, found: list[Found], reasons: list[Why]) -> tuple[Signal, ...]:
        """Keep the strongest, the proven ones first, few of one category; name the others."""
        most, each = self.whole("max_signals"), self.whole("per_category")
        chosen: list[Signal] = []
        by_category: dict[str, int] = {}
        ranked = sorted(
            found,
            key=lambda one: (bool(one.signal.unproven), -one.strength, one.signal.candidate),
        )
        for one in ranked:
            taken = by_category.get(one.category, 0)
            if len(chosen) < most and taken < each:
                chosen.append(one.signal)
                by_category[one.category] = taken + 1
                continue
            full = len(chosen) >= most
            code = "enough_signals" if full else "enough_in_category"
            seen, needed = (len(chosen), most) if full else (taken, each)
            text = "Stronger candidates came first."
            reasons.append(
                Why(
                    candidate=one.signal.candidate,
                    code=code,
                    text=text,
                    seen=str(seen),
                    needed=f"at most {needed}",
                )
            )
        return tuple(chosen)


def _told(market: Market, verdict: Verdict) -> Why:
    return why(market, verdict.code, _TEXTS[verdict.code], verdict.seen, verdict.needed)
