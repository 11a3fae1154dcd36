"""A recorded engine and its backtest: the same events at the same times, the same decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.backtest.source import LooksRecorded, RecordingSource
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import (
    BarsKnown,
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    CoreEvent,
    FeedsReported,
    LinkState,
    MarketsListed,
    NewsArrived,
    TimerFired,
    TradePrinted,
)
from kalshi_desk.core.news import FeedState, NewsItem, ReaderReport, ReaderState
from kalshi_desk.core.strategy import Bar, Decision, MarketView, Observation, Why
from kalshi_desk.core.types import Count, Price
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.shell import EngineShell, VenueActions
from kalshi_desk.engine.strategy_link import prime
from kalshi_desk.kalshi.translate import MarketChanged, Translator
from kalshi_desk.market.bars import HOUR_NS
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.mirror import view_of
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.recording import RecordedMeta, read_frames
from tests.backtest.days import SECOND, START_NS, BidOnce, TakeOffer, listed
from tests.kalshi.frame_maker import delta, encode, snapshot, subscribed
from tests.market.news import START as NEWS_START
from tests.market.news import feed_report
from tests.market.news import item as news_item
from tests.market.news import match as news_match
from tests.replay.capture_maker import capture_lines, frames_of, write_capture


class Clock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.at_ns = START_NS

    def now_ns(self) -> int:
        self.at_ns += 1_000
        return self.at_ns


class Venue(VenueActions):
    """Tells when the frame that is being told was received."""

    def __init__(self) -> None:
        self.at_ns = 0
        self.is_first = True

    @property
    def frame_ns(self) -> int:
        return self.at_ns

    @property
    def is_frame_tapped(self) -> bool:
        return self.at_ns > 0 and self.is_first


class Engine:
    """A shell with its recorder, fed with frames and other events as a session does it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.venue = Clock(), Venue()
        self.recorder = EngineRecorder(folder / "data/recordings", "practice", START_NS, 100)
        core = TradingCore_with_log(self)
        self.shell = EngineShell(
            core,
            Journal(folder / "journal.sqlite3", durable=False),
            self.clock,
            (),
            save_starred=lambda starred: None,
        )
        monkeypatch.setattr(self.shell, "_perform", lambda effect: None)
        self.shell.venue = self.venue
        self.shell.recorder = self.recorder
        self.stepped: list[tuple[int, CoreEvent]] = []
        self._translator = Translator(yes_prices=True, on_lost=self._lost)

    def _lost(self, lost: object) -> None:
        tickers = getattr(lost, "tickers", frozenset())
        self.shell.take(BookStale(tuple(sorted(tickers)), getattr(lost, "why", "")))

    def connect(self) -> None:
        self.recorder.begin_connection(1, self.clock.now_ns())
        self._translator.reader.begin_connection(yes_prices=True)

    def frame(self, frame: bytes) -> None:
        self.venue.at_ns = self.clock.now_ns()
        self.clock.at_ns += 777
        if self.venue.is_first:
            self.recorder.tap(self.venue.at_ns, frame)
        _, event = self._translator.translate(frame)
        if event is not None and not isinstance(event, MarketChanged):
            self.shell.take(event)
        self.venue.at_ns = 0

    def look(self, name: str) -> int:
        now_ns = self.clock.now_ns()
        self.recorder.mark_cycle(now_ns, [name])
        return now_ns


class TradingCore_with_log(TradingCore):  # noqa: N801
    """A core that keeps what it took and when."""

    def __init__(self, engine: Engine) -> None:
        from kalshi_desk.engine.state import CoreSettings

        super().__init__(CoreSettings())
        self._engine = engine

    def step(self, event: CoreEvent, now_ns: int) -> list[object]:  # type: ignore[override]
        self._engine.stepped.append((now_ns, event))
        return []


def frames() -> Iterator[bytes]:
    yield subscribed("orderbook_delta", 1)
    yield snapshot(1, "M-1", [("0.50", "100")], [("0.60", "100")])
    yield delta(2, "0.51", "10", "yes", "M-1")
    yield encode(
        "trade",
        sid=2,
        seq=1,
        msg={
            "trade_id": "t",
            "market_ticker": "M-1",
            "yes_price_dollars": "0.60",
            "count_fp": "3.00",
            "taker_side": "yes",
            "taker_book_side": "bid",
            "ts": 1,
            "ts_ms": 1_000,
        },
    )
    yield delta(9, "0.52", "10", "yes", "M-1")
    yield snapshot(10, "M-1", [("0.49", "100")], [("0.60", "100")])


