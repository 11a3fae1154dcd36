"""Pauses of trading, on one shard or everywhere, and maintenance windows."""

from __future__ import annotations

from kalshi_desk.exchange.commands import SetMaintenance, SetTrading
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import MaintenanceBegan

ALL_SHARDS = -1


class Halts:
    """Switches trading off and on; orders that asked for it are canceled by a pause."""

    def __init__(self, engine: MatchingEngine, windows: list[list[int]], now_ns: int) -> None:
        self._engine = engine
        self.windows = windows
        """Start and end (ns) of the maintenance windows."""
        self.in_maintenance = self._is_maintenance(now_ns)
        self._latest_ns = now_ns

    def set_trading(self, command: SetTrading, now_ns: int) -> None:
        """Pause or resume as a command says."""
        engine = self._engine
        if command.shard == ALL_SHARDS:
            engine.trading_active = command.trading_active
            engine.exchange_active = command.exchange_active
        elif command.trading_active:
            engine.paused_shards.discard(command.shard)
        else:
            engine.paused_shards.add(command.shard)
        if not (command.trading_active and command.exchange_active):
            self._cancel_on_pause(command.shard, now_ns)

    def add_window(self, command: SetMaintenance, now_ns: int) -> None:
        """Enter a maintenance window, which may begin at once."""
        self.windows.append([command.start_ns, command.end_ns])
        self.run(now_ns)

    def run(self, now_ns: int) -> None:
        """Pause trading while a maintenance window lasts, and resume it after its end."""
        if not self.windows:
            return
        # A command comes between two steps, so the next step may look back a little.
        self._latest_ns = max(self._latest_ns, now_ns)
        is_on = self._is_maintenance(self._latest_ns)
        if is_on and not self.in_maintenance:
            self._engine.trading_active = False
            self._engine.notices.append(MaintenanceBegan())
            self._cancel_on_pause(ALL_SHARDS, now_ns)
        elif self.in_maintenance and not is_on:
            self._engine.trading_active = True
        self.in_maintenance = is_on

    def _is_maintenance(self, now_ns: int) -> bool:
        return any(start <= now_ns < end for start, end in self.windows)

    def _cancel_on_pause(self, shard: int, now_ns: int) -> None:
        engine = self._engine
        for orders in engine.open_orders:
            for order in [order for order in orders.values() if order.cancel_on_pause]:
                if shard in {ALL_SHARDS, engine.markets[order.ticker].shard}:
                    engine.remove(order, "HaltCancel", now_ns)
