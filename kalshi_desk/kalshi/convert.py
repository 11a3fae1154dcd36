"""From wire bodies to the desk's records: exact numbers, clean text, fee rules and grids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.grid import CENT_GRID, Band, Grid
from kalshi_desk.core.records import (
    Balance,
    ComboLeg,
    Event,
    ExchangePosition,
    ExchangeStatus,
    Fill,
    Market,
    Order,
    OrderState,
    Settlement,
    Trade,
)
from kalshi_desk.core.text import clean
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Price,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.kalshi import wire
from kalshi_desk.kalshi.frames import RangeBody

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICRO_PER_CENT = 10_000
_TICKS_PER_CENT = 100
_TITLE_CHARACTERS = 300
_LARGEST_MULTIPLIER = 100
UNKNOWN_FEE = "unknown"

_ORDER_STATES = {
    "resting": OrderState.RESTING,
    "executed": OrderState.EXECUTED,
    "canceled": OrderState.CANCELED,
}
_BIDS = frozenset({"bid", "yes"})
_ASKS = frozenset({"ask", "no"})


def time_ns(text: str | None) -> int:
    """Return nanoseconds since the epoch for an RFC 3339 time; 0 when there is none."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - _EPOCH) // _MICROSECOND * 1000, 0)


def real_price(text: str | None) -> Price | None:
    """Return a price, or None for nothing and for the sentinel zero."""
    price = parse_price(text) if text else Price(0)
    return price if price > 0 else None


def positive(count: int) -> Count:
    """Return a count that must be above zero; raises ``ValueError``."""
    if count <= 0:
        raise ValueError(f"a count of {count} hundredths can't have traded")
    return Count(count)


def side_of(*words: str | None) -> BookSide:
    """Return the book side named by the first word that is given; raises ``ValueError``."""
    for word in words:
        if word in _BIDS:
            return BookSide.BID
        if word in _ASKS:
            return BookSide.ASK
    raise ValueError(f"the direction is missing: {words!r}")


def order_state(status: str) -> OrderState:
    """Return the state for the exchange's word; an unknown word leaves it unresolved."""
    return _ORDER_STATES.get(status, OrderState.UNRESOLVED)


def market_status(word: str) -> MarketStatus:
    """Return the life-cycle state for the exchange's word, or UNKNOWN for a new one."""
    try:
        return MarketStatus(word)
    except ValueError:
        return MarketStatus.UNKNOWN


def grid_of(ranges: Iterable[RangeBody] | None) -> Grid:
    """Return the price grid; without readable bands the cent grid, marked as inferred."""
    try:
        bands = [
            Band(parse_price(band.start), parse_price(band.end), parse_price(band.step))
            for band in ranges or ()
        ]
        return Grid(bands=tuple(sorted(bands, key=lambda band: band.start)))
    except ValueError:
        return Grid(bands=CENT_GRID.bands, inferred=True)


def _multiplier(value: Decimal) -> int:
    if not (value.is_finite() and 0 <= value <= _LARGEST_MULTIPLIER):
        raise ValueError(f"the fee multiplier {value} is out of reason")
    scaled = value * 10_000
    if scaled != scaled.to_integral_value():
        raise ValueError(f"the fee multiplier {value} can't be charged exactly")
    return int(scaled)


def _strike(value: Decimal | None) -> Decimal | None:
    """Return a strike that can be compared; one that is no number bounds nothing."""
    return value if value is not None and value.is_finite() else None


def is_combo(body: wire.MarketBody) -> bool:
    """Return whether a market is a combo of others; the desk shows these only when asked."""
    return bool(body.mve_collection_ticker or body.mve_selected_legs)


def _leg(body: wire.LegBody) -> ComboLeg:
    value = body.yes_settlement_value_dollars
    return ComboLeg(
        ticker=clean(body.market_ticker, 200),
        event_ticker=clean(body.event_ticker, 200),
        side=clean(body.side, 20),
        value=parse_price(value) if value else None,
    )