def test_a_recording_gives_the_core_the_same_events_at_the_same_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(tmp_path, monkeypatch)
    take = engine.shell.take
    take(listed("M-1"))
    engine.connect()
    take(ConnectionChanged(LinkState.LIVE, "there"))
    hour = Bar(START_NS - HOUR_NS, Price(5_000), Price(5_500), Price(4_900), Price(5_400))
    take(BarsKnown("M-1", (hour,)))
    for frame in frames():
        engine.frame(frame)
        take(TimerFired())
    take(BookStale((), "the connection is being made again"))
    engine.recorder.close()
    source = RecordingSource([engine.recorder.path])
    assert list(source) == engine.stepped
    assert (source.has_beats, source.problems, source.frames) == (True, 0, 6)
    kinds = [type(event) for _, event in engine.stepped]
    assert kinds.count(BookStale) == 2
    assert kinds.count(BarsKnown) == 1
    times = [at_ns for at_ns, _ in engine.stepped]
    assert times == sorted(times)


def test_frames_of_another_socket_are_told_by_what_they_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first socket alone is recorded by its frames."""
    engine = Engine(tmp_path, monkeypatch)
    engine.shell.take(listed("M-1"))
    engine.connect()
    engine.venue.is_first = False
    for frame in frames():
        engine.frame(frame)
    engine.venue.is_first = True
    engine.recorder.close()
    source = RecordingSource([engine.recorder.path])
    assert list(source) == engine.stepped
    assert source.frames == 0
    assert {BookSnapshot, BookDelta, TradePrinted} < {type(event) for _, event in engine.stepped}


class Knows(TakeOffer):
    """Says what it knows besides the markets."""

    name = "knows"
    title = "Knows"
    parameters = ()

    def decide(self, view: MarketView) -> Decision:
        sums = {cell: sum(one.value for one in seen) for cell, seen in view.observations.items()}
        relations = [relation for group in view.groups for relation in group.relations]
        known = f"{sorted(sums.items())} {relations} {dict(view.since_ns)}"
        why = Why(candidate="all", code=known, text="")
        return Decision(reasons=(why,))


def measured(cell: str, value: float, source: str) -> Observation:
    return Observation(
        strategy="knows", cell=cell, event_ticker="M", value=value, at_ns=START_NS, source=source
    )


def test_looks_see_again_what_was_measured_and_confirmed_and_lost_ones_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(tmp_path, monkeypatch)
    recorder, take = engine.recorder, engine.shell.take
    recorder.mark_observation(engine.clock.now_ns(), measured("a", 1.0, "m"), known=True)
    take(listed("M-1", "N-1"))
    engine.connect()
    take(ConnectionChanged(LinkState.LIVE, "there"))
    looks = []
    for number in range(4):
        engine.clock.at_ns += SECOND
        take(TimerFired())
        pairs = [("M-1", "N-1")] if number >= 2 else []
        looks.append(engine.clock.now_ns())
        recorder.mark_cycle(looks[-1], ["knows"], pairs, {"all": START_NS + number})
        if number == 0:
            late = measured("b", 2.0, "f")
            recorder.mark_observation(engine.clock.now_ns(), late, known=False)
        elif number == 1:
            recorder.mark_failure(looks[-1], "knows", "it took longer than 1 s", unanswered=True)
            continue
        if number < 3:
            decided = Decision()
            recorder.mark_decision(looks[-1], "knows", decision=decided)
            # Asked anew while that one waited: another look before the next beat.
            looks.append(engine.clock.now_ns())
            recorder.mark_cycle(looks[-1], ["knows"], pairs, {})
            recorder.mark_decision(looks[-1], "knows", decision=decided)
    recorder.close()
    result = Backtester(recording=recorder.path, home=tmp_path).run_strategy(Knows)
    assert [at_ns for at_ns, _ in result.decisions] == [*looks[:2], *looks[3:5]], (
        "one was lost, and the engine ended before the last was answered"
    )
    first, _, second, _ = (next(iter(facts["reasons"])) for _, facts in result.decisions)
    assert first.startswith("[('a', 1.0)]")
    assert "M-1" not in first
    assert second.startswith("[('a', 1.0), ('b', 2.0)]")
    assert "M-1" in second
    assert [f"{{'all': {START_NS}}}" in first, f"{{'all': {START_NS + 2}}}" in second] == [True] * 2


class KnowsNews(TakeOffer):
    """Says what it knows of news, of their feeds and of what reads them."""

    name = "knows_news"
    title = "Knows news"
    parameters = ()

    def decide(self, view: MarketView) -> Decision:
        known = msgspec.to_builtins((view.news, dict(view.feeds), view.reader))
        why = Why(candidate="all", code=json.dumps(known), text="")
        return Decision(reasons=(why,))


def test_news_is_seen_again_as_the_desk_saw_it_also_by_a_worker_that_began_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the desk filled in comes again from the events, whatever the worker could know."""
    engine = Engine(tmp_path, monkeypatch)
    take, strategy = engine.shell.take, KnowsNews()
    desk, worker = LiveMarkets(), LiveMarkets()
    known = news_item("0", news_match("M-1"), at_s=-7_200.0)
    take(NewsArrived((shifted(known),)))
    take(listed("M-1"))
    engine.connect()
    take(ConnectionChanged(LinkState.LIVE, "there"))
    live: list[str] = []
    fed = 0
    for minute in range(12):
        engine.clock.at_ns += 60 * SECOND
        price = 4_000 + 100 * minute
        take(
            BookSnapshot("M-1", ((Price(price), Count(100)),), ((Price(price + 200), Count(100)),))
        )
        take(TimerFired())
        if minute % 3 == 2:
            cluster = "s" if minute < 8 else f"{minute}"
            item = news_item(f"{minute}", news_match("M-1"), cluster=cluster)
            seen_ns = engine.clock.now_ns() - 500
            dated = {"first_seen_ns": seen_ns, "published_ns": seen_ns - SECOND}
            take(NewsArrived((msgspec.structs.replace(item, **dated),)))
        if minute in {3, 5, 9}:
            state = FeedState.FAILING if minute == 5 else FeedState.OK
            report = feed_report("wire", state, failures=minute % 2)
            is_down = minute == 9
            reader = ReaderReport(
                state=ReaderState.DOWN if is_down else ReaderState.READING, since_ns=minute
            )
            take(FeedsReported((report,), reader))
        now_ns = engine.look(strategy.name)
        while fed < len(engine.stepped):
            at_ns, event = engine.stepped[fed]
            desk.apply(event, at_ns)
            if isinstance(event, NewsArrived):
                event = NewsArrived(desk.news.changed)
            worker.apply(event, at_ns)
            fed += 1
        if minute == 6:
            worker = LiveMarkets()
            for at_ns, event in prime(desk, now_ns):
                worker.apply(event, at_ns)
        decision = strategy.decide(view_of(worker, now_ns))
        live.append(decision.reasons[0].code)
        engine.recorder.mark_decision(now_ns, strategy.name, decision, strategy.values)
    engine.recorder.close()
    result = Backtester(recording=engine.recorder.path, home=tmp_path).run_strategy(KnowsNews)
    assert [next(iter(facts["reasons"])) for _, facts in result.decisions] == live
    assert json.loads(live[2])[1:] == [{}, None]
    states = [
        (feeds["wire"]["state"], reader["state"])
        for _, feeds, reader in (json.loads(one) for one in live[3:])
    ]
    assert states == [("ok", "reading")] * 2 + [("failing", "reading")] * 4 + [("ok", "down")] * 3
    last = json.loads(live[-1])[0]
    assert [item["item_id"] for item in last] == ["0", "2", "5", "8", "11"]
    prices = [item["matches"][0]["pre_price"] for item in last]
    assert prices[0] is None
    assert prices[1] == prices[2] == 4_100
    assert prices[3] < prices[4]


