"""Hourly bars of one market's YES middle: a few assignments a change, complete hours only.

An hour without a change repeats the last price.  Bars hold what was known in their hour and
are seen when it has passed, never before.  Kept are the hours since the desk first saw the
market, at most :data:`MOST_HOURS`, in 14 bytes each: what a market's life teaches must not
depend on how it ended, so its beginning is not dropped when the end comes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.records import Trade
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import CENT, NO_COUNT, PRICE_SCALE, Count, Price

HOUR_NS = 3_600_000_000_000
SHOWN_HOURS = 96
MOST_HOURS = 1_440
WIDEST_QUOTE = 10 * CENT
"""The middle of a wider book says nothing: quotes were pulled, the price did not move."""
_TRIM_HOURS = 24
_MOST_VOLUME = 2**32 - 1
_MOST_TRADES = 2**16 - 1
_STEP_BACK_NS = 1_000_000_000
"""A wall clock may be set back a little; a recording that jumps goes back further."""


def middle_of(book: OrderBook) -> int:
    """Return the middle of a book in 1/10,000 dollar of YES, 0 when it says nothing."""
    bid, ask = book.best_bid, book.best_ask
    if bid and ask < PRICE_SCALE and 0 < ask - bid <= WIDEST_QUOTE:
        return (bid + ask) // 2
    return 0


class MarketBars:
    """The hours of one market.  ``note`` and ``trade`` are told the time of their event.

    When time goes back, as it does when a recording jumps, later hours are forgotten.
    """

    __slots__ = (
        "_closes",
        "_end_ns",
        "_first_ns",
        "_high",
        "_highs",
        "_low",
        "_lows",
        "_newest_ns",
        "_open",
        "_opens",
        "_shown",
        "_shown_key",
        "_start_ns",
        "_traded",
        "_trades",
        "_version",
        "_volume",
        "_volumes",
        "close",
    )

    def __init__(self) -> None:
        self.close = 0
        """The last price, 0 while none is known."""
        self._start_ns = self._end_ns = self._newest_ns = self._first_ns = 0
        self._open = self._high = self._low = self._volume = self._traded = 0
        self._opens, self._highs, self._lows, self._closes = (array("H") for _ in range(4))
        self._volumes, self._trades = array("I"), array("H")
        self._version = 0
        self._shown: tuple[Bar, ...] = ()
        self._shown_key = (-1, -1)

    def note(self, at_ns: int, price: int) -> None:
        """Take the middle as of a time."""
        if at_ns >= self._end_ns or at_ns < self._newest_ns:
            self._turn(at_ns)
        self._newest_ns = at_ns
        if price == self.close:
            return
        if not self.close:
            self._open = self._high = self._low = price
        self.close = price
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price

    def trade(self, at_ns: int, count: Count, price: Price | None) -> None:
        """Count a trade; it sets the price, too, where no book does."""
        if price is not None:
            self.note(at_ns, price)
        elif at_ns >= self._end_ns or at_ns < self._newest_ns:
            self._turn(at_ns)
            self._newest_ns = at_ns
        self._volume += count
        self._traded += 1

    def shown(self, now_ns: int) -> tuple[Bar, ...]:
        """Return the newest hours that had ended at a time, oldest first."""
        key = (now_ns // HOUR_NS, self._version)
        if key != self._shown_key:
            self._shown, self._shown_key = self._complete(now_ns, SHOWN_HOURS), key
        return self._shown

    def hours(self, now_ns: int) -> int:
        """Return how many hours ``shown`` would hold, without making them."""
        hour_ns = now_ns - now_ns % HOUR_NS
        first_ns = self._first_ns if self._closes else self._start_ns
        known = max(0, hour_ns - first_ns) // HOUR_NS if self.close else len(self._closes)
        return min(SHOWN_HOURS, known)

    def life(self, now_ns: int) -> tuple[Bar, ...]:
        """Return every hour known that had ended at a time, oldest first."""
        return self._complete(now_ns, MOST_HOURS)

    def current(self, now_ns: int) -> Bar | None:
        """Return the hour under way as it is so far, None while nothing was told of in it."""
        return self._in_progress() if self._end_ns > now_ns else None

    def resume(self, current: Bar) -> None:
        """Go on with an hour that was followed elsewhere so far."""
        self._start_ns, self._end_ns = current.start_ns, current.start_ns + HOUR_NS
        self._open, self._high, self._low = current.open, current.high, current.low
        self.close, self._volume, self._traded = current.close, current.volume, current.trades
        self._newest_ns = 0
        self._version += 1

    def put_before(self, bars: Iterable[Bar], now_ns: int) -> None:
        """Lead the hours with older ones from elsewhere; what is there already stays.

        A bar that does not begin with an hour, or had not ended, is left out.
        """
        first_ns = self._first_ns if self._closes else self._start_ns if self.close else now_ns
        older = {
            bar.start_ns: bar
            for bar in bars
            if bar.close > 0 and not bar.start_ns % HOUR_NS and bar.start_ns + HOUR_NS <= first_ns
        }
        if not older:
            return
        end_ns = first_ns if self.close else max(older) + HOUR_NS
        led, was = MarketBars(), self._columns()
        led._first_ns = start_ns = max(min(older), end_ns - MOST_HOURS * HOUR_NS)
        last = max(at for at in older if at <= start_ns)
        price = older[last].close
        for at_ns in range(start_ns, end_ns, HOUR_NS):
            bar = older.get(at_ns, Bar(at_ns, price, price, price, price))
            led._append(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)
            price = bar.close
        if not self.close:
            self._begin(end_ns, price)
        for own, lead in zip(was, led._columns(), strict=True):
            own[:0] = lead
        self._first_ns = start_ns
        self._version += 1
        self._trim()

    def _columns(self) -> tuple[array[int], ...]:
        return (
            self._opens,
            self._highs,
            self._lows,
            self._closes,
            self._volumes,
            self._trades,
        )

    def _turn(self, at_ns: int) -> None:
        """Begin another hour, or go back to an earlier one."""
        if at_ns < self._newest_ns - _STEP_BACK_NS:
            self._go_back(at_ns)
        elif at_ns >= self._end_ns:
            self._go_on(at_ns)

    def _go_on(self, at_ns: int) -> None:
        hour_ns = at_ns - at_ns % HOUR_NS
        price = self.close
        if price:
            if not self._closes:
                self._first_ns = self._start_ns
            self._append(self._open, self._high, self._low, price, self._volume, self._traded)
            missing = (hour_ns - self._end_ns) // HOUR_NS
            for _ in range(min(missing, MOST_HOURS)):
                self._append(price, price, price, price, 0, 0)
            if missing > MOST_HOURS:
                self._forget(len(self._closes) - MOST_HOURS)
                self._first_ns = hour_ns - MOST_HOURS * HOUR_NS
            self._trim()
        self._begin(hour_ns, price)

    def _go_back(self, at_ns: int) -> None:
        hour_ns = at_ns - at_ns % HOUR_NS
        keep = max(0, (hour_ns - self._first_ns) // HOUR_NS)
        for column in self._columns():
            del column[keep:]
        self._begin(hour_ns, self._closes[-1] if self._closes else 0)

    def _begin(self, hour_ns: int, price: int) -> None:
        self._start_ns, self._end_ns = hour_ns, hour_ns + HOUR_NS
        self._open = self._high = self._low = self.close = price
        self._volume = self._traded = 0
        self._version += 1

    def _append(self, first: int, high: int, low: int, last: int, volume: int, trades: int) -> None:
        self._opens.append(first)
        self._highs.append(high)
        self._lows.append(low)
        self._closes.append(last)
        self._volumes.append(min(volume, _MOST_VOLUME))
        self._trades.append(min(trades, _MOST_TRADES))

    def _trim(self) -> None:
        surplus = len(self._closes) - MOST_HOURS
        if surplus >= _TRIM_HOURS:
            self._forget(surplus)

    def _forget(self, hours: int) -> None:
        for column in self._columns():
            del column[:hours]
        self._first_ns += hours * HOUR_NS

    def _complete(self, now_ns: int, limit: int) -> tuple[Bar, ...]:
        hour_ns = now_ns - now_ns % HOUR_NS
        ended = len(self._closes)
        if ended:
            ended = min(ended, max(0, (hour_ns - self._first_ns) // HOUR_NS))
        found = [self._bar(index) for index in range(max(0, ended - limit), ended)]
        if self.close and self._end_ns <= hour_ns:
            found.append(self._in_progress())
            start_ns = max(self._end_ns, hour_ns - limit * HOUR_NS)
            last = Price(self.close)
            found.extend(
                Bar(at_ns, last, last, last, last) for at_ns in range(start_ns, hour_ns, HOUR_NS)
            )
        return tuple(found[-limit:])

    def _bar(self, index: int) -> Bar:
        return Bar(
            self._first_ns + index * HOUR_NS,
            Price(self._opens[index]),
            Price(self._highs[index]),
            Price(self._lows[index]),
            Price(self._closes[index]),
            Count(self._volumes[index]),
            self._trades[index],
        )

    def _in_progress(self) -> Bar:
        return Bar(
            self._start_ns,
            Price(self._open),
            Price(self._high),
            Price(self._low),
            Price(self.close),
            Count(self._volume),
            self._traded,
        )


def bars_of(trades: Sequence[Trade]) -> list[Bar]:
    """Return the hours in which trades happened, from their prices, oldest first."""
    by_hour: dict[int, list[Trade]] = {}
    for trade in sorted(trades, key=lambda trade: trade.executed_ns):
        by_hour.setdefault(trade.executed_ns - trade.executed_ns % HOUR_NS, []).append(trade)
    return [
        Bar(
            start_ns,
            inside[0].price,
            max(trade.price for trade in inside),
            min(trade.price for trade in inside),
            inside[-1].price,
            Count(sum((trade.count for trade in inside), NO_COUNT)),
            len(inside),
        )
        for start_ns, inside in by_hour.items()
    ]