class Terms:
    """What events and series say about their markets: category, exclusiveness and fee rule.

    A market whose series or whose fee type is not known has no fee that may be stated.
    """

    def __init__(self) -> None:
        self.events: dict[str, wire.EventBody] = {}
        self.series: dict[str, wire.SeriesBody] = {}

    def fee_rule(self, body: wire.MarketBody) -> FeeRule:
        """Return the rule of a market: its event's override, else its series' rule."""
        event = self.events.get(body.event_ticker)
        series = self.series.get(event.series_ticker) if event else None
        fee_type = (event and event.fee_type_override) or (series and series.fee_type)
        multiplier = event.fee_multiplier_override if event else None
        if multiplier is None and series is not None:
            multiplier = series.fee_multiplier
        if not fee_type or multiplier is None:
            return FeeRule(fee_type=UNKNOWN_FEE)
        try:
            exact = _multiplier(multiplier)
        except ValueError:
            return FeeRule(fee_type=UNKNOWN_FEE)
        waived = time_ns(body.fee_waiver_expiration_time)
        return FeeRule(fee_type=clean(fee_type, 60), multiplier=exact, waived_until_ns=waived)

    def market(self, body: wire.MarketBody) -> Market:
        """Return the record of a market; raises ``ValueError`` for numbers that aren't."""
        event = self.events.get(body.event_ticker)
        series = self.series.get(event.series_ticker) if event else None
        value = body.settlement_value_dollars
        rules = " ".join(part for part in (body.rules_primary, body.rules_secondary) if part)
        category = (event and event.category) or (series and series.category)
        return Market(
            ticker=clean(body.ticker, 200),
            event_ticker=clean(body.event_ticker, 200),
            series_ticker=clean(event.series_ticker if event else "", 200),
            title=clean(body.title or body.ticker, _TITLE_CHARACTERS),
            subtitle=clean(body.yes_sub_title or body.subtitle, _TITLE_CHARACTERS),
            category=clean(category, 60),
            status=market_status(body.status),
            grid=grid_of(body.price_ranges),
            fee=self.fee_rule(body),
            open_ns=time_ns(body.open_time),
            close_ns=time_ns(body.close_time),
            expiration_ns=time_ns(body.expected_expiration_time or body.expiration_time),
            last_price=real_price(body.last_price_dollars),
            previous_price=real_price(body.previous_price_dollars),
            volume=parse_count(body.volume_fp) if body.volume_fp else NO_COUNT,
            open_interest=parse_count(body.open_interest_fp) if body.open_interest_fp else NO_COUNT,
            result=clean(body.result, 20),
            settlement_value=parse_price(value) if value else None,
            rules=clean(rules),
            shard=body.exchange_index or 0,
            mutually_exclusive=bool(event and event.mutually_exclusive),
            is_combo=is_combo(body),
            legs=tuple(_leg(leg) for leg in body.mve_selected_legs or ()),
            strike_type=clean(body.strike_type, 40),
            floor_strike=_strike(body.floor_strike),
            cap_strike=_strike(body.cap_strike),
        )

    def event(self, body: wire.EventBody) -> Event:
        """Return the record of an event."""
        series = self.series.get(body.series_ticker)
        category = body.category or (series.category if series else None)
        return Event(
            event_ticker=clean(body.event_ticker, 200),
            series_ticker=clean(body.series_ticker, 200),
            title=clean(body.title or body.event_ticker, _TITLE_CHARACTERS),
            category=clean(category, 60),
            mutually_exclusive=bool(body.mutually_exclusive),
        )


def order(body: wire.OrderBody) -> Order:
    """Return the record of an order; raises ``ValueError``."""
    return Order(
        order_id=clean(body.order_id, 100),
        client_order_id=clean(body.client_order_id, 100),
        ticker=clean(body.ticker, 200),
        side=side_of(body.book_side, body.outcome_side),
        price=parse_price(body.yes_price_dollars),
        initial_count=parse_count(body.initial_count_fp),
        filled=parse_count(body.fill_count_fp),
        remaining=parse_count(body.remaining_count_fp),
        state=order_state(body.status),
        created_ns=time_ns(body.created_time),
        updated_ns=time_ns(body.last_update_time),
    )


