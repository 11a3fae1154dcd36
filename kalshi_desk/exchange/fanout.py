"""Turns what happened into messages for the sockets that asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kalshi_desk.exchange import messages
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.notices import (
    EventListed,
    FeesChanged,
    Filled,
    GroupChanged,
    LevelChanged,
    LifecycleChanged,
    Notice,
    OrderChanged,
    PositionChanged,
    Traded,
)
from kalshi_desk.exchange.subscriptions import Member

_LIFECYCLE = "market_lifecycle_v2"
Private = Filled | OrderChanged | PositionChanged | GroupChanged


class Fanout:
    """Sends each notice to its subscribers; a body is made once for all of them."""

    def __init__(self, host: Host, members: set[Member]) -> None:
        self._host = host
        self._venue = host.venue
        self._members = members

    def tell(self, notices: list[Notice], dirty: set[str]) -> None:
        """Send what happened, and the new tops of the markets that changed."""
        if not self._members:
            return
        for notice in self._in_order(notices):
            self._tell(notice)
        self._on_dirty(dirty)

    def _in_order(self, notices: list[Notice]) -> Iterable[Notice]:
        if not self._venue.rules.private_first:
            return notices
        return sorted(notices, key=lambda notice: not isinstance(notice, Private))

    def _tell(self, notice: Notice) -> None:
        match notice:
            case LevelChanged():
                self._on_level(notice)
            case Traded():
                self._public("trade", notice.ticker, "trade", messages.trade_body, notice)
            case Filled():
                self._own("fill", notice.fill.ticker, "fill", messages.fill_body, notice)
            case OrderChanged():
                ticker = notice.order.ticker
                self._own("user_orders", ticker, "user_order", messages.order_body, notice)
            case PositionChanged():
                make = messages.position_body
                self._own("market_positions", notice.ticker, "market_position", make, notice)
            case GroupChanged():
                channel = "order_group_updates"
                self._own(channel, "", channel, messages.group_body, notice)
            case LifecycleChanged():
                make_life = messages.lifecycle_body
                self._public(_LIFECYCLE, notice.ticker, _LIFECYCLE, make_life, notice)
            case EventListed():
                self._public(_LIFECYCLE, "", "event_lifecycle", messages.event_body, notice)
            case FeesChanged():
                self._public(_LIFECYCLE, "", "event_fee_update", messages.fees_body, notice)

    def _on_level(self, notice: LevelChanged) -> None:
        made: dict[tuple[bool, bool], bytes] = {}
        whose = self._venue.ledger.accounts[notice.owner].primary
        for member in self._members:
            sub = member.by_channel.get("orderbook_delta")
            if sub is None or not sub.wants(notice.ticker):
                continue
            key = (sub.use_yes_price, member.owner == whose)
            body = made.get(key)
            if body is None:
                body = made[key] = messages.delta_body(
                    self._venue, notice, use_yes_price=key[0], is_own=key[1]
                )
            member.send(sub, "orderbook_delta", body)

    def _public(
        self, channel: str, ticker: str, kind: str, make: Callable[..., bytes], notice: Notice
    ) -> None:
        body = b""
        for member in self._members:
            sub = member.by_channel.get(channel)
            if sub is not None and (not ticker or sub.wants(ticker)):
                body = body or make(self._venue, notice)
                member.send(sub, kind, body)

    def _own(
        self, channel: str, ticker: str, kind: str, make: Callable[..., bytes], notice: Private
    ) -> None:
        body = b""
        whose = self._venue.ledger.accounts[notice.owner].primary
        for member in self._members:
            sub = member.by_channel.get(channel)
            if sub is not None and member.owner == whose and (not ticker or sub.wants(ticker)):
                body = body or make(self._venue, notice)
                member.send(sub, kind, body)

    def _on_dirty(self, dirty: set[str]) -> None:
        listening = [
            (member, sub)
            for member in self._members
            if (sub := member.by_channel.get("ticker")) is not None
        ]
        if not listening:
            return
        now_ns = self._host.clock.now_ns()
        for ticker in sorted(dirty):
            body = b""
            for member, sub in listening:
                if sub.wants(ticker):
                    market = self._venue.engine.markets[ticker]
                    body = body or messages.ticker_body(self._venue, market, now_ns)
                    member.send(sub, "ticker", body)
