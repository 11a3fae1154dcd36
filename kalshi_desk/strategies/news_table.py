"""What the decision table says of a market with news: a pure function of numbers.

The table and its order are those of the reference: cell, spread, price band, time, scheduled
release, fresh stories, agreement, then a take, then a post.  The belief is
``logit p' = logit p + clip(kappa x, cap)`` (``quant.evidence``) and counts less ``z`` errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import floor

import msgspec

from kalshi_desk.core.grid import CENT_GRID, Grid
from kalshi_desk.core.types import CENT, PRICE_ONE, PRICE_SCALE, Outcome, Price
from kalshi_desk.quant.costs import TAKER_RATE, unit_cost, unit_fee
from kalshi_desk.quant.evidence import CAP, Posterior, Signal, agreement, posterior, sentiment
from kalshi_desk.quant.gates import SignalRecord, signal_shortfalls

REACH = Price(3 * CENT)
"""How far above the best bid a resting order may go."""
LEAST_AGREEMENT = 0.3
_TINY = 1e-9


class NewsRules(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the table; prices in 1/10,000 dollar, edges in dollars, times in minutes."""

    half_life: float = 30.0
    max_age: float = 30.0
    z: float = 1.0
    margin: float = 0.01
    adverse: float = 0.005
    spread_max: Price = Price(500)
    band_low: Price = Price(400)
    band_high: Price = Price(9_600)
    minutes_min: float = 15.0
    release_quiet: float = 10.0
    cap: float = CAP
    min_sentiment: float = 0.6


