"""Alerts in the core: each kind rings once, is kept over a restart, and is refused when wrong."""

from __future__ import annotations

import re

import pytest

from kalshi_desk.alerts.watch import MOST_TOLD
from kalshi_desk.core.events import (
    BookSnapshot,
    BookStale,
    CancelAnswered,
    MarketStatusChanged,
    NewsArrived,
    OrderAnswered,
    TickerChanged,
)
from kalshi_desk.core.news import NewsMatch
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import Count, MarketStatus, Price, parse_count, parse_price
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import DeskEvent, EventKind
from kalshi_desk.desk.service import DropAlert, SetAlert, SetSetting
from kalshi_desk.desk.service_frames import AlertRow
from kalshi_desk.engine.alert_desk import RAISED_KEY
from kalshi_desk.engine.alert_rows import alert_rows
from kalshi_desk.engine.effects import Effect, KeepMeta, Notify, SaveSetting
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.market.bars import HOUR_NS
from kalshi_desk.store.service_settings import AlertSettings
from kalshi_desk.store.settings import Settings
from tests.engine.test_core import SECOND, Bench, answer, sent
from tests.market.news import item, match


def ask(bench: Bench, rule: str) -> list[Effect]:
    """Set an alert."""
    return bench.do(SetAlert(rule=rule))


def rings(effects: list[Effect]) -> list[DeskEvent]:
    """The alerts among effects."""
    found = [effect.event for effect in effects if isinstance(effect, Notify)]
    return [event for event in found if event.kind is EventKind.ALERT]


def quote(bench: Bench, bid: str, ask: str) -> None:
    """Let the book of A stand so."""
    size = parse_count("100")
    bench.take(BookSnapshot("A", ((parse_price(bid), size),), ((parse_price(ask), size),)))


def ruled(**rules: str) -> CoreSettings:
    """Settings that hold these rules."""
    return CoreSettings(whole=Settings(alerts=AlertSettings(rules=rules)))


def test_a_price_rings_once_until_it_comes_back() -> None:
    bench = Bench()
    effects = ask(bench, "A above 60")
    assert answer(effects).outcome is Outcomes.DONE
    assert SaveSetting("alerts.rules.a1", "A > 60") in effects
    assert rings(bench.wait(1)) == []
    quote(bench, "0.60", "0.62")
    (event,) = rings(bench.wait(1))
    assert (event.ticker, event.title) == ("A", "Alert a1: A > 60")
    assert "61¢" in event.text
    quote(bench, "0.59", "0.60")
    assert rings(bench.wait(1)) == []
    quote(bench, "0.60", "0.62")
    assert rings(bench.wait(1)) == []
    quote(bench, "0.47", "0.49")
    bench.wait(1)
    quote(bench, "0.60", "0.62")
    assert len(rings(bench.wait(1))) == 1


def test_a_book_that_is_not_known_rings_nothing() -> None:
    bench = Bench()
    quote(bench, "0.60", "0.62")
    bench.take(TickerChanged("A", parse_price("0.41"), parse_count("1"), parse_count("0")))
    ask(bench, "A below 50")
    assert rings(bench.wait(1)) == []
    bench.take(BookStale(("A",), "the stream has a gap"))
    assert rings(bench.wait(1)) == []
    row = alert_rows(bench.core.state)["a1"]
    assert isinstance(row, AlertRow)
    assert row.seen == "no price yet"
    quote(bench, "0.40", "0.42")
    assert len(rings(bench.wait(1))) == 1


def test_a_rule_changed_in_the_file_rings_anew_and_an_unchanged_one_does_not() -> None:
    bench = Bench()
    quote(bench, "0.60", "0.62")
    ask(bench, "A above 55")
    effects = bench.wait(1)
    assert len(rings(effects)) == 1
    kept = {e.key: e.value for e in effects if isinstance(e, KeepMeta)}
    for rule, times in (("A > 55", 0), ("A > 50", 1)):
        again = Bench(settings=ruled(a1=rule))
        again.core.alerts.recall(kept)
        quote(again, "0.60", "0.62")
        assert len(rings(again.wait(1))) == times


