"""News in the core: kept as it stands, told where it matters, corrected, and shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kalshi_desk.core.events import FeedsReported, NewsArrived
from kalshi_desk.core.news import FeedReport, FeedState, NewsItem, Polarity, Tier
from kalshi_desk.core.strategy import Decision, Mode, Signal, SignalLeg, Why
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.desk.commands import Outcomes, Star
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import CorrectMatch, LabelNews
from kalshi_desk.desk.service_frames import FeedRow, NewsRow
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided
from kalshi_desk.engine.news_desk import MOST_TOLD, PassNews
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.engine.topics import build
from kalshi_desk.quant.evidence import learn_kappa
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.news_table import read_news
from tests.engine.news_world import NewsWorld
from tests.market.news import SECOND, START, item, match
from tests.strategies.stories import past

MINUTE = 60.0


def row(world: NewsWorld, item_id: str = "1") -> NewsRow:
    found = (build(world.core.state, "news") or {})[item_id]
    assert isinstance(found, NewsRow)
    return found


def test_the_journal_keeps_what_is_new_or_changed() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    assert world.kept[0].matches[0].pre_price == 4_000
    world.news(item("1", match("A")), at_s=2.0)
    world.news(*world.kept, at_s=3.0)
    assert len(world.kept) == 1
    world.news(item("1", match("A"), summary="more"), at_s=4.0)
    assert [one.summary for one in world.kept] == ["", "more"]


# --- what is told -----------------------------------------------------------------------


def starred() -> NewsWorld:
    world = NewsWorld()
    world.command(Star(ticker="A", starred=True))
    return world


def test_news_about_a_watched_market_is_told_once_a_story() -> None:
    world = starred()
    world.news(item("1", match("A"), match("B")))
    world.news(item("2", match("A"), cluster="1", copy=2, at_s=2.0), at_s=2.0)
    world.news(item("1", match("A"), summary="again"), at_s=3.0)
    [told] = world.said(EventKind.NEWS)
    assert (told.title, told.ticker, told.level) == ("Story 1", "A", Level.INFO)
    assert told.text == "wire: A (for YES) (sentiment +0.80, confidence 90%)"


@pytest.mark.parametrize(
    "made",
    [
        item("1", match("B")),
        item("1", match("A", 0.79)),
        item("1"),
        item("1", match("A"), at_s=-700.0),
        item("1", match("A"), published_ns=START - 3_601 * SECOND),
    ],
)
def test_what_does_not_concern_the_account_or_is_old_is_not_told(made: NewsItem) -> None:
    world = starred()
    world.news(made)
    assert world.said(EventKind.NEWS) == []


def test_a_flood_of_news_is_cut() -> None:
    world = starred()
    world.news(*(item(f"{n}", match("A")) for n in range(40)))
    assert len(world.said(EventKind.NEWS)) == MOST_TOLD
    world.news(*(item(f"x{n}", match("A"), at_s=62.0) for n in range(40)), at_s=62.0)
    assert len(world.said(EventKind.NEWS)) == 2 * MOST_TOLD


def test_a_title_cannot_steer_a_terminal() -> None:
    world = starred()
    world.news(item("1", match("A"), title="\x1b[2Jall\nyour\u202ebase"))
    [told] = world.said(EventKind.NEWS)
    assert told.title.isprintable()


def leg(ticker: str) -> SignalLeg:
    return SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(4_100), count=Count(100))


def found(name: str = "A", **fields: object) -> Signal:
    return Signal(candidate=name, legs=(leg(name),), text="Take YES", **fields)  # type: ignore[arg-type]


UNPROVEN = (Why(candidate="A", code="cell_not_significant", text="not proven"),)


def looks(world: NewsWorld, strategy: str, *signals: Signal, mode: Mode = Mode.SHADOW) -> None:
    """Let a strategy answer its first look with these signals."""
    info = StrategyInfo(name=strategy, title=strategy.title(), default_mode=mode)
    world.take(StrategiesDeclared((info,)), world.now_s)
    state = world.core.state.strategies[strategy]
    if not state.is_looking:
        world.wait(world.now_s + 120)
    decision = Decision(signals=signals)
    answer = StrategyDecided(
        strategy=strategy, cycle=state.cycle, looked_ns=1, took_ns=1, decision=decision
    )
    world.take(answer, world.now_s + 1)


@pytest.mark.parametrize(
    ("strategy", "signal", "times"),
    [
        ("news", found(), 1),
        ("news", found(unproven=UNPROVEN), 0),
        ("arbitrage", found(guaranteed=Money(1_000_000)), 1),
        ("arbitrage", found(guaranteed=Money(999_999)), 0),
        ("volatility", found(), 0),
    ],
)
def test_proven_and_large_finds_are_told(strategy: str, signal: Signal, times: int) -> None:
    world = NewsWorld()
    looks(world, strategy, signal)
    told = world.said(EventKind.OPPORTUNITY)
    assert len(told) == times
    if told:
        assert (told[0].ticker, told[0].text, told[0].level) == ("A", "Take YES", Level.GOOD)
    looks(world, strategy, signal)
    assert len(world.said(EventKind.OPPORTUNITY)) == times


# --- what people say --------------------------------------------------------------------


def test_a_person_corrects_matches_and_everyone_hears_it() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    answer = world.command(CorrectMatch(item_id="1", ticker="B", polarity=Polarity.AGAINST))
    assert (answer.outcome, answer.text) == (Outcomes.DONE, "The item is about B.")
    assert world.command(CorrectMatch(item_id="1", ticker="A", polarity=None)).text == (
        "The item is not about A."
    )
    said = [one.event for one in world.effects if isinstance(one, PassNews)]
    assert len(said) == 2
    by_ticker = {one.ticker: one for one in world.kept[-1].matches}
    assert (by_ticker["A"].relevance, by_ticker["A"].by_person) == (0.0, True)
    assert by_ticker["B"].polarity is Polarity.AGAINST
    assert by_ticker["B"].pre_price == 4_000
    # The row shows what it is about; what it is not about is kept for those who learn.
    assert [(one.ticker, one.by_person) for one in row(world).matches] == [("B", True)]


def test_a_person_labels_an_item() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    assert world.command(LabelNews(item_id="1", label=-1)).text == "Labelled as bad news."
    assert world.kept[-1].label == -1
    assert row(world).label == -1
    said = world.command(LabelNews(item_id="1", label=0)).text
    assert said == "Labelled as neither good nor bad news."
    world.command(LabelNews(item_id="1", label=-1))
    world.news(item("1", match("A"), summary="read again"), at_s=9.0)
    assert world.kept[-1].label == -1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (CorrectMatch(item_id="9", ticker="A", polarity=Polarity.FOR), "not among the news"),
        (CorrectMatch(item_id="1", ticker="X", polarity=Polarity.FOR), "no market X"),
        (CorrectMatch(item_id="1", ticker="B", polarity=None), "not matched to B"),
        (LabelNews(item_id="9", label=0), "not among the news"),
        (LabelNews(item_id="1", label=2), "-1, 0 or 1"),
    ],
)
def test_wrong_words_are_refused_and_change_nothing(
    command: CorrectMatch | LabelNews, words: str
) -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    before = world.core.state.markets.news.by_id["1"]
    answer = world.command(command)
    assert answer.outcome is Outcomes.REFUSED
    assert words in answer.reasons[0].text
    assert world.core.state.markets.news.by_id["1"] is before


# --- what is shown ----------------------------------------------------------------------


def test_a_row_shows_what_the_markets_did_since() -> None:
    world = NewsWorld()
    world.news(item("1", match("A"), match("NOWHERE"), tier=Tier.OFFICIAL))
    world.book("A", 4_500, 30.0)
    shown = row(world)
    assert (shown.feed, shown.tier, shown.sentiment, shown.copy) == (
        *("wire", Tier.OFFICIAL, 0.8),
        1,
    )
    first, other = shown.matches
    assert (first.ticker, first.pre_price, first.now_price) == ("A", 4_000, 4_500)
    assert (other.ticker, other.title, other.now_price) == ("NOWHERE", "NOWHERE", None)
    assert first.posterior is None


def test_the_belief_shown_is_that_of_what_was_measured() -> None:
    world = NewsWorld()
    observations = past(0.5)
    cells = world.core.state.observations.setdefault("news", {})
    for one in observations:
        cells.setdefault(one.cell, []).append(one)
    world.news(item("1", match("A")), item("2", match("A", 0.5)))
    held = cells["Politics|press|30 min"]
    kappa = learn_kappa(
        [one.score for one in held], [one.value for one in held], [one.event_ticker for one in held]
    ).ridged
    odds = 0.4 / 0.6 * 2.718281828 ** (kappa * 0.648)
    assert row(world).matches[0].posterior == pytest.approx(odds / (1 + odds))
    assert row(world, "2").matches[0].posterior is None
    more = past(0.5, seed=9, events=2)
    held += [one for one in more if one.cell.endswith("30 min")]
    again = learn_kappa(
        [one.score for one in held], [one.value for one in held], [one.event_ticker for one in held]
    ).ridged
    assert world.core.state.news.effect("Politics|press|30 min", held) == pytest.approx(again)


def test_rows_are_the_newest_and_none_of_the_future() -> None:
    world = NewsWorld()
    world.news(*(item(f"{n}", at_s=float(n)) for n in range(300)), at_s=400.0)
    rows = list(build(world.core.state, "news") or {})
    assert (rows[0], rows[-1], len(rows)) == ("100", "299", 200)
    world.core.state.now_ns = START + 150 * SECOND
    assert list(build(world.core.state, "news") or {})[-1] == "150"


def test_feeds_are_shown_as_reported() -> None:
    world = NewsWorld()
    report = FeedReport(
        name="wire", title="Wire", url="u", kind="rss", tier=Tier.PRESS, state=FeedState.OK
    )
    world.take(FeedsReported((report,)), 1.0)
    assert build(world.core.state, "feeds") == {"wire": FeedRow(report=report)}
    world.take(FeedsReported(()), 2.0)
    assert build(world.core.state, "feeds") == {}


# --- in the engine's shell --------------------------------------------------------------


class FixedClock:
    def __init__(self) -> None:
        self.at_ns = START + SECOND

    def now_ns(self) -> int:
        return self.at_ns


def test_a_correction_is_journaled_before_its_answer_is_given(tmp_path: Path) -> None:
    async def run() -> None:
        journal = Journal(tmp_path / "journal.db", durable=False)
        world = NewsWorld(TradingCore(CoreSettings(), next_event_seq=1))
        shell = EngineShell(
            world.core, journal, FixedClock(), (), save_starred=lambda starred: None
        )
        shell.performers[PassNews] = lambda effect: shell.take(effect.event)
        shell.take(NewsArrived((item("1", match("A")),)))
        answer = await shell.submit(
            "c1", CorrectMatch(item_id="1", ticker="B", polarity=Polarity.FOR)
        )
        assert answer.outcome is Outcomes.DONE
        await shell.close()

    asyncio.run(run())
    journal = Journal(tmp_path / "journal.db", durable=False)
    [kept] = read_news(journal.rows)
    assert {one.ticker: one.by_person for one in kept.matches} == {"A": False, "B": True}
    journal.close()