def shifted(item: NewsItem) -> NewsItem:
    """Return an item seen as long before these recordings as it was before the others."""
    seen_ns = item.first_seen_ns - NEWS_START + START_NS
    return msgspec.structs.replace(item, first_seen_ns=seen_ns, published_ns=seen_ns)


def recorded_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, list[dict[str, object]]]:
    """Record an engine whose strategy looks now and then, and return its decisions too."""
    from kalshi_desk.engine.strategy_worker import Worker
    from kalshi_desk.market.mirror import view_of

    engine = Engine(tmp_path, monkeypatch)
    take = engine.shell.take
    take(listed("M-1"))
    engine.connect()
    take(ConnectionChanged(LinkState.LIVE, "there"))
    strategy = TakeOffer({"count": 3})
    mirror = Worker.__new__(Worker)
    from kalshi_desk.market.live import LiveMarkets

    mirror.markets = LiveMarkets()
    fed = 0
    engine.frame(subscribed("orderbook_delta", 1))
    engine.frame(snapshot(1, "M-1", [("0.50", "100")], [("0.60", "100")]))
    seq, offer = 1, 60
    for minute in range(30):
        for _ in range(3):
            seq += 1
            engine.clock.at_ns += SECOND // 2
            engine.frame(delta(seq, f"0.{40 + seq % 10}", "5", "yes", "M-1"))
        engine.frame(delta(seq + 1, f"0.{offer}", "-20", "no", "M-1"))
        offer = 53 + minute % 7
        engine.frame(delta(seq + 2, f"0.{offer}", "20", "no", "M-1"))
        seq += 2
        engine.clock.at_ns += 57 * SECOND
        take(TimerFired())
        engine.frame(delta(seq + 1, "0.30", "1", "yes", "M-1"))
        seq += 1
        now_ns = engine.look(strategy.name)
        while fed < len(engine.stepped):
            at_ns, event = engine.stepped[fed]
            mirror.markets.apply(event, at_ns)
            fed += 1
        decision: Decision = strategy.decide(view_of(mirror.markets, now_ns))
        engine.recorder.mark_decision(now_ns, strategy.name, decision, strategy.values)
    engine.recorder.close()
    return engine.recorder.path, [
        {"recv_ns": record.content.pop("recv_ns"), **record.content}
        for record in read_frames(engine.recorder.path)
        if isinstance(record, RecordedMeta) and record.kind == "decision"
    ]


