"""The canary's own looks: what it asks for, what it says, and that nothing of it can do harm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from kalshi_desk.core.drift import BookTop, DriftKind
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import CoreEvent, DriftReported
from kalshi_desk.core.types import Count, parse_price
from kalshi_desk.kalshi import canary as canary_module
from kalshi_desk.kalshi import drift_table as table
from kalshi_desk.kalshi.canary import Canary
from kalshi_desk.kalshi.decode import FrameReader, LostBooks
from kalshi_desk.kalshi.drift_samples import FrameSamples
from kalshi_desk.kalshi.stale_books import BOOKS, StaleBooks
from kalshi_desk.kalshi.translate import Translator
from tests.kalshi.test_drift_check import body_of
from tests.kalshi.test_rest import INTENT, FakeSteadyClock, client

BODIES: dict[str, Any] = {
    "/exchange/status": body_of(table.STATUS),
    "/markets": {"markets": [body_of(table.MARKET)], "cursor": ""},
    "/events": {"events": [body_of(table.EVENT)], "cursor": ""},
}
API = "/trade-api/v2"
Answer = httpx.Response | Exception


class Site:
    """A public exchange whose answers can be changed."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(API)
        self.asked.append(path)
        found = self.answers.get(path, httpx.Response(200, content=json.dumps(BODIES[path])))
        if isinstance(found, Exception):
            raise found
        return found


class Slept(BaseException):
    """Ends a loop that would sleep for ever."""


def watcher(site: Site) -> tuple[Canary, list[CoreEvent]]:
    return Canary(client(site), sleep=FakeSteadyClock().sleep), []


def reports(events: list[CoreEvent]) -> list[DriftReported]:
    return [event for event in events if isinstance(event, DriftReported)]


async def test_a_look_at_good_answers_is_whole_and_finds_nothing() -> None:
    site = Site()
    canary, events = watcher(site)
    assert await canary.look(events.append)
    assert reports(events) == [DriftReported(is_whole=True)]
    assert site.asked == ["/exchange/status", "/markets", "/events"]


async def test_what_the_desk_has_read_anyway_is_not_asked_for_again() -> None:
    site = Site()
    rest = client(site)
    canary, events = Canary(rest, sleep=FakeSteadyClock().sleep), []
    await rest.exchange_status()
    await rest.markets()
    await canary.look(events.append)
    assert site.asked == ["/exchange/status", "/markets", "/events"]


async def test_a_changed_answer_is_told_at_a_glance_and_never_twice() -> None:
    site = Site()
    changed = {"markets": [{**body_of(table.MARKET), "status": "frozen"}], "cursor": ""}
    site.answers["/markets"] = httpx.Response(200, content=json.dumps(changed))
    rest = client(site)
    canary = Canary(rest, sleep=FakeSteadyClock().sleep)
    events: list[CoreEvent] = []
    await rest.markets()
    canary.glance(events.append)
    (report,) = reports(events)
    assert [finding.field for finding in report.findings] == ["market.status"]
    canary.glance(events.append)
    assert len(events) == 1


async def test_a_refusal_because_the_route_has_ended_is_a_finding() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        return httpx.Response(410, content=b'{"error":{"code":"deprecated_v2_order_endpoint"}}')

    rest = client(gone)
    canary = Canary(rest, sleep=FakeSteadyClock().sleep)
    events: list[CoreEvent] = []
    with pytest.raises(Refuse):
        await rest.create_order(INTENT)
    canary.glance(events.append)
    kinds = {finding.kind: finding for finding in reports(events)[0].findings}
    assert kinds[DriftKind.DEPRECATED].field == "answer to an order.error"
    assert kinds[DriftKind.DEPRECATED].touches_money


@pytest.mark.parametrize(
    ("failure", "is_tried_soon"),
    [
        (httpx.ReadTimeout("late"), True),
        (httpx.Response(503, content=b"{}"), True),
        (httpx.Response(403, content=b'{"msg":"no scope"}'), False),
    ],
)
async def test_an_answer_that_can_not_be_had_is_a_problem_not_a_finding(
    failure: Answer, is_tried_soon: bool
) -> None:
    site = Site()
    site.answers["/markets"] = failure
    canary, events = watcher(site)
    assert await canary.look(events.append) is not is_tried_soon
    (report,) = reports(events)
    assert report.problem.startswith("/markets could not be read:")
    assert (report.findings, report.is_whole) == ((), False)
    assert "/events" in site.asked