def test_a_move_within_its_time_rings() -> None:
    bench = Bench()
    ask(bench, "A moves 5 in 1m")
    bench.wait(2)
    quote(bench, "0.52", "0.54")
    assert len(rings(bench.wait(1))) == 1
    assert rings(bench.wait(120)) == []


def test_a_move_is_seen_further_back_than_the_newest_prices_are_kept() -> None:
    bench = Bench()
    hour_ns = bench.now_ns - bench.now_ns % HOUR_NS
    low = [
        Bar(hour_ns - back * HOUR_NS, Price(4_000), Price(4_000), Price(3_000), Price(4_000))
        for back in (2, 3)
    ]
    bench.core.state.markets.by_ticker["A"].bars.put_before(low, bench.now_ns)
    ask(bench, "A moves 15 in 1h")
    assert rings(bench.wait(1)) == []
    ask(bench, "A moves 15 in 4h")
    (event,) = rings(bench.wait(1))
    assert "17.5¢" in event.text


def news(bench: Bench, name: str, *matches: NewsMatch, **fields: object) -> list[DeskEvent]:
    """Let an item arrive and return what rings."""
    now_ns = bench.now_ns
    given = {"published_ns": now_ns - SECOND, "first_seen_ns": now_ns, "cluster": name, **fields}
    return rings(bench.take(NewsArrived((item(name, *matches, **given),))))


def test_news_of_a_market_and_of_words_ring_once_a_story() -> None:
    bench = Bench()
    ask(bench, "news A")
    ask(bench, "news held")
    ask(bench, "news about Rate CUT")
    assert news(bench, "1", match("B")) == []
    (event,) = news(bench, "2", match("A"), match("B"), title="A title")
    assert (event.ticker, event.text) == ("A", "wire: A title")
    assert news(bench, "3", match("A"), cluster="2") == []
    assert news(bench, "4", match("A", relevance=0.4)) == []
    (event,) = news(bench, "5", title="Fed cuts", summary="a RATE cut at last")
    assert event.title == "Alert a3: news about rate cut"
    bench.hold("100", "0.48", ticker="A")
    assert {event.title for event in news(bench, "6", match("A"))} == {
        "Alert a1: news A",
        "Alert a2: news held",
    }


def test_yesterdays_news_of_a_feed_that_is_looked_at_first_ring_nothing() -> None:
    bench = Bench()
    ask(bench, "news A")
    assert news(bench, "1", match("A"), published_ns=bench.now_ns - 2 * HOUR_NS) == []
    assert len(news(bench, "2", match("A"), published_ns=bench.now_ns - HOUR_NS // 2)) == 1
    assert len(news(bench, "3", match("A"), published_ns=0)) == 1


def test_a_close_that_comes_near_rings_once_and_again_when_it_is_moved() -> None:
    bench = Bench()
    ask(bench, "closes A in 30m")
    for minutes, expected in ((40, 0), (29, 1), (28, 0), (27, 0)):
        close_ns = bench.now_ns + minutes * 60 * SECOND if minutes in (40, 29) else 0
        if close_ns:
            status = MarketStatusChanged("A", MarketStatus.ACTIVE, close_ns=close_ns)
            bench.take(status)
        found = rings(bench.wait(60))
        assert len(found) == expected
    assert bench.core.state.alerts["a1"].seen == "26 min"


def test_the_use_of_a_limit_rings_again_after_it_was_all_free() -> None:
    bench = Bench()
    ask(bench, "limits > 50%")
    ask(bench, "limit open_positions > 90%")
    ask(bench, "limit resting_orders > 1%")
    assert rings(bench.wait(60)) == [], "the age of data comes and goes many times an hour"
    for number in (1, 2):
        quote(bench, "0.47", "0.48")
        (intent,) = sent(bench.buy("5", "0.40", name=f"c{number}"))
        bench.take(OrderAnswered(intent.client_order_id, f"o{number}", Count(0), intent.count))
        told = [event.title for event in rings(bench.wait(1))]
        assert "Alert a3: limit resting_orders > 1%" in told
        assert "Alert a2: limit open_positions > 90%" not in told
        assert rings(bench.wait(1)) == []
        bench.take(CancelAnswered(f"o{number}", intent.count))
        assert rings(bench.wait(1)) == []


def test_fills_and_the_day_s_p_and_l_ring() -> None:
    bench = Bench()
    bench.wait(1)
    ask(bench, "fill A")
    ask(bench, "pnl < -5")
    bench.hold("100", "0.48", ticker="A")
    assert [event.title for event in rings(bench.log)] == ["Alert a1: fill A"]
    quote(bench, "0.20", "0.22")
    heard = rings(bench.wait(1))
    assert [event.title for event in heard] == ["Alert a2: pnl < -5"]
    assert re.search(r"P&L is -\$\d+\.\d\d\.", heard[0].text)


def test_what_was_raised_is_not_told_again_after_a_restart() -> None:
    bench = Bench()
    ask(bench, "A > 60")
    quote(bench, "0.60", "0.62")
    effects = bench.wait(1)
    kept = {e.key: e.value for e in effects if isinstance(e, KeepMeta)}
    assert f"{RAISED_KEY}a1" in kept
    again = Bench(settings=ruled(a1="A > 60"))
    again.core.alerts.recall(kept)
    quote(again, "0.60", "0.62")
    assert rings(again.wait(1)) == []
    row = alert_rows(again.core.state)["a1"]
    assert isinstance(row, AlertRow)
    assert (row.state, row.source) == ("raised", "settings")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("C > 60", "There is no market C"),
        ("limit event_procent > 80%", "Did you mean event_percent?"),
        ("limit qqq > 80%", "There is no limit qqq. Risk and 'risk' list them."),
        ("A > 600", "between 0 and 100 cents"),
        ("", "needs a rule"),
        ("[red]", "no rule"),
    ],
)
def test_what_would_never_ring_is_refused_in_words(rule: str, words: str) -> None:
    bench = Bench()
    given = answer(ask(bench, rule))
    assert given.outcome is Outcomes.REFUSED
    assert words in given.reasons[0].text
    assert not bench.core.state.alerts


