"""The stream's frames as lean tagged structs: only the fields that the desk uses.

Unknown fields are ignored; fields that newer or older builds leave out have defaults.
"""

from __future__ import annotations

import msgspec

Levels = list[tuple[str, str]]


class DeltaBody(msgspec.Struct, gc=False):
    """Payload of ``orderbook_delta``: a signed change at a price."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str
    ts_ms: int = 0


class DeltaFrame(msgspec.Struct, gc=False, tag_field="type", tag="orderbook_delta"):
    """A change of one price level."""

    sid: int
    msg: DeltaBody
    seq: int = 0


class SnapshotBody(msgspec.Struct):
    """Payload of ``orderbook_snapshot``; a side without orders is absent or null."""

    market_ticker: str
    yes_dollars_fp: Levels | None = None
    no_dollars_fp: Levels | None = None


class SnapshotFrame(msgspec.Struct, tag_field="type", tag="orderbook_snapshot"):
    """The whole book of one market."""

    sid: int
    msg: SnapshotBody
    seq: int = 0
    sending_ts_ms: int = 0


class TickerBody(msgspec.Struct, gc=False):
    """Payload of ``ticker``."""

    market_ticker: str
    price_dollars: str | None = None
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    ts_ms: int = 0


class TickerFrame(msgspec.Struct, gc=False, tag_field="type", tag="ticker"):
    """Last price, volume and interest; the channel has no sequence."""

    sid: int
    msg: TickerBody
    seq: int = 0


class TradeBody(msgspec.Struct, gc=False):
    """Payload of ``trade``; ``taker_side`` is the older name of the taker's outcome."""

    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_book_side: str = ""
    taker_side: str = ""
    ts_ms: int = 0
    ts: int = 0


class TradeFrame(msgspec.Struct, gc=False, tag_field="type", tag="trade"):
    """A public trade."""

    sid: int
    msg: TradeBody
    seq: int = 0


class FillBody(msgspec.Struct, gc=False):
    """Payload of ``fill``: an execution of ours, at its YES price."""

    trade_id: str
    order_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    book_side: str
    is_taker: bool
    fee_cost: str = "0"
    client_order_id: str = ""
    post_position_fp: str | None = None
    subaccount: int | None = None
    ts_ms: int = 0
    ts: int = 0


class FillFrame(msgspec.Struct, gc=False, tag_field="type", tag="fill"):
    """An execution of ours."""

    sid: int
    msg: FillBody
    seq: int = 0


class UserOrderBody(msgspec.Struct, gc=False):
    """Payload of ``user_order``: the full state of one of our orders."""

    order_id: str
    ticker: str
    status: str
    book_side: str
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    client_order_id: str | None = None
    created_ts_ms: int | None = None
    last_updated_ts_ms: int | None = None
    last_update_reason: str | None = None
    subaccount_number: int | None = None


class UserOrderFrame(msgspec.Struct, gc=False, tag_field="type", tag="user_order"):
    """One of our orders changed."""

    sid: int
    msg: UserOrderBody
    seq: int = 0


class PositionBody(msgspec.Struct, gc=False):
    """Payload of ``market_position``; slower than fills, so only a cross-check."""

    market_ticker: str
    position_fp: str


class PositionFrame(msgspec.Struct, gc=False, tag_field="type", tag="market_position"):
    """The exchange's own view of one position."""

    sid: int
    msg: PositionBody
    seq: int = 0


class RangeBody(msgspec.Struct):
    """One band of a price grid, in dollars."""

    start: str
    end: str
    step: str


class LifecycleBody(msgspec.Struct):
    """Payload of ``market_lifecycle_v2``; times are Unix seconds."""

    market_ticker: str
    event_type: str
    close_ts: int | None = None
    result: str | None = None
    settlement_value: str | None = None
    price_ranges: list[RangeBody] | None = None


class LifecycleFrame(msgspec.Struct, tag_field="type", tag="market_lifecycle_v2"):
    """A market moved along its life cycle."""

    sid: int
    msg: LifecycleBody
    seq: int = 0


class FeeUpdateBody(msgspec.Struct):
    """Payload of ``event_fee_update``; nulls mean that the series' rule holds."""

    event_ticker: str
    fee_type_override: str | None = None
    fee_multiplier_override: float | None = None


class FeeUpdateFrame(msgspec.Struct, tag_field="type", tag="event_fee_update"):
    """The fee rule of an event changed."""

    sid: int
    msg: FeeUpdateBody
    seq: int = 0


class EventBody(msgspec.Struct):
    """Payload of ``event_lifecycle``."""

    event_ticker: str
    series_ticker: str = ""


class EventFrame(msgspec.Struct, tag_field="type", tag="event_lifecycle"):
    """An event came into being."""

    sid: int
    msg: EventBody
    seq: int = 0


class GroupBody(msgspec.Struct):
    """Payload of ``order_group_updates``."""

    event_type: str
    order_group_id: str


class GroupFrame(msgspec.Struct, tag_field="type", tag="order_group_updates"):
    """An order group of ours was made, triggered, reset, changed or deleted."""

    sid: int
    msg: GroupBody
    seq: int = 0


class SubscribedBody(msgspec.Struct):
    """Payload of ``subscribed``."""

    channel: str
    sid: int


class SubscribedFrame(msgspec.Struct, tag_field="type", tag="subscribed"):
    """A channel was opened under a subscription id; its sequence begins at 1."""

    msg: SubscribedBody
    id: int = 0
    sid: int = 0
    seq: int = 0


class ErrorBody(msgspec.Struct):
    """Payload of ``error``; codes 10 and 25 end their subscription."""

    code: int = 0
    msg: str = ""


class ErrorFrame(msgspec.Struct, tag_field="type", tag="error"):
    """A command was refused or a subscription ended."""

    msg: ErrorBody
    id: int = 0
    sid: int = 0
    seq: int = 0


class OkFrame(msgspec.Struct, tag_field="type", tag="ok"):
    """A command was carried out; it takes a number of its subscription's sequence."""

    id: int = 0
    sid: int = 0
    seq: int = 0


class UnsubscribedFrame(msgspec.Struct, tag_field="type", tag="unsubscribed"):
    """A subscription ended as asked."""

    id: int = 0
    sid: int = 0
    seq: int = 0


class OtherFrame(msgspec.Struct):
    """A frame of a type that the desk does not know: counted, its sequence kept."""

    type: str
    sid: int = 0
    seq: int = 0


Frame = (
    DeltaFrame
    | SnapshotFrame
    | TickerFrame
    | TradeFrame
    | FillFrame
    | UserOrderFrame
    | PositionFrame
    | LifecycleFrame
    | FeeUpdateFrame
    | EventFrame
    | GroupFrame
    | SubscribedFrame
    | ErrorFrame
    | OkFrame
    | UnsubscribedFrame
)
