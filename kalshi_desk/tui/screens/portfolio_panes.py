"""The panes of the Portfolio screen: the bridge from gross to net, figures, and P&L by part."""

from __future__ import annotations

from kalshi_desk.core.types import Money
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.facts_pane import GAP, Fact, heading, labelled, sentence
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.words import ratio, share

SCOPES = ("strategy", "event", "category", "role")
_STAGES = {
    "open": "open",
    "closed": "closed, no result yet",
    "determined": "determined, unpaid",
    "paid": "paid",
    "paid_today": "of those today",
}
_LABEL = 13
_AMOUNT = 13


def bridge_bar(start: int, end: int, low: int, high: int, width: int) -> tuple[str, str, str]:
    """Return blanks, bar and blanks of a step between two totals on a common scale."""
    span = max(high - low, 1)
    first, last = sorted((start, end))
    begin = round((first - low) * width / span)
    stop = round((last - low) * width / span)
    if stop == begin and start != end:
        stop = min(begin + 1, width)
        begin = stop - 1
    return " " * begin, "█" * (stop - begin), " " * (width - stop)


def bridge_facts(view: PortfolioView, room: int) -> list[Fact]:
    """Return the waterfall: gross, fees taken off, net, what is still open, net of all."""
    steps: list[tuple[str, int, int, Money, bool]] = [
        ("gross", 0, view.realized_gross, view.realized_gross, True),
        (
            "fees",
            view.realized_gross,
            view.realized_gross - view.fees,
            Money(-view.fees),
            False,
        ),
        ("net realized", 0, view.realized_net, view.realized_net, True),
    ]
    if view.unrealized is not None:
        total = view.realized_net + view.unrealized
        steps += [
            ("unrealized", view.realized_net, total, view.unrealized, False),
            ("net of all", 0, total, Money(total), True),
        ]
    ends = [0, *(step[1] for step in steps), *(step[2] for step in steps)]
    low, high = min(ends), max(ends)
    width = max(room - _LABEL - _AMOUNT - 2, 6)
    facts: list[Fact] = []
    for label, start, end, amount, is_total in steps:
        before, bar, _after = bridge_bar(start, end, low, high, width)
        ink = f.direction(amount)
        if is_total and facts:
            facts.append(())
        facts.append(
            (
                Cell(f"{label:<{_LABEL}}", "ink" if is_total else "muted", is_total),
                Cell(before + bar, ink),
                GAP,
                Cell(f.signed_money(amount), ink, is_total),
            )
        )
    if view.unrealized is None:
        facts += sentence("unrealized: some position has no price to leave at", room, "caution")
    known = Money(view.fees - view.unpredicted_fees)
    difference = known - view.predicted_fees
    word = "as predicted" if not difference else f"{f.signed_money(difference)} than predicted"
    facts += [
        (),
        labelled("fees charged", f.money(known)),
        labelled("fees predicted", f.money(view.predicted_fees)),
        *(
            [labelled("fees of no known rule", f.money(view.unpredicted_fees), "caution")]
            if view.unpredicted_fees
            else []
        ),
        labelled("difference", word, "caution" if difference else "good"),
    ]
    return facts


def figure_facts(view: PortfolioView) -> list[Fact]:
    """Return the figures of the account, dashes where there is not enough for one."""
    rate, needed = view.win_rate, view.break_even_win_rate
    beats = rate is not None and needed is not None and rate >= needed
    win_ink = "ink" if rate is None or needed is None else ("up" if beats else "down")
    mark = "" if win_ink == "ink" else (f"{f.UP} " if beats else f"{f.DOWN} ")
    facts: list[Fact] = [
        labelled("equity", f.money(view.equity), bold=True),
        labelled("cash", f.money(view.cash)),
        (),
        heading(f"Settled ({view.settled})"),
        labelled("won", f"{view.wins} of {view.settled}"),
        labelled("win rate", f"{mark}{share(rate)}", win_ink, bold=True),
        labelled("needed to break even", share(needed)),
        labelled("average win", f.signed_money(view.average_win)),
        labelled("average loss", f.signed_money(view.average_loss)),
        labelled("best · worst", f"{f.signed_money(view.best)} · {f.signed_money(view.worst)}"),
        (),
        heading(f"Over {view.days} {'day' if view.days == 1 else 'days'}"),
        labelled("Sharpe, daily", ratio(view.daily_sharpe)),
        labelled("largest drawdown", share(view.max_drawdown)),
        labelled("drawdown now", share(view.drawdown_now)),
        (),
        heading("Stages of settlement"),
    ]
    names = dict.fromkeys((*_STAGES, *view.stages))
    for name in names:
        count, money = view.stages.get(name, (0, Money(0)))
        ink = "ink" if count else "faint"
        text = f"{count}  {f.money(money):>11}"
        facts.append(labelled(_STAGES.get(name, name), text, ink))
    return facts


class PartsTable(DetailTable[PnlRow]):
    """P&L of the parts of the account in one scope."""

    def __init__(self) -> None:
        columns: list[Column[PnlRow]] = [
            Column("part", 14, 100, lambda r: Cell(r.title or r.name), right=False, flex=True),
            Column("trades", 6, 60, lambda r: Cell(f"{r.trades:,}", "muted")),
            Column("contracts", 9, 30, lambda r: Cell(f.short_count(r.contracts, 9), "muted")),
            Column("gross", 11, 80, lambda r: Cell(f.signed_money(r.gross))),
            Column("fees", 10, 85, lambda r: Cell(f.money(r.fees), "muted")),
            Column("unrealized", 11, 40, lambda r: Cell(f.signed_money(r.unrealized), "muted")),
            Column("net", 13, 95, lambda r: Cell(f.pnl(r.net), f.direction(r.net), True)),
        ]
        super().__init__(columns, name="parts", title="P&L")
        self.scope = SCOPES[0]
        self.all: dict[str, PnlRow] = {}

    def take(self, rows: dict[str, PnlRow]) -> None:
        """Take the rows of every scope and show those of one."""
        self.all = rows
        self.title = f"P&L by {self.scope}"
        here = {key: row for key, row in rows.items() if row.scope == self.scope}
        self.sync(here, PnlRow)

    def scopes(self) -> list[str]:
        """Return the scopes there are."""
        return list(dict.fromkeys((*SCOPES, *(row.scope for row in self.all.values()))))

    def turn(self, step: int) -> None:
        """Show the next scope."""
        names = self.scopes()
        self.scope = names[(names.index(self.scope) + step) % len(names)]
        self.take(self.all)
        self.rearrange()
        self.refresh()

    def order_rows(self) -> list[Item]:
        """Most earned first; what is not known last."""
        rows = self.rows
        return [*sorted(rows, key=lambda k: (rows[k].net is None, -(rows[k].net or 0), k))]

    def head_cells(self) -> tuple[Cell, ...]:
        """Return the scopes, the one shown marked."""
        cells: list[Cell] = []
        for name in self.scopes():
            is_here = name == self.scope
            cells.append(Cell(f" {name}", "you" if is_here else "faint", is_here))
        return (*cells, Cell(" "))

    def detail(self, row: PnlRow) -> str:
        """Return the fees predicted and what is open."""
        trades = "1 trade" if row.trades == 1 else f"{row.trades:,} trades"
        return (
            f"{row.title or row.name}: {trades}, {f.count(row.contracts)} contracts; "
            f"fees {f.money(row.fees)}, predicted {f.money(row.predicted_fees)}; "
            f"unrealized {f.signed_money(row.unrealized)}."
        )