def test_the_decisions_of_a_recorded_run_come_again_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, live = recorded_run(tmp_path, monkeypatch)
    result = Backtester(recording=path, home=tmp_path, parameters={"count": 3}).run_strategy(
        TakeOffer
    )
    again = [{"recv_ns": at_ns, **facts} for at_ns, facts in result.decisions]
    assert len(live) == 30
    assert len({json.dumps(one["signals"]) for one in live}) > 5
    assert json.dumps(again) == json.dumps(live)
    assert result.report["looks_at"] == "the recorded moments"


def test_a_truncated_recording_decides_the_same_up_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = recorded_run(tmp_path, monkeypatch)
    whole = Backtester(recording=path, home=tmp_path).run_strategy(TakeOffer)
    broken = tmp_path / "broken.jsonl.zst"
    broken.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    cut = Backtester(recording=broken, home=tmp_path).run_strategy(TakeOffer)
    assert 5 < len(cut.decisions) < len(whole.decisions)
    assert whole.decisions[: len(cut.decisions)] == cut.decisions
    assert cut.report["lines_unreadable"] == 1


def test_dates_select_from_the_recordings_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = recorded_run(tmp_path, monkeypatch)
    day = f"{path.name[9:13]}-{path.name[13:15]}-{path.name[15:17]}"
    found = Backtester(start_date=day, end_date=day, home=tmp_path).run_strategy(TakeOffer)
    assert found.report["data_source"] == [path.name]
    assert len(found.decisions) == 30
    with pytest.raises(Refuse, match="no recording of that time"):
        Backtester(end_date="2020-01-01", home=tmp_path).run_strategy(TakeOffer)
    (path.parent / path.name.replace("practice", "demo")).write_bytes(path.read_bytes())
    with pytest.raises(Refuse, match="several venues: demo, practice"):
        Backtester(start_date=day, home=tmp_path).run_strategy(TakeOffer)


def test_a_foreign_capture_lists_its_markets_as_they_show_and_trades_nothing_unpriced(
    tmp_path: Path,
) -> None:
    path = write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames_of(3)))
    events = list(RecordingSource([path]))
    assert isinstance(events[0][1], ConnectionChanged)
    told: set[str] = set()
    for _, event in events:
        if isinstance(event, MarketsListed):
            told.update(market.ticker for market in event.markets)
        ticker = getattr(event, "ticker", "")
        assert not ticker or ticker in told
    assert len(told) == 6
    finest = [e.markets[0].grid.finest for _, e in events if isinstance(e, MarketsListed)]
    assert Price(10) in finest
    assert not [e for _, e in events if isinstance(e, LooksRecorded | TimerFired)]
    result = Backtester(recording=path, home=tmp_path).run_strategy(BidOnce)
    assert result.fills == ()
    assert result.report["looks_at"] == "its interval"
