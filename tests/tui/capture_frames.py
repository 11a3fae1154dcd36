"""Records frames of a running engine for the picture tests, after a few trades.

::

    kalshi-desk engine --venue practice --home DIR &
    python -m tests.tui.capture_frames --home DIR --seconds 30
"""

from __future__ import annotations

import argparse
import asyncio

from kalshi_desk.cli.link import EngineLink
from kalshi_desk.core.types import Action, Outcome, Price
from kalshi_desk.desk.commands import AskRules, PreviewOrder
from kalshi_desk.desk.frames import BookView, Frame
from kalshi_desk.store.paths import open_home
from tests.tui.recording import FRAMES, Asked, Recording, save
from tests.tui.trading_day import TOPICS, trade_a_little

FRAME_S = 1.0
PREVIEW_SIZE = "400"


async def capture(home: str, seconds: float) -> Recording:
    """Trade a little, let the market move, and return what the engine showed."""
    link = EngineLink(open_home(home), None, "capture")
    await link.connect()
    ticker = await trade_a_little(link)
    topics = (*TOPICS, f"book:{ticker}", f"chart:{ticker}")
    await asyncio.sleep(seconds)
    first = await link.pull(topics, 0, 0)
    await asyncio.sleep(FRAME_S)
    last = await link.pull(topics, first.board_seq, first.event_seq)
    query = _question(last, ticker)
    asked = [Asked(query, await link.ask(query))]
    rules = AskRules(ticker=ticker)
    asked.append(Asked(rules, await link.ask(rules)))
    await link.close()
    return Recording(ticker=ticker, frames=[first, last], asked=asked)


def _question(frame: Frame, ticker: str) -> PreviewOrder:
    book = frame.changed[f"book:{ticker}"][""]
    assert isinstance(book, BookView)
    return PreviewOrder(
        ticker=ticker,
        action=Action.BUY,
        outcome=Outcome.YES,
        size=PREVIEW_SIZE,
        price=Price(book.best_ask or 5000),
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--name", default="desk")
    chosen = parser.parse_args()
    recording = asyncio.run(capture(chosen.home, chosen.seconds))
    save(recording, FRAMES / f"{chosen.name}.msgpack")
    print(f"{chosen.name}: {recording.ticker}, {len(recording.frames)} frames")


if __name__ == "__main__":
    main()
