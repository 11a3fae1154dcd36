"""A core whose strategies answer what a test says; a market to trade, and what was done."""

from __future__ import annotations

from collections.abc import Sequence

from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    TimerFired,
)
from kalshi_desk.core.records import Balance, Market, OrderIntent
from kalshi_desk.core.strategy import Decision, Ending, Mode, Signal, SignalLeg, Why
from kalshi_desk.core.types import BookSide, Count, Price, TimeInForce, parse_money
from kalshi_desk.desk.automation import SetAuto, SetMode
from kalshi_desk.desk.commands import Command
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, SendCancel, SendOrder
from kalshi_desk.engine.inputs import CommandReceived, StrategiesDeclared, StrategyDecided
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategy_messages import StrategyInfo

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
INFO = StrategyInfo(name="mine", title="Mine", help="Does what a test says.")


def signal(
    *tickers: str,
    price: int = 4_000,
    count: int = 100,
    pays: tuple[tuple[Price, ...], ...] = (),
    **fields: object,
) -> Signal:
    """Return a signal to buy YES of these markets."""
    legs = tuple(
        SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(price), count=Count(count))
        for ticker in tickers
    )
    return Signal(candidate="c", legs=legs, text="buy", pays=pays, **fields)  # type: ignore[arg-type]


class StrategyWorld:
    """A desk with one strategy in one mode; every step is a millisecond after the one before."""

    def __init__(self, mode: Mode = Mode.TRADE, *, auto: bool = True, markets: int = 3) -> None:
        self.core = TradingCore(CoreSettings())
        self.now_ns = START
        self.effects: list[Effect] = []
        self._commands = 0
        self.tickers = [f"M{number}" for number in range(markets)]
        self.open()
        self.take(StrategiesDeclared((INFO,)))
        self.command(SetMode(strategy="mine", mode=mode))
        if auto:
            self.command(SetAuto(on=True))

    def open(self) -> None:
        """Tell the core of markets, books and an account."""
        found = tuple(Market(ticker=t, event_ticker="E", category="K") for t in self.tickers)
        self.take(MarketsListed(found))
        self.take(ConnectionChanged(LinkState.LIVE))
        balance = Balance(cash=parse_money("10000"))
        self.take(AccountRead((), (), (), (), balance, asked_ns=self.now_ns))
        self.books()

    def books(self) -> None:
        level = ((Price(3_800), Count(100_000)),), ((Price(4_000), Count(100_000)),)
        for ticker in self.tickers:
            self.take(BookSnapshot(ticker, *level))

    def take(self, event: CoreEvent) -> list[Effect]:
        self.now_ns += 1_000_000
        effects = self.core.step(event, self.now_ns)
        self.effects += effects
        return effects

    def command(self, command: Command) -> list[Effect]:
        self._commands += 1
        return self.take(CommandReceived(f"k{self._commands}", command))

    def wait(self, seconds: float = 0.2) -> list[Effect]:
        self.now_ns += int(seconds * SECOND)
        return self.take(TimerFired())

    def decide(
        self,
        signals: Sequence[Signal] = (),
        reasons: Sequence[Why] = (),
        endings: Sequence[Ending] = (),
        **fields: object,
    ) -> list[Effect]:
        """Wait until the strategy is asked and let it answer."""
        if not self.state.is_looking:
            self.wait(61)
            self.books()
        assert self.state.is_looking
        return self.take(
            StrategyDecided(
                strategy="mine",
                cycle=self.state.cycle,
                looked_ns=self.now_ns,
                took_ns=1,
                decision=Decision(
                    signals=tuple(signals), reasons=tuple(reasons), endings=tuple(endings)
                ),
                **fields,  # type: ignore[arg-type]
            )
        )

    @property
    def state(self):  # type: ignore[no-untyped-def]
        return self.core.state.strategies["mine"]

    @property
    def sent(self) -> list[OrderIntent]:
        return [effect.intent for effect in self.effects if isinstance(effect, SendOrder)]

    @property
    def canceled(self) -> list[str]:
        return [effect.order_id for effect in self.effects if isinstance(effect, SendCancel)]

    @property
    def codes(self) -> list[str]:
        return [code for _, code in self.state.reasons]


__all__ = ["GTC", "INFO", "SECOND", "START", "StrategyWorld", "signal"]
GTC = TimeInForce.GTC
