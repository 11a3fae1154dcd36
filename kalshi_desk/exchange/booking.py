"""What a trade and a changed order mean for accounts, history and listeners."""

from __future__ import annotations

from copy import copy
from decimal import Decimal

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.admission import Floor
from kalshi_desk.exchange.amounts import dollars
from kalshi_desk.exchange.fees import fill_charge
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.notices import (
    Filled,
    LevelChanged,
    Notice,
    OrderChanged,
    PositionChanged,
    Traded,
)
from kalshi_desk.exchange.records import Fill, Market, Order, Position, Trade
from kalshi_desk.exchange.rules import Rules

_TRADES_KEPT = 250


class Booking(Floor):
    """Books fills on orders and accounts, and collects what is to be announced."""

    def __init__(self, ledger: Ledger, markets: dict[str, Market], rules: Rules) -> None:
        super().__init__(ledger, markets, rules)
        self.notices: list[Notice] = []
        self.dirty: set[str] = set()
        self.level_changes = 0
        """How often a level changed since this process began."""

    def print_trade(self, market: Market, trade: Trade) -> None:
        market.last_price = trade.price
        market.last_size = trade.count
        market.volume += trade.count
        market.dollar_volume += dollars(trade.price, trade.count)
        market.trades.append(trade)
        if len(market.trades) > _TRADES_KEPT * 2:
            del market.trades[:_TRADES_KEPT]
        self.notices.append(Traded(market.ticker, trade))

    def book_fill(
        self, market: Market, order: Order, trade: Trade, *, is_taker: bool, rate: Decimal
    ) -> Decimal:
        """Book one side of a trade on its order and account; return the fee."""
        charge = fill_charge(
            rate,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            accumulator=order.rounding,
            rules=self.rules,
        )
        fee = charge.net
        order.rounding = charge.accumulator
        order.filled += trade.count
        order.updated_ns = trade.ts_ns
        unit = trade.price if order.is_bid else PRICE_SCALE - trade.price
        if is_taker:
            order.taker_cost += dollars(unit, trade.count)
            order.taker_fees += fee
        else:
            order.maker_cost += dollars(unit, trade.count)
            order.maker_fees += fee
        if not order.remaining:
            order.status = "executed"
        position = self.ledger.apply_fill(
            order.owner,
            market,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            fee=fee,
            now_ns=trade.ts_ns,
        )
        if self.ledger.accounts[order.owner].keyed:
            shown = fee if self.rules.fee_cost_is_net else fee + charge.rebate
            self._tell_fill(order, trade, position, shown, is_taker)
        return fee

    def _tell_fill(
        self, order: Order, trade: Trade, position: Position, fee: Decimal, is_taker: bool
    ) -> None:
        fill = Fill(
            trade=trade.number,
            order=order.number,
            ticker=order.ticker,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            is_taker=is_taker,
            fee=fee,
            ts_ns=trade.ts_ns,
        )
        self.ledger.accounts[order.owner].fills.append(fill)
        self.notices.append(Filled(order.owner, fill, order.client_id, position.quantity))
        if not is_taker or not order.remaining:
            self.tell_order(order, "Trade")
        self.tell_position(order.owner, position)

    def tell_position(self, owner: int, position: Position) -> None:
        """Announce a keyed account's position."""
        self.notices.append(
            PositionChanged(
                owner,
                position.ticker,
                position.quantity,
                position.cost,
                position.realized,
                position.fees,
                position.volume,
            )
        )

    def tell_level(self, market: Market, order: Order, price: int, delta: int, now_ns: int) -> None:
        market.clock += 1
        self.level_changes += 1
        self.dirty.add(market.ticker)
        self.notices.append(
            LevelChanged(
                market.ticker,
                order.is_bid,
                price,
                delta,
                market.clock,
                order.owner,
                order.client_id,
                now_ns,
            )
        )

    def tell_order(self, order: Order, reason: str) -> None:
        if self.ledger.accounts[order.owner].keyed:
            self.notices.append(OrderChanged(order.owner, copy(order), reason))
