"""Reason codes: why something was refused or not done, with the number seen and needed."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ReasonCode(StrEnum):
    """Every refusal that the desk itself can speak."""

    HALTED = "halted"
    REDUCING = "reducing"
    UNKNOWN_MARKET = "unknown_market"
    MARKET_NOT_ACTIVE = "market_not_active"
    OFF_GRID = "off_grid"
    BAD_SIZE = "bad_size"
    BALANCE = "balance"
    COLLAR = "collar"
    DUPLICATE = "duplicate"
    UNRESOLVED = "unresolved"
    NO_FEE_RULE = "no_fee_rule"
    NOTHING_TO_CLOSE = "nothing_to_close"
    NO_EXIT = "no_exit"
    UNKNOWN_ORDER = "unknown_order"
    NOT_CONNECTED = "not_connected"
    READ_ONLY_VENUE = "read_only_venue"
    RECONCILING = "reconciling"
    BASKET = "basket"
    STALE_BOOK = "stale_book"
    NEAR_CLOSE = "near_close"
    ORDER_NOTIONAL = "order_notional"
    ORDER_RATE = "order_rate"
    RESTING_ORDERS = "resting_orders"
    POSITION_LIMIT = "position_limit"
    MARKET_LIMIT = "market_limit"
    EVENT_LIMIT = "event_limit"
    THEME_LIMIT = "theme_limit"
    CATEGORY_LIMIT = "category_limit"
    DAY_LIMIT = "day_limit"
    TOTAL_LIMIT = "total_limit"
    SHORTFALL_LIMIT = "shortfall_limit"
    OPEN_POSITIONS = "open_positions"
    CORRELATION = "correlation"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    BAD_COMMAND = "bad_command"
    EXCHANGE = "exchange"


class Reason(msgspec.Struct, frozen=True):
    """One reason: its code, a sentence, and the number seen beside the number needed."""

    code: ReasonCode
    text: str
    seen: str = ""
    needed: str = ""

    def __str__(self) -> str:
        return self.text