async def test_it_looks_at_start_and_hourly_and_sooner_after_a_failure() -> None:
    site = Site()
    steady = FakeSteadyClock()
    looks: list[tuple[float, bool]] = []

    async def sleep(seconds: float) -> None:
        await steady.sleep(seconds)
        if steady.now_s > 3 * canary_module.WHOLE_LOOK_S:
            raise Slept

    def sink(event: CoreEvent) -> None:
        assert isinstance(event, DriftReported)
        looks.append((steady.now_s, event.is_whole))
        site.answers.pop("/events", None)

    site.answers["/events"] = httpx.Response(503, content=b"{}")
    canary = Canary(client(site), sleep=sleep)
    canary.begin()
    with pytest.raises(Slept):
        await canary.run(sink)
    times, whole = zip(*looks, strict=True)
    assert whole == (False, True, True, True)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] == pytest.approx(canary_module.AGAIN_S, abs=10)
    assert gaps[1:] == pytest.approx([canary_module.WHOLE_LOOK_S] * 2, abs=10)
    assert site.asked.count("/markets") == 3


async def test_it_asks_nothing_before_the_desk_has_read_its_own() -> None:
    site = Site()
    canary, events = watcher(site)
    running = asyncio.create_task(canary.run(events.append))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert site.asked == []


async def test_a_broken_check_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    canary, events = watcher(Site())

    def broken(*args: object) -> None:
        raise KeyError("table")

    monkeypatch.setattr(canary._answers, "take", broken)
    assert await canary.look(events.append)
    problems = [report.problem for report in reports(events)]
    assert "The check itself failed: KeyError('table')." in problems