class NewsCell(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell has shown: the effect of a unit of score and its error, and its record."""

    kappa: float
    error: float
    record: SignalRecord


class NewsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One market now: its touch in YES, the price before its stories, and the stories.

    ``before`` in dollars; ``minutes_left`` to its deadline and ``release_minutes`` to the
    next scheduled release that concerns it, None for none known.  ``others`` are stories that
    move no belief here and may contradict those that do.
    """

    bid: Price
    ask: Price
    before: float
    stories: Sequence[Signal]
    others: Sequence[Signal] = ()
    minutes_left: float | None = None
    release_minutes: float | None = None
    grid: Grid = CENT_GRID
    taker_rate: float = TAKER_RATE
    maker_rate: float = 0.0


class NewsAction(StrEnum):
    """What the table answers; ``SHADOW`` is shown and not traded, ``NONE`` is a reason."""

    TAKE_YES = "TAKE_YES"
    TAKE_NO = "TAKE_NO"
    POST_YES = "POST_YES"
    POST_NO = "POST_NO"
    SHADOW = "SHADOW"
    NONE = "NONE"


class NewsVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The table's answer: what to do, by which row, the number seen and the number needed.

    ``price`` is that of the outcome bought, ``edge`` what is left of it after costs without
    the margin, ``cost`` what a contract costs with the margin; ``belief`` is about the
    outcome bought.
    """

    action: NewsAction
    code: str = ""
    seen: str = ""
    needed: str = ""
    price: Price | None = None
    edge: float | None = None
    cost: float | None = None
    belief: Posterior | None = None

    @property
    def trades(self) -> bool:
        """Whether it is an order."""
        return self.action not in (NewsAction.SHADOW, NewsAction.NONE)


def judge(
    facts: NewsFacts, cell: NewsCell, rules: NewsRules, *, ignores_proof: bool = False
) -> NewsVerdict:
    """Return what the decision table says, its rows in their order; the first that holds.

    With ``ignores_proof`` it says what would be done if the cell were proven.
    """
    if not ignores_proof:
        failed = signal_shortfalls(cell.record)
        if failed:
            seen, needed = f"{failed[0].seen:.4g}", f"{failed[0].needed:.4g} ({failed[0].test})"
            return NewsVerdict(
                action=NewsAction.SHADOW, code="cell_not_significant", seen=seen, needed=needed
            )
    forbids = _standing(facts, rules)
    if forbids is not None:
        return forbids
    stories = [story for story in facts.stories if story.age <= rules.max_age]
    if not stories:
        youngest = min((story.age for story in facts.stories), default=None)
        seen = "none" if youngest is None else f"{youngest:.0f} min old"
        return _none("no_fresh_relevant_item", seen, f"at most {rules.max_age:g} min")
    others = [story for story in facts.others if story.age <= rules.max_age]
    agreed = agreement([*stories, *others])
    if agreed < LEAST_AGREEMENT:
        return _none("contradictory", f"{agreed:.2f}", f"{LEAST_AGREEMENT:g}")
    belief = believe(facts.before, stories, cell, rules)
    found = _order(facts, belief, rules)
    if found.trades:
        score = abs(sentiment(stories).score)
        if score < rules.min_sentiment:
            return _none("weak_sentiment", f"{score:.2f}", f"{rules.min_sentiment:g}")
    return found


def believe(
    before: float, stories: Sequence[Signal], cell: NewsCell, rules: NewsRules
) -> Posterior:
    """Return the belief about YES after stories on a market priced ``before`` them."""
    return posterior(
        before,
        stories,
        cell.kappa,
        kappa_error=cell.error,
        half_life=rules.half_life,
        cap=rules.cap,
    )


def given_up(belief: Posterior, bid: Price, ask: Price, rate: float = TAKER_RATE) -> Outcome | None:
    """Return the outcome that is worth less than its bid pays after the fee, None for neither.

    ``belief`` is about YES; NO is bid at one dollar less the ask of YES.
    """
    yes, no = bid / PRICE_SCALE, (PRICE_ONE - ask) / PRICE_SCALE
    if yes > 0.0 and belief.probability < yes - unit_fee(yes, rate):
        return Outcome.YES
    if no > 0.0 and 1.0 - belief.probability < no - unit_fee(no, rate):
        return Outcome.NO
    return None


def _standing(facts: NewsFacts, rules: NewsRules) -> NewsVerdict | None:
    """Return the row that forbids a market whatever was said of it, None when none does."""
    spread = facts.ask - facts.bid
    if spread > rules.spread_max:
        return _none("spread", _cents(spread), f"at most {_cents(rules.spread_max)}")
    middle = (facts.bid + facts.ask) / 2
    if not rules.band_low <= middle <= rules.band_high:
        needed = f"{_cents(rules.band_low)} to {_cents(rules.band_high)}"
        return _none("price_band", _cents(middle), needed)
    left, release = facts.minutes_left, facts.release_minutes
    if left is not None and left < rules.minutes_min:
        return _none("near_close", f"{left:.0f} min", f"{rules.minutes_min:g} min")
    if release is not None and 0.0 <= release < rules.release_quiet:
        seen, needed = f"in {release:.0f} min", f"none in {rules.release_quiet:g} min"
        return _none("scheduled_release", seen, needed)
    return None


def _order(facts: NewsFacts, about_yes: Posterior, rules: NewsRules) -> NewsVerdict:
    """Return a take, else a post, else that neither pays; on the side the stories point to."""
    is_yes = about_yes.shift >= 0.0
    belief = about_yes if is_yes else about_yes.flipped()
    bid = facts.bid if is_yes else Price(PRICE_ONE - facts.ask)
    ask = facts.ask if is_yes else Price(PRICE_ONE - facts.bid)
    bound = belief.lower_bound(rules.z)
    paid = unit_cost(ask / PRICE_SCALE, facts.taker_rate)
    edge = bound - paid
    if edge - rules.margin > _TINY:
        return NewsVerdict(
            action=NewsAction.TAKE_YES if is_yes else NewsAction.TAKE_NO,
            price=ask,
            edge=edge,
            cost=paid + rules.margin,
            belief=belief,
        )
    limit = _limit(facts, bound, rules, is_yes=is_yes)
    if limit is not None and bid <= limit <= min(bid + REACH, _tick_below(facts, ask, is_yes)):
        cost = unit_cost(limit / PRICE_SCALE, facts.maker_rate) + rules.adverse
        if belief.probability - cost - rules.margin > _TINY:
            return NewsVerdict(
                action=NewsAction.POST_YES if is_yes else NewsAction.POST_NO,
                price=limit,
                edge=bound - cost,
                cost=cost + rules.margin,
                belief=belief,
            )
    return NewsVerdict(
        action=NewsAction.NONE,
        code="edge_below_cost",
        seen=f"{100 * edge:.2f}c",
        needed=f"more than {100 * rules.margin:g}c",
        edge=edge,
        cost=paid + rules.margin,
        belief=belief,
    )


def _limit(facts: NewsFacts, bound: float, rules: NewsRules, *, is_yes: bool) -> Price | None:
    """Return the highest price on the grid that leaves the margin after a maker's costs."""
    most = floor((bound - rules.margin - rules.adverse) * PRICE_SCALE + _TINY)
    if not 0 < most < PRICE_ONE:
        return None
    limit = _floor(facts, Price(most), is_yes)
    while limit > 0:
        cost = unit_cost(limit / PRICE_SCALE, facts.maker_rate) + rules.adverse + rules.margin
        if bound - cost >= -_TINY:
            return limit
        limit = _tick_below(facts, limit, is_yes)
    return None


def _floor(facts: NewsFacts, price: Price, is_yes: bool) -> Price:
    """Return the highest price of an outcome on the market's grid at or below a price."""
    if is_yes:
        return facts.grid.floor(price)
    return Price(PRICE_ONE - facts.grid.ceil(Price(PRICE_ONE - price)))


def _tick_below(facts: NewsFacts, price: Price, is_yes: bool) -> Price:
    """Return the next lower price of an outcome."""
    if is_yes:
        return facts.grid.down(price)
    return Price(PRICE_ONE - facts.grid.up(Price(PRICE_ONE - price)))


def _none(code: str, seen: str, needed: str) -> NewsVerdict:
    return NewsVerdict(action=NewsAction.NONE, code=code, seen=seen, needed=needed)


def _cents(price: float) -> str:
    return f"{price / CENT:g}c"
