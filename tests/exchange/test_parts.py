"""The small parts: slow sockets, token buckets, clock, candles, grids, eastern time."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime

import pytest

from kalshi_desk.exchange import calendar, history
from kalshi_desk.exchange.book import Book
from kalshi_desk.exchange.buckets import Bucket
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.commands import SetMaintenance
from kalshi_desk.exchange.grids import STRUCTURES, is_on_grid, nearest, ranges
from kalshi_desk.exchange.notices import MaintenanceBegan
from kalshi_desk.exchange.records import Trade
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.server import bind
from kalshi_desk.exchange.subscriptions import Member
from kalshi_desk.exchange.venue import Venue
from tests.exchange.bench import make_market

SECOND = 1_000_000_000


def test_a_slow_socket_loses_its_busiest_subscription_and_hears_why() -> None:
    member = Member(0, queue_limit=10)
    quiet = member.open("trade", None, {})
    busy = member.open("orderbook_delta", {"A"}, {})
    member.send(quiet, "trade", b"{}")
    for _ in range(10):
        member.send(busy, "orderbook_delta", b"{}")
    frames = [json.loads(frame + b"}") for _, frame in member.outbox.frames]
    assert [frame["type"] for frame in frames] == ["trade", "error"]
    assert (frames[1]["sid"], frames[1]["msg"]["code"]) == (busy.sid, 25)
    assert list(member.by_channel) == ["trade"]
    fresh = member.open("orderbook_delta", {"A"}, {})
    assert (fresh.sid, fresh.seq) == (3, 0)


def test_a_bucket_refills_up_to_its_capacity() -> None:
    bucket = Bucket(refill=10, capacity=20, now_s=0)
    assert bucket.take(20, 0)
    assert not bucket.take(1, 0)
    assert bucket.take(10, 1)
    assert bucket.take(20, 100)
    assert not bucket.take(1, 100)


def test_the_clock_scales_and_jumps_but_signs_without_jumps() -> None:
    real = [0]
    clock = Clock(1_000 * SECOND, 10.0, lambda: real[0])
    real[0] = 2 * SECOND
    assert clock.now_ns() == 1_020 * SECOND
    clock.advance(60)
    assert clock.now_ns() == 1_080 * SECOND
    assert clock.signing_ns() == 1_020 * SECOND


def test_candles_follow_quotes_and_trades() -> None:
    market, book = make_market(), Book()
    start = 1_795_392_000 * SECOND
    history.note_quotes(market, book, start)
    history.note_trade(market, book, Trade(1, start + SECOND, 4_000, 200, True))
    history.note_trade(market, book, Trade(2, start + 2 * SECOND, 4_500, 100, True))
    history.note_trade(market, book, Trade(3, start + 61 * SECOND, 4_100, 100, True))
    first, second = market.minutes
    assert (first[0], second[0]) == (1_795_392_060, 1_795_392_120)
    assert first[9:15] == [4_000, 4_500, 4_000, 4_500, 4_000 * 200 + 4_500 * 100, 300]
    assert second[9:13] == [4_100] * 4
    merged = history.merge(market.minutes, 3_600)
    assert merged[0][9:15] == [4_000, 4_500, 4_000, 4_100, first[13] + second[13], 400]
    assert history.volume_since(market, start - SECOND) == 400


@pytest.mark.parametrize("structure", STRUCTURES)
def test_whole_cents_are_on_every_grid(structure: str) -> None:
    assert all(is_on_grid(structure, cents * 100) for cents in range(1, 100))
    assert not is_on_grid(structure, 0)
    assert not is_on_grid(structure, 10_000)
    assert all(
        is_on_grid(structure, nearest(structure, p, up=u))
        for p in (3.0, 4321.5, 9_999.0)
        for u in (True, False)
    )
    assert ranges(structure)[0]["start"] == "0.0000"


def test_eastern_time_in_winter_and_summer() -> None:
    winter = calendar.ns_of(datetime(2026, 11, 23, 4, 59, tzinfo=UTC))
    summer = calendar.ns_of(datetime(2026, 7, 4, 3, 59, tzinfo=UTC))
    assert calendar.time_text(winter) == "11:59 PM EST"
    assert calendar.day_code(winter) == "26NOV22"
    assert calendar.time_text(summer) == "11:59 PM EDT"
    assert calendar.next_eastern(winter, 23, 59) - winter == 86_400 * SECOND
    assert calendar.rfc3339(winter + 1_500_000) == "2026-11-23T04:59:00.0015Z"


@pytest.mark.parametrize(
    ("now", "days"), [((2026, 10, 25, 12, 0), 20), ((2027, 3, 1, 12, 0), 30), ((2026, 7, 1), 3)]
)
def test_a_close_beyond_a_change_of_the_clock_shows_its_own_hour(
    now: tuple[int, ...], days: int
) -> None:
    now_ns = calendar.ns_of(datetime(*now, tzinfo=UTC))  # type: ignore[misc,arg-type]
    closes = calendar.eastern_of(calendar.next_eastern(now_ns, 16, 0, days))
    assert (closes.hour, closes.minute) == (16, 0)
    start = calendar.eastern_of(now_ns).date()
    assert (closes.date() - start).days in {days, days + 1}


def test_answers_are_not_held_back_by_nagle() -> None:
    with bind(0) as sock:
        assert sock.proto == socket.IPPROTO_TCP
        assert sock.getsockname()[0] == "127.0.0.1"


def test_maintenance_that_began_between_two_steps_does_not_end_at_the_next() -> None:
    venue = Venue.new(7, 10**18, Rules(), warm_minutes=1)
    start_ns = venue.now_ns + venue.step_ns * 3 // 2
    venue.step()
    venue.apply(SetMaintenance(start_ns=start_ns, end_ns=start_ns + 10**12), start_ns)
    venue.halts.run(venue.now_ns)
    assert not venue.engine.trading_active
    assert len([n for n in venue.take_notices() if isinstance(n, MaintenanceBegan)]) == 1
