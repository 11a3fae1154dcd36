"""Believable alerts, guests and lines of a log for the scripted engine."""

from __future__ import annotations

from kalshi_desk.desk.service import AskLog, LogLine, LogPage
from kalshi_desk.desk.service_frames import AlertRow, GuestRow
from tests.tui.scripted import HELD, NOW_NS, SECOND, Engine

LEVELS = ("debug", "info", "warning", "error")
SAID = (
    ("info", "desk", "Connected"),
    ("debug", "kalshi.stream", "subscribed to 104 books"),
    ("info", "desk", "Filled: Bought 120 YES at 46¢"),
    ("warning", "desk", f"Alert a1: {HELD} > 60: Above 4.00% is at 61.5¢."),
    ("error", "engine.shell", "a task of the engine failed [bold]not markup[/bold]"),
    ("info", "desk", "AUTO on"),
)


def alert(alert_id: str, rule: str, state: str = "armed", **more: object) -> AlertRow:
    """One rule."""
    facts: dict[str, object] = {
        "kind": "price", "ticker": HELD, "seen": "61.5¢", "raised_ns": 0, "times": 0,
        "source": "desk", **more,
    }  # fmt: skip
    return AlertRow(alert_id=alert_id, rule=rule, state=state, **facts)  # type: ignore[arg-type]


def add_service(engine: Engine, lines: int = 40) -> list[LogLine]:
    """Let an engine tell about itself; returns its log, which may be added to."""
    engine.rows["alerts"] = {
        "a1": alert("a1", f"{HELD} > 60", "raised", raised_ns=NOW_NS - 240 * SECOND, times=2),
        "a2": alert("a2", "limits > 80%", seen="62%"),
        "a3": alert("a3", "closes held in 30m", seen="4,220 min"),
        "bad": alert("bad", "KXFED >", "can't be read", seen="", problem="That is no rule."),
    }
    engine.rows["guests"] = {
        "api": GuestRow(
            name="api", state="running", text="http://127.0.0.1:3001/api", pid=4720, restarts=0,
            since_ns=NOW_NS - 900 * SECOND,
        ),
        "telegram": GuestRow(
            name="telegram", state="failing", text="No token. Set TELEGRAM_BOT_TOKEN.", pid=0,
            restarts=3, since_ns=NOW_NS - 30 * SECOND,
        ),
    }  # fmt: skip
    log = [line(number) for number in range(lines)]

    def page(query: AskLog) -> LogPage:
        fits = [
            one
            for one in log
            if LEVELS.index(one.level) >= LEVELS.index(query.level)
            and query.text.casefold() in one.text.casefold()
            and (not query.before or one.number < query.before)
        ]
        return LogPage(lines=tuple(fits[-query.limit :]), has_older=len(fits) > query.limit)

    engine.replies[AskLog] = page  # type: ignore[assignment]
    return log


def line(number: int) -> LogLine:
    """One line of the log."""
    level, source, text = SAID[number % len(SAID)]
    at_ns = NOW_NS - (200 - number) * SECOND
    return LogLine(
        number=at_ns, at_ns=at_ns, level=level, source=source, text=f"{text} #{number}",
        fields={"seq": f"{number}"},
    )  # fmt: skip
