"""A small exchange floor for tests: one market, a few members, no crowd and no server."""

from __future__ import annotations

from decimal import Decimal

from kalshi_desk.core.types import parse_count, parse_price
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.fees import schedule_of
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.matching import MatchingEngine, Outcome
from kalshi_desk.exchange.records import Account, Market, Order
from kalshi_desk.exchange.rules import DEFAULT_RULES, Rules

TICKER = "KXTEST-26NOV23"
NOW = 1_795_390_000_000_000_000
CLOSE = NOW + 3_600_000_000_000


def make_market(ticker: str = TICKER, structure: str = "linear_cent") -> Market:
    """Return an active market that closes in an hour."""
    return Market(
        ticker=ticker,
        market_id=ticker,
        event_ticker=ticker,
        series_ticker="KXTEST",
        title="Test",
        yes_sub_title="Test",
        no_sub_title="Test",
        rules_primary="",
        structure=structure,
        created_ns=NOW - 1,
        open_ns=NOW - 1,
        close_ns=CLOSE,
        expected_ns=CLOSE,
        latest_ns=CLOSE,
        settle_after_s=1,
        determine_after_s=1,
        index=0,
        status="active",
    )


class Bench:
    """An engine with keyed members 0, 1, 2... that each own the same cash."""

    def __init__(
        self,
        members: int = 3,
        cash: str = "1000",
        *,
        structure: str = "linear_cent",
        fee_type: str = "quadratic",
        multiplier: float = 1,
        rules: Rules = DEFAULT_RULES,
    ) -> None:
        accounts = [
            Account(number=n, name=f"m{n}", user_id=f"u{n}", keyed=True, cash=Decimal(cash))
            for n in range(members)
        ]
        self.ledger = Ledger(accounts)
        self.engine = MatchingEngine(self.ledger, {}, rules)
        self.market = make_market(structure=structure)
        self.engine.add_market(self.market, schedule_of(fee_type, multiplier))
        self.book = self.engine.books[TICKER]
        self.opening = self.ledger.total(self.engine.markets)

    def place(self, owner: int, side: str, price: str, count: str, **extra: object) -> Outcome:
        """Place an order in dollars and contracts."""
        new = NewOrder(
            owner=owner,
            ticker=TICKER,
            is_bid=side == "bid",
            price=parse_price(price),
            count=parse_count(count),
            **extra,  # type: ignore[arg-type]
        )
        return self.engine.place(new, NOW)

    def rest(self, owner: int, side: str, price: str, count: str, **extra: object) -> Order:
        """Place an order that must not trade."""
        outcome = self.place(owner, side, price, count, **extra)
        assert outcome.filled == 0
        return outcome.order

    def cash(self, owner: int) -> Decimal:
        """Return a member's cash."""
        return self.ledger.accounts[owner].cash

    def held(self, owner: int) -> int:
        """Return a member's signed position in 1/100 contract."""
        return self.ledger.quantity(owner, TICKER)

    def total(self) -> Decimal:
        """Return the number that never changes."""
        return self.ledger.total(self.engine.markets)
