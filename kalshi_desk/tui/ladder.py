"""The ladder of one market: every price with sizes, my orders, my entry and my way out."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip

from kalshi_desk.core.types import MarketStatus, Price
from kalshi_desk.desk.frames import BookView, LadderRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell, Line
from kalshi_desk.tui.ladder_columns import bar_scale, columns_for
from kalshi_desk.tui.ladder_fold import Fold, fold
from kalshi_desk.tui.ladder_row import RowLook, paint_row
from kalshi_desk.tui.lines import Lines

HEAD_LINES = 3
WHEEL_ROWS = 3
_FLASH_FRAMES = 2


class Ladder(Lines):
    """Prices from high to low; the view stands still under the cursor until asked to centre."""

    class Aimed(Message):
        """A price was clicked; ``is_chosen`` on a double click."""

        def __init__(self, price: Price, *, is_chosen: bool) -> None:
            super().__init__()
            self.price = price
            self.is_chosen = is_chosen

    def __init__(self, *, flashes: bool = True) -> None:
        super().__init__("ladder")
        self.book: BookView | None = None
        self.cursor: Price | None = None
        self.now_ns = 0
        self.flashes = flashes
        self.waiting_text = "Waiting for the engine."
        self._top = 0
        self._is_aimed = False
        self._spread: tuple[Price | None, Price | None] = (None, None)
        self._flash: dict[Price, tuple[str, int]] = {}
        self._strips: dict[Price, tuple[object, Strip]] = {}
        self._columns = columns_for(0, has_position=False)
        self._biggest = 1
        self._places = 0
        self._name_text = ""
        self._rows: tuple[LadderRow | Fold, ...] = ()

    # --- news --------------------------------------------------------------------------

    def show(self, book: BookView | None, name: str = "") -> None:
        """Take the newest book and the market's name; another market starts centred."""
        self._name_text = name
        before, self.book = self.book, book
        old_rows, self._rows = self._rows, fold(book, self.page) if book else ()
        if book is None:
            if before is not None:
                self.refresh()
            return
        if before is None or before.ticker != book.ticker:
            self._flash.clear()
            self._strips.clear()
            self.cursor, self._is_aimed = None, False
            self.recentre()
            return
        if not self._is_aimed and self._is_off_centre(book):
            self.cursor = None
            self.recentre()
            return
        self._keep_place(old_rows)
        self._note_flashes(before, book)
        self._repaint(old_rows, before, book)

    def _keep_place(self, before: tuple[LadderRow | Fold, ...]) -> None:
        # The price on the first visible line stays there, whatever rows came or went.
        if self._top < len(before):
            anchor = before[self._top].price
            self._top = next(
                (n for n, row in enumerate(self._rows) if row.price <= anchor), self._top
            )
        if not self._is_aimed:
            self._clamp()

    def _note_flashes(self, before: BookView, book: BookView) -> None:
        if not self.flashes:
            return
        if book.last_price is not None and book.last_price != before.last_price:
            up = before.last_price is None or book.last_price > before.last_price
            self._flash[book.last_price] = ("flash-up" if up else "flash-down", _FLASH_FRAMES)

    def _repaint(
        self, old_rows: tuple[LadderRow | Fold, ...], before: BookView, book: BookView
    ) -> None:
        biggest = bar_scale(book)
        same = (
            [r.price for r in old_rows] == [r.price for r in self._rows]
            and biggest == self._biggest
            and bool(before.position) == bool(book.position)
        )
        self._biggest = biggest
        if not same:
            self._strips.clear()
            self.refresh()
            return
        for y in range(HEAD_LINES - 1):
            self.refresh_line(y)
        for n, row in enumerate(self._rows):
            if (
                isinstance(row, Fold)
                or self._token(row) != self._strips.get(row.price, (None, None))[0]
            ):
                self.refresh_line(HEAD_LINES + n - self._top)

    def set_now(self, now_ns: int) -> None:
        """Take the time; the line with the countdown changes at most once a second."""
        book = self.book
        if book is not None:
            old, new = f.until(book.close_ns, self.now_ns), f.until(book.close_ns, now_ns)
            if old != new:
                self.refresh_line(1)
        self.now_ns = now_ns

    def beat(self) -> None:
        """Let flashes fade; called once per frame."""
        for price, (ink, frames) in list(self._flash.items()):
            if frames > 1:
                self._flash[price] = (ink, frames - 1)
            else:
                del self._flash[price]
                self._strips.pop(price, None)
                self._refresh_price(price)

    def forget_strips(self) -> None:
        """Drop every drawn row."""
        self._strips.clear()

    # --- place and cursor --------------------------------------------------------------

    @property
    def page(self) -> int:
        """How many prices are visible."""
        return max(self.size.height - HEAD_LINES, 1)

    def _index_of(self, price: Price | None) -> int | None:
        if price is None:
            return None
        return next((n for n, row in enumerate(self._rows) if row.price == price), None)

    def _middle(self) -> int:
        book = self.book
        if book is None or not self._rows:
            return 0
        bid, ask = self._index_of(book.best_bid), self._index_of(book.best_ask)
        if bid is not None and ask is not None:
            return (bid + ask) // 2
        for index in (bid, ask, self._index_of(book.last_price)):
            if index is not None:
                return index
        return len(self._rows) // 2

    def _is_off_centre(self, book: BookView) -> bool:
        """Whether nobody could see the spread, or there was none when the view was placed."""
        spread = (book.best_bid, book.best_ask)
        if self.cursor is None or (None in self._spread and None not in spread):
            return True
        rows = [self._index_of(price) for price in spread]
        return any(n is not None and not self._top <= n < self._top + self.page for n in rows)

    def recentre(self) -> None:
        """Bring the spread to the middle, and the cursor to the best bid when it has none."""
        self._biggest = bar_scale(self.book) if self.book else 1
        self._top = self._middle() - self.page // 2
        self._spread = (self.book.best_bid, self.book.best_ask) if self.book else (None, None)
        self._clamp()
        if self.cursor is None and self.book is not None:
            self.cursor = self.book.best_bid or self.book.best_ask or self.book.last_price
        self._strips.clear()
        self.refresh()

    def centre(self) -> None:
        """Follow the spread again, as before anything was aimed at."""
        self.cursor, self._is_aimed = None, False
        self.recentre()

    def _clamp(self) -> None:
        self._top = min(max(self._top, 0), max(len(self._rows) - self.page, 0))

    def aim(self, price: Price) -> None:
        """Put the cursor on a price and bring it into sight."""
        self._is_aimed = True
        before, self.cursor = self.cursor, price
        index = self._index_of(price)
        if index is not None:
            top = min(max(self._top, index - self.page + 1), index)
            if top != self._top:
                self._top = top
                self.refresh()
        self._refresh_price(before)
        self._refresh_price(price)

    def move(self, delta: int) -> None:
        """Move the cursor by rows; down is a lower price."""
        if not self._rows:
            return
        index = self._index_of(self.cursor)
        at = min(max(self._middle() if index is None else index + delta, 0), len(self._rows) - 1)
        if isinstance(self._rows[at], Fold):
            at += 1 if delta > 0 else -1
        self.aim(self._rows[at].price)

    def next_price(self, price: Price, steps: int) -> Price:
        """Return the grid price so many steps higher (or lower), as the ladder shows them."""
        if self.book is None or not steps:
            return price
        prices = [row.price for row in self.book.rows]
        higher = sorted(p for p in prices if p > price)
        lower = sorted((p for p in prices if p < price), reverse=True)
        near = higher if steps > 0 else lower
        if len(near) >= abs(steps):
            return near[abs(steps) - 1]
        moved = price + steps * self.book.step
        return Price(moved) if 0 < moved < 10_000 else price

    def _refresh_price(self, price: Price | None) -> None:
        index = self._index_of(price)
        if index is not None:
            self.refresh_line(HEAD_LINES + index - self._top)

    # --- drawing -----------------------------------------------------------------------

    def line(self, y: int) -> Strip:
        """Draw the title, the facts, the column titles or one price."""
        book = self.book
        if y == 0:
            return self._title(book)
        if book is None:
            line = self.new_line()
            return (line.put("  ").put(self.waiting_text, "muted") if y == 2 else line).strip()
        if y == 1:
            return self._facts(book)
        self._columns = columns_for(self.size.width - 1, has_position=bool(book.position))
        if y == HEAD_LINES - 1:
            return self._titles()
        self._places = self._decimals()
        index = self._top + y - HEAD_LINES
        if index >= len(self._rows):
            return self._note(book, y) if not self._rows else self.new_line().strip()
        row = self._rows[index]
        if isinstance(row, Fold):
            return self._folded(row)
        token = self._token(row)
        cached = self._strips.get(row.price)
        if cached is None or cached[0] != token:
            cached = (token, self._row(book, row))
            self._strips[row.price] = cached
        return cached[1]

    def _folded(self, row: Fold) -> Strip:
        text = f"⋮ {f.cents(row.width)} without orders"
        line = self.new_line("spread")
        return line.to((self.size.width - len(text)) // 2).put(text, "faint").strip()

    def _note(self, book: BookView, y: int) -> Strip:
        line = self.new_line()
        if y == HEAD_LINES + 1:
            line.put("  ").put(
                book.stale_reason or "The book is empty: nobody bids or offers.", "muted"
            )
        return line.strip()

    def _title(self, book: BookView | None) -> Strip:
        if book is None:
            return self.head("Ladder")
        return self.head(self._name_text or book.title or book.ticker, is_name=True)

    def _facts(self, book: BookView) -> Strip:
        line = self.new_line()
        line.put(" ").put(book.ticker, "muted")
        if book.status is not MarketStatus.ACTIVE:
            line.put(f"  {book.status.value}", "caution", bold=True)
        for text in (
            f"closes {f.until(book.close_ns, self.now_ns)}" if book.close_ns else "",
            f"vol {f.whole_count(book.volume)}",
            book.fee_text,
            f"shard {book.shard}",
            "grid inferred" if book.grid_inferred else "",
        ):
            if text and len(text) + 3 <= line.left_over:
                line.put(" · ", "faint").put(text, "muted")
        return line.strip()

    def _titles(self) -> Strip:
        c = self._columns
        line = self.new_line().put(" ")
        line.cell(Cell("my", "faint"), c.my_bid, right=True).put(" ")
        line.cell(Cell("bids", "faint"), c.bids, right=True).put(" ")
        line.cell(Cell("YES", "muted", True), c.price, right=True).put(" ")
        if c.no:
            line.cell(Cell("NO", "muted", True), c.no, right=True).put(" ")
        line.cell(Cell("asks", "faint"), c.offers).put(" ")
        if c.my_ask:
            line.cell(Cell("my", "faint"), c.my_ask).put(" ")
        if c.pnl:
            line.cell(Cell("close P&L", "faint"), c.pnl, right=True)
        return line.strip()

    def _token(self, row: LadderRow) -> object:
        book = self.book
        if book is None:
            return None
        is_last = row.price == book.last_price
        return (
            row,
            is_last,
            row.price == self._entry(),
            row.price == self.cursor,
            self.is_current,
            book.best_bid,
            book.best_ask,
            self._biggest,
            self._places,
            self.size.width,
            self._flash.get(row.price),
            book.is_fresh,
        )

    def _decimals(self) -> int:
        """Return how many decimals the visible prices need: grids may be finer at their ends."""
        seen = self._rows[max(self._top, 0) : self._top + self.page]
        return max((f.decimals_of(row.price) for row in seen), default=0)

    def _entry(self) -> Price | None:
        """Return the ladder price nearest to my average entry, in YES."""
        book = self.book
        if book is None or book.average_price is None or not book.position or not book.rows:
            return None
        entry = book.average_price if book.position > 0 else f.other(book.average_price)
        return min((row.price for row in book.rows), key=lambda p: abs(p - entry))

    def _row(self, book: BookView, row: LadderRow) -> Strip:
        look = RowLook(
            columns=self._columns,
            biggest=self._biggest,
            places=self._places,
            is_cursor=row.price == self.cursor,
            has_focus=self.is_current,
            is_entry=row.price == self._entry(),
            flash=self._flash.get(row.price, ("", 0))[0],
        )
        return paint_row(Line(self.inks, self.size.width), look, book, row)

    # --- mouse -------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Keep the spread in sight in the new height."""
        self._rows = fold(self.book, self.page) if self.book else ()
        self.recentre()

    def on_click(self, event: events.Click) -> None:
        """Aim at the price under the mouse."""
        index = self._top + event.y - HEAD_LINES
        if event.y < HEAD_LINES or not 0 <= index < len(self._rows):
            return
        price = self._rows[index].price
        if isinstance(self._rows[index], Fold):
            return
        self.aim(price)
        self.post_message(self.Aimed(price, is_chosen=event.chain == 2))

    def on_mouse_scroll_down(self) -> None:
        """Scroll to lower prices."""
        self._is_aimed = True
        self._top += WHEEL_ROWS
        self._clamp()
        self.refresh()

    def on_mouse_scroll_up(self) -> None:
        """Scroll to higher prices."""
        self._is_aimed = True
        self._top -= WHEEL_ROWS
        self._clamp()
        self.refresh()
