"""From frames of the stream to events of the core, through the one frame reader."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    CoreEvent,
    FillReported,
    MarketStatusChanged,
    OrderReported,
    TickerChanged,
    TradePrinted,
)
from kalshi_desk.core.records import Fill, Order, Trade
from kalshi_desk.core.text import clean
from kalshi_desk.core.types import (
    NO_COUNT,
    PRICE_SCALE,
    MarketStatus,
    Price,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.kalshi import convert
from kalshi_desk.kalshi.decode import (
    COUNTS,
    YES_PRICES,
    FrameCounts,
    FrameReader,
    Message,
    OnLost,
    read_delta,
    read_levels,
)
from kalshi_desk.kalshi.frames import (
    DeltaFrame,
    FeeUpdateFrame,
    FillFrame,
    LifecycleFrame,
    SnapshotFrame,
    TickerFrame,
    TradeFrame,
    UserOrderFrame,
)

_MS_NS = 1_000_000
_SECOND_NS = 1_000_000_000
_ID_CHARACTERS = 100
_TICKER_CHARACTERS = 200
_STATUSES = {
    "activated": MarketStatus.ACTIVE,
    "deactivated": MarketStatus.INACTIVE,
    "determined": MarketStatus.DETERMINED,
    "settled": MarketStatus.FINALIZED,
}


class MarketChanged(msgspec.Struct, frozen=True):
    """A market, all of an event, or ``everything`` must be read again: created, moved, changed."""

    ticker: str = ""
    event_ticker: str = ""
    why: str = ""
    everything: bool = False


Translated = CoreEvent | MarketChanged | None


class Translator:
    """Turns frames into events; deltas of books without a snapshot are dropped.

    ``last_ts_ms`` is the exchange's time of the newest frame that carried one.  Private
    frames of other subaccounts mean nothing here: their orders are not this desk's.
    ``samples`` gets one frame, as it came, of each type in ``wanted`` and one that could
    not be read: what the drift canary looks at.
    """

    __slots__ = ("last_ts_ms", "reader", "samples", "subaccount", "wanted")

    def __init__(
        self, *, yes_prices: bool, on_lost: OnLost | None = None, subaccount: int = 0
    ) -> None:
        self.subaccount = subaccount
        self.reader = FrameReader(yes_prices=yes_prices, on_lost=on_lost)
        self.last_ts_ms = 0
        self.wanted: set[type] = set()
        self.samples: dict[type, bytes] = {}

    @property
    def counts(self) -> FrameCounts:
        """What went through so far."""
        return self.reader.counts

    def translate(self, data: bytes) -> tuple[Message | None, Translated]:
        """Return the frame, for those who answer to it, and the event it means, if any."""
        message = self.reader.read(data)
        if type(message) in self.wanted:
            self.wanted.discard(type(message))
            self.samples[type(message)] = data
        if message is None:
            return None, None
        try:
            if type(message) is DeltaFrame:
                return message, self._delta(message)
            return message, self._event(message)
        except ValueError as error:
            self.reader.reject(message, str(error))
            return None, None

    def _event(self, message: Message) -> Translated:
        if isinstance(message, SnapshotFrame):
            return self._snapshot(message)
        if isinstance(message, TickerFrame):
            return self._ticker(message)
        if isinstance(message, TradeFrame):
            return self._trade(message)
        if isinstance(message, FillFrame):
            return self._fill(message) if self._is_ours(message.msg.subaccount) else None
        if isinstance(message, UserOrderFrame):
            return self._order(message) if self._is_ours(message.msg.subaccount_number) else None
        if isinstance(message, LifecycleFrame):
            return _lifecycle(message)
        if isinstance(message, FeeUpdateFrame):
            return MarketChanged(event_ticker=clean(message.msg.event_ticker), why="fee")
        return None

    def _is_ours(self, subaccount: int | None) -> bool:
        return (subaccount or 0) == self.subaccount

    def _delta(self, message: DeltaFrame) -> BookDelta | None:
        body = message.msg
        ticker = body.market_ticker
        reader = self.reader
        if ticker not in reader.fresh:
            reader.counts.without_book += 1
            return None
        side, price, delta = read_delta(body, reader.no_prices)
        ts_ms = body.ts_ms
        if ts_ms:
            self.last_ts_ms = ts_ms
        return BookDelta(ticker, side, price, delta, ts_ms)

    def _snapshot(self, message: SnapshotFrame) -> BookSnapshot:
        body = message.msg
        bids = read_levels(body.yes_dollars_fp, YES_PRICES)
        asks = read_levels(body.no_dollars_fp, self.reader.no_prices)
        bids.sort(reverse=True)
        asks.sort()
        ticker = clean(body.market_ticker, _TICKER_CHARACTERS)
        return BookSnapshot(ticker, tuple(bids), tuple(asks), message.sending_ts_ms)

    def _ticker(self, message: TickerFrame) -> TickerChanged:
        body = message.msg
        price = YES_PRICES[body.price_dollars] if body.price_dollars else Price(0)
        self.last_ts_ms = body.ts_ms or self.last_ts_ms
        return TickerChanged(
            ticker=clean(body.market_ticker, _TICKER_CHARACTERS),
            last_price=price if 0 < price < PRICE_SCALE else None,
            volume=parse_count(body.volume_fp) if body.volume_fp else NO_COUNT,
            open_interest=parse_count(body.open_interest_fp) if body.open_interest_fp else NO_COUNT,
            ts_ms=body.ts_ms,
        )

    def _trade(self, message: TradeFrame) -> TradePrinted:
        body = message.msg
        self.last_ts_ms = body.ts_ms or self.last_ts_ms
        return TradePrinted(
            Trade(
                trade_id=clean(body.trade_id, _ID_CHARACTERS),
                ticker=clean(body.market_ticker, _TICKER_CHARACTERS),
                price=YES_PRICES[body.yes_price_dollars],
                count=convert.positive(COUNTS[body.count_fp]),
                taker_side=convert.side_of(body.taker_book_side, body.taker_side),
                executed_ns=body.ts_ms * _MS_NS or body.ts * _SECOND_NS,
            )
        )

    def _fill(self, message: FillFrame) -> FillReported:
        body = message.msg
        post = body.post_position_fp
        return FillReported(
            Fill(
                trade_id=clean(body.trade_id, _ID_CHARACTERS),
                order_id=clean(body.order_id, _ID_CHARACTERS),
                ticker=clean(body.market_ticker, _TICKER_CHARACTERS),
                side=convert.side_of(body.book_side),
                price=parse_price(body.yes_price_dollars),
                count=convert.positive(parse_count(body.count_fp)),
                fee=parse_money(body.fee_cost),
                is_taker=body.is_taker,
                executed_ns=body.ts_ms * _MS_NS or body.ts * _SECOND_NS,
                client_order_id=clean(body.client_order_id, _ID_CHARACTERS),
                post_position=parse_count(post) if post else None,
            )
        )

    def _order(self, message: UserOrderFrame) -> OrderReported:
        body = message.msg
        return OrderReported(
            Order(
                order_id=clean(body.order_id, _ID_CHARACTERS),
                client_order_id=clean(body.client_order_id, _ID_CHARACTERS),
                ticker=clean(body.ticker, _TICKER_CHARACTERS),
                side=convert.side_of(body.book_side),
                price=parse_price(body.yes_price_dollars),
                initial_count=parse_count(body.initial_count_fp),
                filled=parse_count(body.fill_count_fp),
                remaining=parse_count(body.remaining_count_fp),
                state=convert.order_state(body.status),
                created_ns=(body.created_ts_ms or 0) * _MS_NS,
                updated_ns=(body.last_updated_ts_ms or 0) * _MS_NS,
                reason=clean(body.last_update_reason, _ID_CHARACTERS),
            )
        )


def _lifecycle(message: LifecycleFrame) -> CoreEvent | MarketChanged:
    body = message.msg
    ticker = clean(body.market_ticker, _TICKER_CHARACTERS)
    status = _STATUSES.get(body.event_type)
    if status is None:
        return MarketChanged(ticker=ticker, why=clean(body.event_type, _ID_CHARACTERS))
    value = body.settlement_value
    return MarketStatusChanged(
        ticker=ticker,
        status=status,
        close_ns=(body.close_ts or 0) * _SECOND_NS,
        result=clean(body.result, _ID_CHARACTERS),
        settlement_value=parse_price(value) if value else None,
    )
