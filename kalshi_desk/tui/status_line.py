"""The top line: where one trades, what one owns, what the machine does, what can hurt."""

from __future__ import annotations

from dataclasses import dataclass

from textual.strip import Strip

from kalshi_desk.core.events import LinkState
from kalshi_desk.desk.frames import RiskState, StatusView
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.lines import Lines

PILLS = {
    "practice": "pill-practice",
    "paper": "pill-paper",
    "demo": "pill-demo",
    "live": "pill-live",
    "replay": "pill-replay",
}
_FRESH_MS, _OLD_DATA_MS, _LATE_MS = 1_000, 3_000, 1_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the line and what it is worth when room is short."""

    value: int
    cells: tuple[Cell, ...]

    @property
    def width(self) -> int:
        """Cells it takes with the gap before it."""
        return sum(len(cell.text) for cell in self.cells) + 2


def parts_of(status: StatusView, *, is_behind: bool) -> list[Part]:
    """Return the pieces in reading order."""
    auto = "good" if status.auto_running else "muted"
    parts = [
        Part(40, (Cell(status.exchange_text, "muted"),)),
        Part(55, (Cell(f.clock(status.now_ns), "ink"),)),
        Part(20, (Cell(f.clock(status.now_ns, zone="UTC", seconds=False), "muted"),)),
        Part(95, (Cell("equity ", "muted"), Cell(f.money(status.equity), "ink", True))),
        Part(
            90,
            (Cell("day ", "muted"), Cell(f.pnl(status.day_pnl), f.direction(status.day_pnl), True)),
        ),
        Part(60, (Cell("power ", "muted"), Cell(f.money(status.buying_power, short=True)))),
        Part(65, (Cell("worst ", "muted"), Cell(f.signed_money(status.worst_case)))),
        Part(88, (Cell(f"AUTO {status.auto_running}/{status.auto_total}", auto),)),
        Part(92, (_risk(status.risk),)),
    ]
    if status.unresolved:
        parts.append(Part(91, (Cell(f"{status.unresolved} unresolved", "risk", True),)))
    if status.data_age_ms is not None:
        ink = "caution" if status.data_age_ms > _OLD_DATA_MS else "muted"
        # Steady below a second: a number that changes with every frame is only noise.
        old = "<1s" if status.data_age_ms < _FRESH_MS else f.age(status.data_age_ms)
        parts.append(Part(30, (Cell(f"data {old}", ink),)))
    if status.message_age_ms is not None and status.message_age_ms >= _LATE_MS:
        parts.append(Part(89, (Cell(f"data {f.age(status.message_age_ms)} late", "caution"),)))
    if status.write_tokens is not None and status.write_capacity:
        text = f"tokens {status.write_tokens}/{status.write_capacity}"
        parts.append(Part(10, (Cell(text, "muted"),)))
    if is_behind:
        parts.append(Part(50, (Cell("screen behind", "caution"),)))
    # A recording has no account: what nobody can know is left out rather than dashed.
    unknown = {"", f.NONE} if status.replay is not None else {""}
    return [part for part in parts if part.cells[-1].text not in unknown]


def _risk(risk: RiskState) -> Cell:
    ink = {RiskState.ACTIVE: "good", RiskState.REDUCING: "caution"}.get(risk, "risk")
    return Cell(risk.value, ink, True)


def fitting(parts: list[Part], width: int) -> list[Part]:
    """Return the pieces that fit, the most valuable first, in reading order."""
    kept: set[int] = set()
    left = width
    for index in sorted(range(len(parts)), key=lambda n: -parts[n].value):
        if parts[index].width <= left:
            kept.add(index)
            left -= parts[index].width
    return [part for n, part in enumerate(parts) if n in kept]


def _seen(status: StatusView | None, *, is_behind: bool) -> object:
    """Return what can be seen of a status: most frames change nothing of it."""
    if status is None:
        return None
    return (
        parts_of(status, is_behind=is_behind),
        status.venue,
        status.link,
        status.waiting_for,
        status.replay is None,
    )


class StatusLine(Lines):
    """One line: a pill for the venue, then what fits."""

    def __init__(self) -> None:
        super().__init__("status")
        self.status: StatusView | None = None
        self.waiting_text = "starting"
        self.is_behind = False
        self._seen: object = None

    def show(self, status: StatusView | None, *, is_behind: bool, waiting_text: str) -> None:
        """Take the newest status; the clock makes it change every second."""
        seen = _seen(status, is_behind=is_behind)
        self.status, self.is_behind = status, is_behind
        if (seen, waiting_text) != (self._seen, self.waiting_text):
            self._seen, self.waiting_text = seen, waiting_text
            self.refresh()

    def line(self, y: int) -> Strip:
        """Draw the line."""
        line = self.new_line("head")
        status = self.status
        if status is None:
            line.put(" kalshi-desk ", "pill-ink", bold=True, ground="pill-none")
            return line.put("  ").put(self.waiting_text, "muted").strip()
        venue = "replay" if status.replay is not None else status.venue
        pill = PILLS.get(venue.casefold(), "pill-none")
        word = "● LIVE" if venue.casefold() == "live" else venue.upper()
        line.put(f" {word} ", "pill-ink", bold=True, ground=pill)
        if self.late_text:
            line.put("  ").put(self.late_text, "risk", bold=True)
        elif status.link is not LinkState.LIVE and status.replay is None:
            line.put("  ").put(status.waiting_for or status.link.value, "caution")
        for part in fitting(parts_of(status, is_behind=self.is_behind), line.left_over):
            line.put("  ")
            for cell in part.cells:
                line.put(cell.text, cell.ink, bold=cell.bold)
        return line.strip()
