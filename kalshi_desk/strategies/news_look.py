"""One look at news: for each market with a story an order, a reason, or what to give up.

Scheduled releases are read off the markets themselves: of categories whose results are
published on a schedule (``release_categories``), each deadline counts as a release for all
markets of its category.  The exchange's own list of milestones is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from kalshi_desk.core.news import ReaderReport, Tier
from kalshi_desk.core.rules import can_void
from kalshi_desk.core.strategy import (
    Ending,
    MarketSnapshot,
    MarketView,
    ParameterValue,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import PRICE_ONE, BookSide, Outcome, Price, TimeInForce
from kalshi_desk.quant.costs import fee_rate, rule_at
from kalshi_desk.quant.evidence import Signal as StorySignal
from kalshi_desk.quant.evidence import sentiment
from kalshi_desk.strategies.looking import (
    MINUTE_NS,
    cannot_quote,
    category_of,
    cents,
    hours_left,
)
from kalshi_desk.strategies.news_proof import NOTHING, CellProof, Horizon, news_cell, prove
from kalshi_desk.strategies.news_reading import Reading, Refusal, Story, readings
from kalshi_desk.strategies.news_table import (
    NewsAction,
    NewsCell,
    NewsFacts,
    NewsRules,
    NewsVerdict,
    believe,
    given_up,
    judge,
)

SECOND_NS = 1_000_000_000
BELIEF_HALF_LIVES = 4.0
"""So long a story is believed in for exits: a sixteenth of it is left then."""
_TEXTS = {
    "no_fresh_relevant_item": "No fresh story is about it.",
    "not_relevant": "No story is surely about it.",
    "ambiguous": "A story may be about several events.",
    "unknown_polarity": "Nobody knows which way a story points.",
    "no_date": "A story does not say when it was published.",
    "clock_skew": "A story comes from a clock that is wrong.",
    "feed_lag": "A story was seen late.",
    "source_unhealthy": "The source of a story is not well.",
    "no_reader": "No news is being read.",
    "no_price_before": "Nobody knows its price before the story.",
    "cell_not_significant": "Stories like this have not proven their effect.",
    "spread": "Its spread costs more than news is worth.",
    "price_band": "Its price is too near to an end.",
    "near_close": "Too little time is left.",
    "scheduled_release": "Figures are about to be released.",
    "contradictory": "Its stories contradict each other.",
    "weak_sentiment": "Its stories are not clear enough.",
    "edge_below_cost": "What the news is worth does not pay its costs.",
    "can_void": "Its rules know a case that pays neither yes nor no.",
}


class NewsLook:
    """One look: what news says and what cells have shown is worked out once."""

    def __init__(self, view: MarketView, values: Mapping[str, ParameterValue]) -> None:
        self._view = view
        self._values = values
        self._horizon = Horizon(str(values["horizon"]))
        self._release_words = {
            word.strip().lower()
            for word in str(values["release_categories"]).split(",")
            if word.strip()
        }
        self._rules = NewsRules(
            half_life=self._number("half_life"),
            max_age=self._number("max_age"),
            z=self._number("z"),
            margin=self._number("margin") / 100.0,
            adverse=self._number("adverse") / 100.0,
            spread_max=_price(self._number("spread_max")),
            band_low=_price(self._number("band_low")),
            band_high=_price(self._number("band_high")),
            minutes_min=self._number("minutes_min"),
            release_quiet=self._number("release_quiet"),
            cap=self._number("cap"),
            min_sentiment=self._number("min_sentiment"),
        )
        self.max_age_words = f"at most {self._rules.max_age:g} min"
        reader = view.reader
        self.silence = None if reader is None or reader.is_reading else _silence(reader)
        # Without a reader nobody knows what became of the stories: none of them counts.
        self.readings = readings(
            () if self.silence is not None else view.news,
            view.now_ns,
            min_relevance=self._number("min_relevance"),
            feeds=None if reader is None else view.feeds,
        )
        self._proofs = prove(view.observations) if self.readings else {}
        self._releases: dict[str, int] | None = None

    def _number(self, name: str) -> float:
        return float(self._values[name])

    def answer(self, snapshot: MarketSnapshot, reading: Reading) -> tuple[float, Signal] | Why:
        """Return a signal with its edge, or why nothing is done about a market with news."""
        market = snapshot.market
        fresh = reading.fresh(self._rules.max_age)
        if not fresh:
            return refused(market.ticker, self._refusal(reading))
        cannot = cannot_quote(snapshot, self._view.now_ns, self._number("quote_minutes"))
        if cannot is not None:
            return cannot
        if can_void(market.rules):
            return refused(market.ticker, Refusal("can_void", 0, "it can", "it can't"))
        category = category_of(self._view, market)
        stories, proof = self._chosen(category, fresh)
        before = stories[0].before
        if before is None or not 0.0 < before < 1.0:
            seen = Refusal("no_price_before", 0, "none", "one a minute before it")
            return refused(market.ticker, seen)
        others = [story.signal for story in fresh if story.tier is not stories[0].tier]
        facts = self._facts(snapshot, category, stories, before, others)
        cell = _cell(proof)
        verdict = judge(facts, cell, self._rules)
        if verdict.action is NewsAction.SHADOW and proof.kappa is not None:
            shown = judge(facts, cell, self._rules, ignores_proof=True)
            verdict = shown if shown.trades else verdict
        if not verdict.trades:
            refusal = Refusal(verdict.code, 0, verdict.seen, verdict.needed)
            return refused(market.ticker, refusal)
        edge = verdict.edge or 0.0
        return edge, self._signal(snapshot, category, stories, verdict, proof)

    def ending(self, snapshot: MarketSnapshot, reading: Reading) -> Ending | None:
        """Return what a position would be given up for, None where the belief holds none back."""
        limit = BELIEF_HALF_LIVES * self._rules.half_life
        believed = [s for s in reading.stories if s.age <= limit and s.before is not None]
        is_quoted = snapshot.is_fresh and snapshot.bid is not None and snapshot.ask is not None
        if not believed or not is_quoted or not snapshot.market.fee.is_known:
            return None
        stories, proof = self._chosen(category_of(self._view, snapshot.market), believed)
        before = stories[0].before
        if proof.kappa is None or before is None or not 0.0 < before < 1.0:
            return None
        signals = [story.signal for story in stories]
        belief = believe(before, signals, _cell(proof), self._rules)
        bid, ask = snapshot.bids[0][0], snapshot.asks[0][0]
        rate = fee_rate(rule_at(snapshot.market.fee, self._view.now_ns), is_taker=True)
        outcome = given_up(belief, bid, ask, rate)
        if outcome is None:
            return None
        is_yes = outcome is Outcome.YES
        worth = belief.probability if is_yes else 1.0 - belief.probability
        paid = cents(bid if is_yes else PRICE_ONE - ask)
        name = "YES" if is_yes else "NO"
        return Ending(
            ticker=snapshot.market.ticker,
            outcome=outcome,
            text=f"{name} is bid at {paid} and worth {100 * worth:.1f}c after its news",
        )

    def _refusal(self, reading: Reading) -> Refusal:
        """Return why no story is fresh: items that count for nothing, or only old stories."""
        oldest_ns = self._view.now_ns - round(self._rules.max_age * MINUTE_NS)
        refused = [one for one in reading.refusals if one.began_ns >= oldest_ns]
        if refused:
            return max(refused, key=lambda one: (one.began_ns, one.code))
        known = [one.began_ns for one in reading.refusals]
        known += [story.began_ns for story in reading.stories]
        age = (self._view.now_ns - max(known)) / MINUTE_NS
        return Refusal("no_fresh_relevant_item", 0, f"{age:.0f} min old", self.max_age_words)

    def _chosen(self, category: str, stories: list[Story]) -> tuple[list[Story], CellProof]:
        """Return the stories of the one tier that decides, with what its cell has shown.

        A proven cell before others, then the tier that says most.
        """
        if len({story.tier for story in stories}) == 1:
            return stories, self._proof(category, stories[0].tier)
        by_tier: dict[Tier, list[Story]] = {}
        for story in stories:
            by_tier.setdefault(story.tier, []).append(story)

        def rank(tier: Tier) -> tuple[bool, float, str]:
            strength = abs(sum(s.signal.strength(self._rules.half_life) for s in by_tier[tier]))
            return not self._proof(category, tier).shortfalls, strength, tier.value

        tier = max(by_tier, key=rank)
        return by_tier[tier], self._proof(category, tier)

    def _proof(self, category: str, tier: Tier) -> CellProof:
        return self._proofs.get(news_cell(category, tier, self._horizon), NOTHING)

    def _facts(
        self,
        snapshot: MarketSnapshot,
        category: str,
        stories: list[Story],
        before: float,
        others: list[StorySignal],
    ) -> NewsFacts:
        market, now_ns = snapshot.market, self._view.now_ns
        left = hours_left(market, now_ns)
        fee = rule_at(market.fee, now_ns)
        return NewsFacts(
            bid=snapshot.bids[0][0],
            ask=snapshot.asks[0][0],
            before=before,
            stories=[story.signal for story in stories],
            others=others,
            minutes_left=None if left is None else 60.0 * left,
            release_minutes=self._release(category),
            grid=market.grid,
            taker_rate=fee_rate(fee, is_taker=True),
            maker_rate=fee_rate(fee, is_taker=False),
        )

    def _release(self, category: str) -> float | None:
        """Return the minutes to the next deadline of a category whose deadlines are releases."""
        if category.lower() not in self._release_words:
            return None
        now_ns = self._view.now_ns
        if self._releases is None:
            self._releases = {}
            for snapshot in self._view.markets.values():
                name = category_of(self._view, snapshot.market).lower()
                at_ns = snapshot.market.deadline_ns
                if name in self._release_words and at_ns >= now_ns:
                    self._releases[name] = min(at_ns, self._releases.get(name, at_ns))
        at_ns = self._releases.get(category.lower(), 0)
        return (at_ns - now_ns) / MINUTE_NS if at_ns else None

    def _signal(
        self,
        snapshot: MarketSnapshot,
        category: str,
        stories: list[Story],
        verdict: NewsVerdict,
        proof: CellProof,
    ) -> Signal:
        market = snapshot.market
        price, belief = verdict.price, verdict.belief
        assert price is not None
        assert belief is not None
        is_yes = verdict.action in (NewsAction.TAKE_YES, NewsAction.POST_YES)
        takes = verdict.action in (NewsAction.TAKE_YES, NewsAction.TAKE_NO)
        yes_price = price if is_yes else Price(PRICE_ONE - price)
        side = BookSide.BID if is_yes else BookSide.ASK
        left = hours_left(market, self._view.now_ns)
        score = sentiment([story.signal for story in stories])
        ends = (self._number("ttl_minutes"), self._rules.half_life, self._release(category))
        # A bid that still rests when the figures come out is a gift to whoever reads them first.
        ttl_minutes = min(end for end in ends if end is not None)
        verb, outcome = "Take" if takes else "Bid", "YES" if is_yes else "NO"
        return Signal(
            candidate=market.ticker,
            legs=(SignalLeg(ticker=market.ticker, side=side, price=yes_price),),
            text=(
                f"{verb} {outcome} at {cents(price)}, worth {100 * belief.probability:.1f}c after "
                f"{len(stories)} stor{'y' if len(stories) == 1 else 'ies'} (sentiment "
                f"{score.score:+.2f}): {stories[-1].title}"
            ),
            cell=news_cell(category, stories[0].tier, self._horizon),
            probability=min(1.0, max(0.0, belief.probability)),
            probability_sd=belief.error,
            time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
            post_only=not takes,
            ttl_s=0 if takes else max(1, round(60.0 * ttl_minutes)),
            hours_left=24.0 if left is None else left,
            kelly_share=self._number("kelly"),
            unproven=tuple(
                Why(
                    candidate=market.ticker,
                    code="cell_not_significant",
                    text=f"{_TEXTS['cell_not_significant'][:-1]}: {one.test.replace('_', ' ')}.",
                    seen=f"{one.seen:.4g}",
                    needed=f"{one.needed:.4g}",
                )
                for one in proof.shortfalls
            ),
        )


def _cell(proof: CellProof) -> NewsCell:
    """Return a cell as the table takes it: the effect ridged, as forecasts were scored with it."""
    if proof.kappa is None:
        return NewsCell(kappa=0.0, error=0.0, record=proof.record)
    return NewsCell(kappa=proof.kappa.ridged, error=proof.kappa.error, record=proof.record)


def refused(ticker: str, refusal: Refusal) -> Why:
    """Return a reason about one market with the words of its code."""
    text = _TEXTS.get(refusal.code, "")
    return Why(
        candidate=ticker,
        code=refusal.code,
        text=text,
        seen=refusal.seen,
        needed=refusal.needed,
    )


def _silence(reader: ReaderReport) -> Refusal:
    """Return why nothing is done while nobody reads news."""
    since = datetime.fromtimestamp(reader.since_ns // SECOND_NS, UTC)
    why = f": {reader.text}" if reader.text else ""
    seen = f"{reader.state.value} since {since:%H:%M:%S} UTC{why}"
    return Refusal("no_reader", reader.since_ns, seen, "a reader that runs")


def _price(in_cents: float) -> Price:
    return Price(round(100 * in_cents))