def test_the_same_rule_is_set_once_and_a_dropped_one_is_gone() -> None:
    bench = Bench()
    ask(bench, "A > 60")
    assert "is that already" in answer(ask(bench, "a above 60.00")).text
    effects = bench.do(DropAlert(alert_id="a1"))
    assert answer(effects).outcome is Outcomes.DONE
    assert SaveSetting("alerts.rules.a1", None) in effects
    assert answer(bench.do(DropAlert(alert_id="a1"))).outcome is Outcomes.REFUSED


def test_a_broken_rule_of_the_file_is_shown_and_can_be_dropped() -> None:
    bench = Bench(settings=ruled(mine="A >", good="fill"))
    rows = alert_rows(bench.core.state)
    problems = {n: r.problem != "" for n, r in rows.items() if isinstance(r, AlertRow)}
    assert problems == {"mine": True, "good": False}
    assert answer(bench.do(DropAlert(alert_id="mine"))).outcome is Outcomes.DONE


def test_rules_set_as_settings_are_watched_at_once() -> None:
    bench = Bench(settings=ruled(mine="A >", good="fill"))
    given = answer(bench.do(SetSetting(name="alerts.rules.high", value="A above 60")))
    assert given is not None
    assert given.outcome is Outcomes.DONE, given
    assert "next start" not in given.text
    quote(bench, "0.60", "0.62")
    assert [event.title for event in rings(bench.wait(1))] == ["Alert high: A > 60"]
    refused = answer(bench.do(SetSetting(name="alerts.rules.low", value="C below 60")))
    assert refused is not None
    assert "There is no market C" in refused.reasons[0].text
    bench.do(SetSetting(name="alerts.rules.high", value=""))
    assert sorted(bench.core.state.alerts) == ["good"]
    bench.do(SetAlert(rule="pnl < -5"))
    assert bench.core.state.settings.whole.alerts.rules["a1"] == "pnl < -5"


def test_a_price_that_jumps_about_does_not_flood_the_faces() -> None:
    bench = Bench()
    ask(bench, "A above 60")
    told: list[DeskEvent] = []
    for _ in range(MOST_TOLD + 10):
        for bid, offer in (("0.47", "0.49"), ("0.60", "0.62")):
            quote(bench, bid, offer)
            told += rings(bench.wait(1))
    assert len(told) == MOST_TOLD
    assert "held back and counted" in told[-1].text
