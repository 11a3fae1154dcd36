"""Small market days for backtests: events in order, and strategies that want one thing."""

from __future__ import annotations

from collections.abc import Iterator

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
    TradePrinted,
)
from kalshi_desk.core.records import Event, Market, Trade
from kalshi_desk.core.strategy import (
    Decision,
    MarketView,
    Parameter,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import (
    BookSide,
    Count,
    MarketStatus,
    Price,
    TimeInForce,
    parse_count,
    parse_price,
)
from kalshi_desk.strategies.contract import Strategy

START_NS = 1_790_000_000_000_000_000 // 86_400_000_000_000 * 86_400_000_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
Timed = tuple[int, CoreEvent]


def levels(*pairs: tuple[str, str]) -> tuple[tuple[Price, Count], ...]:
    return tuple((parse_price(price), parse_count(size)) for price, size in pairs)


def listed(*tickers: str) -> MarketsListed:
    markets = tuple(
        Market(ticker=t, event_ticker=t.rpartition("-")[0] or t, category="Weather")
        for t in tickers
    )
    events = tuple(
        Event(event_ticker=name, series_ticker="S", title=name, category="Weather")
        for name in sorted({market.event_ticker for market in markets})
    )
    return MarketsListed(markets, events)


def book(ticker: str, bid: str, ask: str, size: str = "100") -> BookSnapshot:
    return BookSnapshot(ticker, levels((bid, size)), levels((ask, size)))


def delta(ticker: str, side: BookSide, price: str, change: str) -> BookDelta:
    return BookDelta(ticker, side, parse_price(price), Count(parse_count(change)))


def printed(ticker: str, price: str, count: str, taker: BookSide, number: int) -> TradePrinted:
    return TradePrinted(
        Trade(
            trade_id=f"t{number}",
            ticker=ticker,
            price=parse_price(price),
            count=parse_count(count),
            taker_side=taker,
            executed_ns=0,
        )
    )


def finalized(ticker: str, result: str) -> MarketStatusChanged:
    return MarketStatusChanged(ticker, MarketStatus.FINALIZED, result=result)


class BidOnce(Strategy):
    """Rests one bid in every market that it is not in yet, below a price."""

    name = "bid_once"
    title = "Bid once"
    help = "For tests."
    parameters = (
        Parameter(name="price", default=0.55, help="YES price", low=0.01, high=0.99),
        Parameter(name="count", default=100, help="contracts", low=1, high=500),
        Parameter(name="post_only", default=False, help="never take"),
    )

    def decide(self, view: MarketView) -> Decision:
        signals, reasons = [], []
        price = Price(round(self.number("price") * 10_000))
        for ticker, seen in view.markets.items():
            if seen.bid is None:
                reasons.append(Why(candidate=ticker, code="no_book", text="no bid"))
                continue
            leg = SignalLeg(
                ticker=ticker,
                side=BookSide.BID,
                price=price,
                count=Count(self.whole("count") * 100),
            )
            signals.append(
                Signal(
                    candidate=ticker,
                    legs=(leg,),
                    text="a bid",
                    time_in_force=TimeInForce.GTC,
                    post_only=bool(self.values["post_only"]),
                )
            )
        return Decision(signals=tuple(signals), reasons=tuple(reasons), scanned=len(view.markets))


class TakeOffer(BidOnce):
    """Buys one contract at the offer."""

    name = "take_offer"
    title = "Take offer"
    parameters = (Parameter(name="count", default=10, help="contracts", low=1, high=500),)

    def decide(self, view: MarketView) -> Decision:
        signals = []
        for ticker, seen in view.markets.items():
            if seen.ask is not None and seen.is_fresh:
                leg = SignalLeg(
                    ticker=ticker,
                    side=BookSide.BID,
                    price=seen.ask,
                    count=Count(self.whole("count") * 100),
                )
                signals.append(Signal(candidate=ticker, legs=(leg,), text="taken"))
        return Decision(signals=tuple(signals), scanned=len(view.markets))


class Raises(BidOnce):
    """Fails at its first look."""

    name = "raises"
    parameters = ()

    def decide(self, view: MarketView) -> Decision:
        raise RuntimeError("boom")


def queue_day() -> Iterator[Timed]:
    """The fixture: our bid of 100 at 55 behind 40, and what then happened at that price."""
    yield START_NS, listed("M-1")
    yield START_NS, BookSnapshot("M-1", levels(("0.55", "40")), levels(("0.57", "500")))
    at = START_NS + 5 * SECOND
    for number, event in enumerate(
        (
            printed("M-1", "0.55", "25", BookSide.ASK, 1),
            delta("M-1", BookSide.BID, "0.55", "-25"),
            delta("M-1", BookSide.BID, "0.55", "-10"),
            delta("M-1", BookSide.BID, "0.55", "80"),
            printed("M-1", "0.55", "30", BookSide.ASK, 2),
            delta("M-1", BookSide.BID, "0.55", "-30"),
            printed("M-1", "0.53", "60", BookSide.ASK, 3),
            printed("M-1", "0.57", "500", BookSide.BID, 4),
        )
    ):
        yield at + number * SECOND, event


def settled_days() -> Iterator[Timed]:
    """Three events of two markets over three days: books move, then every market is decided."""
    tickers = [f"{event}-{leg}" for event in ("A", "B", "C") for leg in ("1", "2")]
    yield START_NS, listed(*tickers)
    for minute in range(0, 3 * 24 * 60, 30):
        at = START_NS + minute * 60 * SECOND
        for number, ticker in enumerate(tickers):
            bid = 40 + (minute // 30 * (number + 3)) % 11
            if minute < (number + 1) * 600:
                yield at + number, book(ticker, f"0.{bid}", f"0.{bid + 2}")
            elif minute < (number + 1) * 600 + 30:
                yield at + number, finalized(ticker, "yes" if number in (0, 3) else "no")