async def test_a_look_that_breaks_is_tried_again_and_harms_nobody() -> None:
    steady = FakeSteadyClock()
    events: list[CoreEvent] = []

    async def sleep(seconds: float) -> None:
        await steady.sleep(seconds)
        if len(events) == 2:
            raise Slept

    canary = Canary(client(Site()), watched=lambda: 1 // 0, sleep=sleep)  # type: ignore[arg-type]
    canary.begin()
    with pytest.raises(Slept):
        await canary.run(events.append)
    assert {report.problem for report in reports(events)} == {
        "The check itself failed: ZeroDivisionError('integer division or modulo by zero')."
    }
    assert steady.now_s == pytest.approx(canary_module.AGAIN_S, abs=10)


DELTA = b'{"type":"orderbook_delta","sid":1,"seq":%d,"msg":{"market_ticker":"A",%s}}'
GOOD = b'"price_dollars":"0.4700","delta_fp":"1.00","side":"yes"'


class TestFrames:
    def reader(self) -> tuple[Translator, FrameSamples]:
        translator, samples = Translator(yes_prices=True), FrameSamples()
        samples.want_all([translator])
        return translator, samples

    def test_the_next_frame_of_a_type_is_looked_at_and_then_no_more(self) -> None:
        translator, samples = self.reader()
        translator.translate(DELTA % (1, GOOD + b',"surprise":1'))
        translator.translate(DELTA % (2, GOOD + b',"later":1'))
        assert [f.field for f in samples.take([translator])] == ["orderbook_delta frame.surprise"]
        translator.translate(DELTA % (3, GOOD + b',"later":1'))
        assert samples.take([translator]) == []
        samples.want_all([translator])
        translator.translate(DELTA % (4, GOOD + b',"later":1'))
        assert len(samples.take([translator])) == 1

    def test_a_frame_that_can_not_be_read_any_more_is_named_by_field(self) -> None:
        translator, samples = self.reader()
        translator.translate(DELTA % (1, GOOD.replace(b'"1.00"', b"1")))
        (finding,) = samples.take([translator])
        assert (finding.kind, finding.field, finding.touches_money) == (
            DriftKind.TYPE,
            "orderbook_delta frame.delta_fp",
            True,
        )
        translator.translate(b"\x00garbage")
        assert samples.take([translator]) == []
        translator.translate(DELTA % (1, GOOD.replace(b'"yes"', b"7")))
        assert samples.take([translator])[0].field == "orderbook_delta frame.side"

    def test_a_type_nobody_knows_is_told_and_touches_no_money(self) -> None:
        translator, samples = self.reader()
        translator.translate(b'{"type":"moon_phase","sid":9,"msg":{}}')
        translator.translate(b'{"type":"event_lifecycle","sid":9,"msg":{}}')
        (finding,) = samples.take([translator])
        assert (finding.field, finding.seen, finding.touches_money) == (
            "frame.type",
            "moon_phase",
            False,
        )

    def test_books_that_are_distrusted_are_lost_like_those_behind_a_gap(self) -> None:
        lost: list[LostBooks] = []
        reader = FrameReader(yes_prices=True, on_lost=lost.append)
        for number, ticker in enumerate(("A", "B"), start=1):
            reader.read(
                b'{"type":"orderbook_snapshot","sid":1,"seq":%d,"msg":{"market_ticker":"%s"}}'
                % (number, ticker.encode())
            )
        reader.distrust({"A", "never seen"}, "it differs")
        assert reader.fresh == {"B"}
        assert (lost[0].tickers, lost[0].why) == ({"A"}, "it differs")


Levels = list[list[str]]


class Books:
    """Books as the stream left them beside what the exchange tells when asked."""

    def __init__(self) -> None:
        self.tops: dict[str, BookTop] = {}
        self.told: dict[str, list[Levels]] = {}
        self.asked: list[list[str]] = []
        self.on_ask: Callable[[], None] = lambda: None
        self.steady = FakeSteadyClock()
        self.stale = StaleBooks(client(self.answer), self.tops.get, self.steady.sleep)

    def put(self, ticker: str, streamed: str, *told: str) -> None:
        """Have 5 contracts bid at a price, and bids at others told one after the other."""
        self.tops[ticker] = top(streamed)
        self.told[ticker] = [[[price, "5.00"]] for price in told or (streamed,)]

    def answer(self, request: httpx.Request) -> httpx.Response:
        tickers = request.url.params.get_list("tickers")
        self.asked.append(tickers)
        self.on_ask()
        books = []
        for ticker in tickers:
            left = self.told[ticker]
            bids = left.pop(0) if len(left) > 1 else left[0]
            books.append({"ticker": ticker, "orderbook_fp": {"yes_dollars": bids}})
        return httpx.Response(200, content=json.dumps({"orderbooks": books}))


def top(price: str, updated_ns: int = 1) -> BookTop:
    return BookTop(bid=(parse_price(price), Count(500)), ask=None, updated_ns=updated_ns)


class TestStaleBooks:
    async def test_a_book_that_stands_still_and_differs_twice_is_stale(self) -> None:
        books = Books()
        books.put("A", "0.4700", "0.4800", "0.4900")
        books.put("B", "0.3000")
        found = await books.stale.look((), {"A", "B"})
        assert found.keys() == {"A"}
        finding = found["A"]
        assert (finding.kind, finding.touches_money) == (DriftKind.STALE, True)
        assert finding.text == (
            "the stream's book of A shows 0.4700 × 5.00 / nobody, "
            "the exchange itself 0.4900 × 5.00 / nobody"
        )
        assert books.asked == [["A", "B"], ["A"]]

    async def test_reads_that_lag_for_a_moment_are_nothing(self) -> None:
        books = Books()
        books.put("A", "0.4700", "0.4600", "0.4700")
        assert await books.stale.look((), {"A"}) == {}

    @pytest.mark.parametrize("in_which", [1, 2])
    async def test_a_book_that_moves_meanwhile_is_not_stale(self, in_which: int) -> None:
        books = Books()
        books.put("A", "0.4700", "0.4800", "0.4800")

        def move() -> None:
            if len(books.asked) == in_which:
                books.tops["A"] = top("0.4700", updated_ns=2)

        books.on_ask = move
        assert await books.stale.look((), {"A"}) == {}
        assert len(books.asked) == in_which

    async def test_only_trusted_books_are_compared(self) -> None:
        books = Books()
        assert await books.stale.look({"gone"}, {"gone"}) == {}
        assert books.asked == []

    async def test_mine_come_first_and_the_others_in_turn(self) -> None:
        books = Books()
        names = [f"M{n:02}" for n in range(40)]
        for name in names:
            books.put(name, "0.5000")
        for _ in range(3):
            await books.stale.look({"M39", "elsewhere"}, names)
        assert all(len(asked) == BOOKS and asked[0] == "M39" for asked in books.asked)
        assert {name for asked in books.asked[:2] for name in asked} == set(names)