def fill(body: wire.FillBody) -> Fill:
    """Return the record of an execution; raises ``ValueError``."""
    ticker = body.ticker or body.market_ticker
    if not ticker:
        raise ValueError("a fill names no market")
    return Fill(
        trade_id=clean(body.trade_id, 100),
        order_id=clean(body.order_id, 100),
        ticker=clean(ticker, 200),
        side=side_of(body.book_side, body.outcome_side),
        price=parse_price(body.yes_price_dollars),
        count=parse_count(body.count_fp),
        fee=parse_money(body.fee_cost),
        is_taker=body.is_taker,
        executed_ns=time_ns(body.created_time) or (body.ts or 0) * 1_000_000_000,
    )


def position(body: wire.PositionBody) -> ExchangePosition:
    """Return the exchange's view of a position; raises ``ValueError``."""
    return ExchangePosition(
        ticker=clean(body.ticker, 200),
        position=parse_count(body.position_fp),
        exposure=_money(body.market_exposure_dollars),
        realized_pnl=_money(body.realized_pnl_dollars),
        fees=_money(body.fees_paid_dollars),
    )


def settlement(body: wire.SettlementBody) -> Settlement:
    """Return the record of a settled market; raises ``ValueError``."""
    return Settlement(
        ticker=clean(body.ticker, 200),
        result=clean(body.market_result, 20),
        value=_settlement_value(body),
        revenue=Money(body.revenue * _MICRO_PER_CENT),
        settled_ns=time_ns(body.settled_time),
    )


def _settlement_value(body: wire.SettlementBody) -> Price:
    if body.market_result == "yes":
        return PRICE_ONE
    if body.market_result == "no":
        return Price(0)
    if body.value is None:
        raise ValueError(f"the settlement of {body.ticker} names no value")
    return Price(body.value * _TICKS_PER_CENT)


def trade(body: wire.TradeBody) -> Trade:
    """Return the record of a public trade; raises ``ValueError``."""
    return Trade(
        trade_id=clean(body.trade_id, 100),
        ticker=clean(body.ticker, 200),
        price=parse_price(body.yes_price_dollars),
        count=parse_count(body.count_fp),
        taker_side=side_of(body.taker_book_side, body.taker_outcome_side, body.taker_side),
        executed_ns=time_ns(body.created_time),
    )


def balance(body: wire.BalanceBody, reported_ns: int) -> Balance:
    """Return cash as stated in dollars; raises ``ValueError``."""
    return Balance(
        cash=parse_money(body.balance_dollars),
        by_shard={
            row.exchange_index: parse_money(row.balance) for row in body.balance_breakdown or ()
        },
        reported_ns=reported_ns,
    )


def exchange_status(body: wire.StatusBody) -> ExchangeStatus:
    """Return whether the exchange is up and trading."""
    return ExchangeStatus(
        is_up=body.exchange_active,
        is_trading=body.exchange_active and body.trading_active,
        resume_text=clean(body.exchange_estimated_resume_time, 60),
    )


def book_levels(
    body: wire.BookBody,
) -> tuple[tuple[tuple[Price, Count], ...], tuple[tuple[Price, Count], ...]]:
    """Return bids and asks in YES prices, best first; raises ``ValueError``."""
    bids = [(parse_price(price), parse_count(size)) for price, size in body.yes_dollars or ()]
    asks = [
        (Price(PRICE_ONE - parse_price(price)), parse_count(size))
        for price, size in body.no_dollars or ()
    ]
    return tuple(sorted(bids, reverse=True)), tuple(sorted(asks))


def _money(text: str | None) -> Money:
    return parse_money(text) if text else NO_MONEY
