"""Which fees hold where: a series' own, an event's override, waivers, and scheduled changes."""

from __future__ import annotations

from kalshi_desk.exchange.commands import ChangeFees, WaiveFees
from kalshi_desk.exchange.fees import FeeSchedule, schedule_of
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import FeesChanged
from kalshi_desk.exchange.records import Event, FeeChange, Series
from kalshi_desk.exchange.refusals import bad_body, refused


class Tariffs:
    """Keeps the engine's fee schedules in step with series, events and due changes."""

    def __init__(
        self,
        engine: MatchingEngine,
        series: dict[str, Series],
        events: dict[str, Event],
        changes: list[FeeChange],
    ) -> None:
        self._engine = engine
        self._series = series
        self._events = events
        self.changes = changes

    def of_series(self, ticker: str) -> FeeSchedule:
        """Return the fees of a series' new markets."""
        series = self._series[ticker]
        return schedule_of(series.fee_type, series.fee_multiplier)

    def of_event(self, event: Event) -> FeeSchedule:
        """Return the fees of an event's markets: its own where it has any."""
        series = self._series[event.series_ticker]
        multiplier = event.fee_multiplier
        return schedule_of(
            event.fee_type or series.fee_type,
            series.fee_multiplier if multiplier is None else multiplier,
        )

    def change(self, command: ChangeFees, now_ns: int) -> FeeChange:
        """Note a change and apply it when it is due; raises ``Refusal`` for unknown names."""
        if command.series_ticker not in self._series:
            raise refused(404, "series_not_found")
        if command.event_ticker and command.event_ticker not in self._events:
            raise refused(404, "event_not_found")
        if command.fee_type or not command.event_ticker:
            try:
                schedule_of(command.fee_type, command.fee_multiplier or 1)
            except ValueError as error:
                raise bad_body(str(error), code="invalid_parameters") from error
        change = FeeChange(
            number=len(self.changes) + 1,
            at_ns=command.at_ns,
            fee_type=command.fee_type,
            fee_multiplier=command.fee_multiplier,
            series_ticker=command.series_ticker,
            event_ticker=command.event_ticker,
        )
        self.changes.append(change)
        self.run(now_ns)
        return change

    def waive(self, command: WaiveFees, now_ns: int) -> None:
        """Take no fees in a market until a time."""
        market = self._engine.markets.get(command.ticker)
        if market is None:
            raise refused(404, "market_not_found")
        market.waived_until_ns = command.until_ns
        market.updated_ns = now_ns

    def run(self, now_ns: int) -> None:
        """Apply the changes that are due, in the order they were scheduled for."""
        due = [item for item in self.changes if not item.is_done and item.at_ns <= now_ns]
        for change in sorted(due, key=lambda item: (item.at_ns, item.number)):
            change.is_done = True
            self._apply(change)

    def _apply(self, change: FeeChange) -> None:
        if change.event_ticker:
            event = self._events.get(change.event_ticker)
            if event is None:
                return
            event.fee_type = change.fee_type
            event.fee_multiplier = change.fee_multiplier if change.fee_type else None
            self._engine.notices.append(FeesChanged(event.ticker))
            self._set(event)
            return
        series = self._series[change.series_ticker]
        series.fee_type = change.fee_type
        if change.fee_multiplier is not None:
            series.fee_multiplier = change.fee_multiplier
        for event in self._events.values():
            if event.series_ticker == series.ticker:
                self._set(event)

    def _set(self, event: Event) -> None:
        schedule = self.of_event(event)
        for ticker in event.markets:
            if ticker in self._engine.fee_of:
                self._engine.fee_of[ticker] = schedule
