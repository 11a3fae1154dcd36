"""The drift canary: at start and hourly, does the exchange still answer as the desk expects?

Most of what it compares the desk has read anyway; it asks only for what is missing, a
little at a time, and never holds anything up.  What it finds goes to the core as
``DriftReported``; a canary that can't look says so and tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from urllib.parse import quote

from kalshi_desk.core.drift import DriftFinding
from kalshi_desk.core.errors import DeskError, Refuse
from kalshi_desk.core.events import DriftReported
from kalshi_desk.core.ports import EventSink, Sleep
from kalshi_desk.kalshi.drift_samples import AnswerSamples, FrameSamples, route_of
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.stale_books import StaleBooks, TopOf
from kalshi_desk.kalshi.stream import Stream
from kalshi_desk.kalshi.translate import Translator
from kalshi_desk.kalshi.transport import Params

_log = logging.getLogger(__name__)

WHOLE_LOOK_S = 3_600.0
AGAIN_S = 60.0
GLANCE_S = 5.0
SETTLE_S = 3.0
GAP_S = 0.25
MOST_PROBLEMS = 2
_STALE_WHY = "this book differs from the exchange's own"

Question = tuple[str, Params | None]


def _nothing() -> Collection[str]:
    return ()


class Canary:
    """Looks at one connection's answers; without a stream only at the public ones.

    ``top_of`` tells the books that the desk has made of the stream, ``mine`` the markets
    that matter to the account, ``watched`` those whose books are followed.
    """

    def __init__(
        self,
        rest: RestClient,
        *,
        stream: Stream | None = None,
        top_of: TopOf | None = None,
        mine: Callable[[], Collection[str]] = _nothing,
        watched: Callable[[], Collection[str]] = _nothing,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._stream = stream
        self._mine = mine
        self._watched = watched
        self._sleep = sleep
        self._answers = AnswerSamples()
        self._frames = FrameSamples()
        self._stale = None if top_of is None else StaleBooks(rest, top_of, sleep)
        self._ready = asyncio.Event()
        rest.http.on_answer = self._answers.keep

    def begin_connection(self) -> None:
        """Want one frame of each type of a new connection."""
        self._frames.want_all(self._translators())

    def begin(self) -> None:
        """Let :meth:`run` ask: the desk has read what it needs for itself."""
        self._ready.set()

    async def run(self, sink: EventSink) -> None:
        """Look until cancelled: a whole look at start and hourly, a glance in between.

        A canary that breaks says so; it never takes the feed down with it.
        """
        await self._ready.wait()
        while True:
            try:
                is_done = await self.look(sink)
            except Exception as error:
                _log.exception("the drift canary failed")
                sink(DriftReported(problem=f"The check itself failed: {error!r}."))
                is_done = False
            left_s = WHOLE_LOOK_S if is_done else AGAIN_S
            while left_s > 0:
                await self._sleep(GLANCE_S)
                left_s -= GLANCE_S
                self.glance(sink)
            if is_done:
                self._answers.want_all()
                self._frames.want_all(self._translators())

    def glance(self, sink: EventSink) -> None:
        """Compare what has passed so far, without asking for anything."""
        try:
            findings = self._answers.take() + self._frames.take(self._translators())
        except Exception as error:
            _log.exception("the drift canary failed")
            sink(DriftReported(problem=f"The check itself failed: {error!r}."))
            return
        if findings:
            sink(DriftReported(tuple(findings)))

    async def look(self, sink: EventSink) -> bool:
        """Take one whole look and report it; False when something must be tried again soon."""
        problems, is_done = await self._ask()
        self.glance(sink)
        await self._sleep(SETTLE_S)
        findings: list[DriftFinding] = []
        try:
            findings = await self._compare_books()
        except DeskError as error:
            problems.append(f"The books could not be compared: {error.what}")
            is_done = False
        self.glance(sink)
        problem = " ".join(problems[:MOST_PROBLEMS])
        sink(DriftReported(tuple(findings), problem, is_whole=not problem))
        return is_done

    async def _ask(self) -> tuple[list[str], bool]:
        """Ask for what has not passed by itself, spaced out, so that orders come first.

        What a key may not read is named and left alone for the hour.
        """
        problems: list[str] = []
        is_done = True
        for path, params in self._questions():
            if route_of("GET", path) not in self._answers.wanted:
                continue
            await self._sleep(GAP_S)
            try:
                await self._rest.http.get(path, params)
            except DeskError as error:
                problems.append(f"{path} could not be read: {error.what}")
                is_done = is_done and isinstance(error, Refuse)
        return problems, is_done

    def _questions(self) -> list[Question]:
        terms, ours = self._rest.terms, self._rest.ours
        asked: list[Question] = [
            ("/exchange/status", None),
            ("/markets", {"limit": 20, "status": "open", "mve_filter": "exclude"}),
            ("/events", {"limit": 5, "status": "open"}),
            *((f"/series/{quote(name, safe='')}", None) for name in list(terms.series)[:1]),
            *(
                ("/markets/orderbooks", [("tickers", ticker)])
                for ticker in sorted(self._watched())[:1]
            ),
        ]
        if self._stream is not None:
            asked += [
                ("/account/limits", None),
                ("/exchange/user_data_timestamp", None),
                ("/portfolio/orders", ours(limit=20)),
                ("/portfolio/fills", ours(limit=20)),
                ("/portfolio/positions", ours(limit=20)),
                ("/portfolio/settlements", ours(limit=5)),
                ("/portfolio/balance", ours()),
            ]
        return asked

    async def _compare_books(self) -> list[DriftFinding]:
        """Find books that the stream has left behind, and have them sent anew."""
        stream = self._stream
        if self._stale is None or stream is None or not stream.is_open:
            return []
        stale = await self._stale.look(self._mine(), self._watched())
        if stale:
            for translator in stream.translators:
                translator.reader.distrust(stale, _STALE_WHY)
        return list(stale.values())

    def _translators(self) -> tuple[Translator, ...]:
        return () if self._stream is None else self._stream.translators
