"""News: what stories say about a market, weighed by what such stories have been worth.

Each story about a market moves the log-odds of the price before it by the measured effect of
its cell (category and tier of the source).  Where the lower bound of that belief pays a
taker's costs an order takes, where it pays a maker's it rests.  Until a cell has passed the
gate - by stories that this desk saw and journaled itself - its signals are only shown.

Exits: a position is held to settlement, but what the desk's belief makes worth less than its
bid after the fee is sold, which a story taken back does at once.  A resting order ends with
its time to live.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.strategy import Decision, Ending, MarketView, Parameter, Signal, Why
from kalshi_desk.quant.evidence import learn_kappa
from kalshi_desk.quant.gates import MAX_Q, MIN_EVENTS, MIN_ITEMS, MIN_OUT_OF_SAMPLE_T, MIN_T
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.news_look import NewsLook, refused
from kalshi_desk.strategies.news_proof import NEWS, Horizon, nearest, prove
from kalshi_desk.strategies.news_reading import Refusal


class News(Strategy):
    """Decision table A: take or post where measured news effects pay after costs."""

    name = NEWS
    title = "News"
    help = (
        "Trades on stories matched to markets, by the measured effect of such stories; shown "
        "only until the stories that this desk saw have proven it. Does nothing while nobody reads "
        "news, and leaves out what a source says that does not answer."
    )
    parameters = (
        Parameter(
            name="min_sentiment",
            default=0.6,
            low=0.0,
            high=1.0,
            help="Least size of the stories' average sentiment",
        ),
        Parameter(
            name="min_relevance",
            default=0.80,
            low=0.5,
            high=1.0,
            help="Least relevance of a story to a market",
        ),
        Parameter(
            name="horizon",
            default=Horizon.MINUTES_30.value,
            choices=tuple(one.value for one in Horizon),
            help="Over which time the effect is measured that counts",
        ),
        Parameter(
            name="half_life",
            default=30.0,
            low=1.0,
            high=240.0,
            unit="minutes",
            help="In which a story loses half its weight",
        ),
        Parameter(
            name="max_age",
            default=30.0,
            low=1.0,
            high=240.0,
            unit="minutes",
            help="Oldest story to act on",
        ),
        Parameter(
            name="z", default=1.0, low=0.0, high=5.0, unit="sd", help="Errors taken off the belief"
        ),
        Parameter(
            name="margin", default=1.0, low=0.0, high=20.0, unit="c", help="Least edge after costs"
        ),
        Parameter(
            name="adverse",
            default=0.5,
            low=0.0,
            high=10.0,
            unit="c",
            help="Cost of being picked off, per contract that rests",
        ),
        Parameter(
            name="spread_max", default=5.0, low=1.0, high=10.0, unit="c", help="Widest spread"
        ),
        Parameter(
            name="band_low", default=4.0, low=1.0, high=50.0, unit="c", help="Lowest YES price"
        ),
        Parameter(
            name="band_high", default=96.0, low=50.0, high=99.0, unit="c", help="Highest YES price"
        ),
        Parameter(
            name="minutes_min",
            default=15.0,
            low=1.0,
            high=1_440.0,
            unit="minutes",
            help="Least time to the deadline",
        ),
        Parameter(
            name="release_quiet",
            default=10.0,
            low=0.0,
            high=120.0,
            unit="minutes",
            help="Quiet before a scheduled release",
        ),
        Parameter(
            name="release_categories",
            default="Economics",
            help="Categories, parted by commas, whose deadlines are scheduled releases",
        ),
        Parameter(
            name="cap",
            default=0.5,
            low=0.01,
            high=0.5,
            unit="logits",
            help="The most that news may move a belief",
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
            name="ttl_minutes",
            default=10.0,
            low=0.5,
            high=60.0,
            unit="minutes",
            help="How long an order may rest, a half-life at most",
        ),
        Parameter(name="kelly", default=0.25, low=0.01, high=0.25, help="Share of the Kelly stake"),
        Parameter(name="max_signals", default=10, low=1, high=100, help="Most signals at a time"),
    )

    def prepare(self) -> None:
        """Load what judges an effect; it takes a good part of a second."""
        learn_kappa([1.0, 1.0], [0.0, 1.0], ["a", "b"])

    def decide(self, view: MarketView) -> Decision:
        """Return orders on fresh stories, endings, and one reason for every other market."""
        look = NewsLook(view, self.values)
        signals: list[tuple[float, Signal]] = []
        reasons: list[Why] = []
        endings: list[Ending] = []
        none = Refusal("no_fresh_relevant_item", 0, "none", look.max_age_words)
        silent = refused("", look.silence or none)
        for ticker in view.markets:
            reading = look.readings.get(ticker)
            if reading is None:
                reasons.append(msgspec.structs.replace(silent, candidate=ticker))
                continue
            snapshot = view.markets[ticker]
            answer = look.answer(snapshot, reading)
            if isinstance(answer, Why):
                reasons.append(answer)
            else:
                signals.append(answer)
            ending = look.ending(snapshot, reading)
            if ending is not None:
                endings.append(ending)
        most = self.whole("max_signals")
        signals.sort(key=lambda one: (bool(one[1].unproven), -one[0], one[1].candidate))
        for _, signal in signals[most:]:
            reasons.append(_surplus(signal, most))
        return Decision(
            signals=tuple(signal for _, signal in signals[:most]),
            reasons=tuple(reasons),
            scanned=len(view.markets),
            endings=tuple(endings),
        )

    def proof(self, view: MarketView) -> str:
        """Say how far the cell that is nearest to its proof is from it."""
        proofs = prove(view.observations)
        name = nearest(proofs)
        if not name:
            return "No story's effect on a price has been measured yet."
        record = proofs[name].record
        state = "proven" if not proofs[name].shortfalls else "not proven"
        return (
            f"{name}: {state}; {record.items} of {MIN_ITEMS} stories in {record.events} of "
            f"{MIN_EVENTS} events, t {record.t:+.2f} ({MIN_T:g} either way), q {record.q:.2f} "
            f"(at most {MAX_Q:.2f}), out of sample t {record.out_of_sample_t:+.2f} of "
            f"{MIN_OUT_OF_SAMPLE_T:g}."
        )


def _surplus(signal: Signal, most: int) -> Why:
    return Why(
        candidate=signal.candidate,
        code="enough_signals",
        text="Stronger candidates came first.",
        seen=str(most),
        needed=f"at most {most}",
    )
