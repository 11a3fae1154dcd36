"""Believable rows about the machine: strategies, limits, stops, P&L and backtests."""

from __future__ import annotations

import json
import math
from typing import Any

from kalshi_desk.core.strategy import Mode, Parameter
from kalshi_desk.core.types import Count, Money, Price
from kalshi_desk.desk.automation import StopKind
from kalshi_desk.desk.automation_frames import (
    EquityPoint,
    ExposureRow,
    LabRow,
    LimitRow,
    LimitUnit,
    PnlRow,
    PortfolioView,
    StopRow,
    StrategyRow,
    WhyRow,
)
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import CorrelationRow
from tests.tui.scripted import HELD, NOW_NS, SECOND, Engine, status

DAY = 86_400 * SECOND
DOLLAR = 1_000_000

ARBITRAGE = (
    Parameter(
        name="min_profit",
        default=0.02,
        help="Least guaranteed profit of a basket after all costs.",
        low=0.0,
        high=10.0,
        unit="$/contract",
    ),
    Parameter(
        name="max_legs",
        default=4,
        help="Most orders in one basket.",
        low=2,
        high=12,
        unit="legs",
    ),
    Parameter(
        name="max_age",
        default=2.0,
        help="Oldest book that a leg may rest on.",
        low=0.5,
        high=30.0,
        unit="s",
    ),
    Parameter(name="complete", default=True, help="Buy what is missing after a part fill."),
    Parameter(
        name="size_by",
        default="depth",
        help="What the size of a basket follows.",
        choices=("depth", "kelly", "one contract"),
    ),
)
VOLATILITY = (
    Parameter(
        name="window",
        default=24,
        help="Hours of bars that the usual move is measured over.",
        low=6,
        high=168,
        unit="hours",
    ),
    Parameter(
        name="threshold",
        default=2.0,
        help="How unusual a move must be before it is faded.",
        low=1.0,
        high=6.0,
        unit="sd",
    ),
    Parameter(
        name="hold",
        default=4.0,
        help="Longest time in a position.",
        low=0.25,
        high=48.0,
        unit="hours",
    ),
)
HARVEST = (
    Parameter(
        name="floor",
        default=0.85,
        help="Only outcomes at least so likely.",
        low=0.5,
        high=0.99,
        unit="probability",
    ),
)


def strategy(name: str, **changes: object) -> StrategyRow:
    """Return a strategy that looks and has found nothing."""
    fields: dict[str, object] = {
        "name": name,
        "title": name.capitalize(),
        "help": "",
        "mode": Mode.SHADOW,
        "running": False,
        "fault": "",
        "parameters": (),
        "values": {},
        "looked_ns": NOW_NS - 4 * SECOND,
        "took_ms": 12.3,
        "scanned": 214,
        "signals": 0,
        "signal_texts": (),
        "cycles": 1_204,
        "open_orders": 0,
        "baskets": 0,
        "trades": 0,
        "pnl": None,
        "paper_trades": 0,
        "paper_pnl": None,
        "proof": "",
    }
    return StrategyRow(**{**fields, **changes})  # type: ignore[arg-type]


def strategies() -> dict[str, Row]:
    """Return one strategy that trades, two in shadow or on paper, one that failed."""
    rows = (
        strategy(
            "arbitrage",
            title="Static arbitrage",
            help="Buys sets of outcomes that must pay more than they cost, after fees.",
            mode=Mode.TRADE,
            running=True,
            parameters=ARBITRAGE,
            values={"min_profit": 0.05, "max_legs": 4, "max_age": 2.0, "complete": True,
                    "size_by": "depth"},
            signals=2,
            signal_texts=(
                "KXFED-26NOV23: NO on T3, T4 and T5 costs $1.96 and pays at least $2.00; "
                "+$0.031 a set after fees, 12 sets at this depth",
                "KXHIGHNY-26NOV23: YES on all six costs 98.2¢ and pays $1; +$0.009 after fees",
            ),
            open_orders=3,
            baskets=1,
            trades=41,
            pnl=Money(18_420_000),
            proof="41 baskets, 39 complete; legging lost $2.10 in all. Guaranteed by settlement.",
        ),
        strategy(
            "volatility",
            title="Volatility",
            help="Fades moves that are larger than what usually follows them.",
            mode=Mode.PAPER,
            parameters=VOLATILITY,
            values={"window": 24, "threshold": 2.5, "hold": 4.0},
            paper_trades=17,
            paper_pnl=Money(-6_310_000),
            proof="17 of 60 events seen in cell fade/high; mean −$0.37, needs +$0.10 at 95%.",
        ),
        strategy(
            "harvest",
            title="Maker harvester",
            help="Rests post-only bids on favourites and collects the spread.",
            parameters=HARVEST,
            values={"floor": 0.85},
            proof="Unwatched markout of 112 quotes: −0.2¢, needs more than 0¢ over 300.",
        ),
        strategy(
            "mine",
            title="Mine",
            help="My own idea.",
            mode=Mode.OFF,
            fault="took 1.4 s, the limit is 1 s",
            looked_ns=NOW_NS - 3_600 * SECOND,
            took_ms=1_412.0,
        ),
    )  # fmt: skip
    return {row.name: row for row in rows}


def reasons(count: int = 1) -> dict[str, Row]:
    """Return why the arbitrage left things alone."""
    lines = (
        ("KXCPI-26NOV23", "CPI in November", "below_costs", "$0.011", "$0.050",
         "The cheapest set of YES earns 1.1 cents before fees of 3.2 cents."),
        ("KXINX-26NOV23", "S&P 500 close", "depth_unknown", "no sizes", "10 contracts",
         "Three legs show no size at their best offer."),
        ("KXBTCD-26NOV23", "Bitcoin at 5pm", "stale_book", "4.2 s", "2.0 s",
         "The book of T4 was last heard of 4.2 s ago."),
        ("KXOSCARPIC-26NOV23", "Best Picture", "not_exhaustive", "7 listed", "proof",
         "Nothing proves that one of the seven must win, so buying all YES is no arbitrage."),
        ("KXGAS-26NOV23", "US gas prices", "below_costs", "−$0.004", "$0.050",
         "The ladder is in order; no pair crosses."),
        ("KXHOUSE-26NOV23", "House", "near_close", "8m 40s", "15m",
         "It closes in less than a quarter of an hour."),
    )  # fmt: skip
    return {
        ticker: WhyRow(
            candidate=ticker,
            title=title,
            code=code,
            text=text,
            seen=seen,
            needed=needed,
            times=(7 - n) ** 4 * count,
            at_ns=NOW_NS - n * 5 * SECOND,
        )
        for n, (ticker, title, code, seen, needed, text) in enumerate(lines)
    }


def limits() -> dict[str, Row]:
    """Return the limits of a working day: one breached, one near, one that can't be known."""
    money, count, part = LimitUnit.MONEY, LimitUnit.COUNT, LimitUnit.SHARE
    lines = (
        ("max_position", "Largest position", money, 55_440_000, 1_023_450_000, "10%",
         "Share of W that one position may lose."),
        ("max_event", "Largest event", money, 412_000_000, 409_380_000, "4%",
         "Share of W that one event may lose at worst."),
        ("max_category", "Largest category", money, 455_000_000, 1_535_170_000, "15%",
         "Share of W that one category may lose at worst."),
        ("max_total", "All positions", money, 612_000_000, 3_070_350_000, "30%",
         "Share of W that everything together may lose at worst."),
        ("max_positions", "Open positions", count, 4, 10, "10", "Most markets held at a time."),
        ("max_correlation", "Correlation", part, 5_900, 7_000, "0.7",
         "Highest correlation of a new position with those held, -1 to 1."),
        ("max_daily_loss", "Loss today", money, 0, 204_690_000, "2%",
         "Share of W lost in a day that halts the desk."),
        ("max_drawdown", "Drawdown", part, 840, 1_000, "10%",
         "Fall from the highest equity that halts the desk."),
        ("order_rate", "Orders a minute", count, 6, 30, "30", "Most orders in a minute."),
        ("cash", "Cash for orders", money, 28_800_000, 8_120_000_000, "", "Cash that is free."),
        ("near_close", "Time to close", LimitUnit.SECONDS, None, 900, "15m",
         "No new position in a market that closes sooner."),
        ("stale_book", "Age of a book", LimitUnit.SECONDS, 1, 5, "5s",
         "No order on a book that is older."),
    )  # fmt: skip
    return {
        name: LimitRow(
            name=name,
            title=title,
            unit=unit,
            used=used,
            allowed=allowed,
            setting=f"risk.{name}",
            value=setting,
            help=text,
            is_breached=used is not None and used > allowed,
            range="a number from 0.1 to 100 in per cent (2 means 2 %)",
        )
        for name, title, unit, used, allowed, setting, text in lines
    }


def exposure() -> dict[str, Row]:
    """Return worst cases by event, category, day and strategy."""
    lines = (
        ("event", "KXFED-26NOV23", "Fed in December", -412, 540, 409, 3),
        ("event", "KXHIGHNY-26NOV23", "High in New York", -43, 61, 409, 2),
        ("event", "KXOSCARPIC-26NOV23", "Best Picture", -157, 170, 409, 1),
        ("category", "Economics", "Economics", -412, 540, 1_535, 3),
        ("category", "Climate and Weather", "Climate and Weather", -43, 61, 1_535, 2),
        ("category", "Entertainment", "Entertainment", -157, 170, 1_535, 1),
        ("day", "2026-11-23", "Nov 23", -43, 61, None, 2),
        ("day", "2026-12-09", "Dec 9", -412, 540, None, 3),
        ("strategy", "manual", "by hand", -455, 601, None, 5),
        ("strategy", "arbitrage", "arbitrage", -157, 170, 2_046, 1),
    )
    return {
        f"{scope}:{name}": ExposureRow(
            scope=scope,
            name=name,
            title=title,
            worst=Money(worst * DOLLAR),
            value=Money(value * DOLLAR),
            allowed=None if allowed is None else Money(allowed * DOLLAR),
            positions=positions,
        )
        for scope, name, title, worst, value, allowed, positions in lines
    }


def stop(stop_id: str, **changes: object) -> StopRow:
    """Return a fixed stop that is armed."""
    fields: dict[str, object] = {
        "stop_id": stop_id,
        "ticker": HELD,
        "title": "",
        "kind": StopKind.FIXED,
        "state": "armed",
        "amount": "20%",
        "count": Count(120_00),
        "filled": Count(0),
        "level": Price(3700),
        "now_price": Price(4530),
        "until_ns": 0,
        "expected_cost": Money(14_000),
        "worst_exit": Money(50_120_000),
        "text": "Lets go when the bid for YES stands at 37.0¢ or below for 3 s",
        "updated_ns": NOW_NS - 60 * SECOND,
    }
    return StopRow(**{**fields, **changes})  # type: ignore[arg-type]


def stops() -> dict[str, Row]:
    """Return stops in several states."""
    rows = (
        stop("s-1"),
        stop(
            "s-2",
            ticker="KXHIGHNY-26NOV23-T2",
            kind=StopKind.TRAILING,
            state="part filled",
            amount="5c",
            count=Count(40_00),
            filled=Count(25_00),
            level=Price(5200),
            now_price=Price(5110),
            worst_exit=Money(20_010_000),
            text="Sold 25 of 40 at 51.1¢; the rest is offered at 50¢",
        ),
        stop(
            "s-3",
            ticker="KXCPI-26NOV23-T1",
            kind=StopKind.TIME,
            amount="4h",
            level=None,
            expected_cost=None,
            until_ns=NOW_NS + 3 * 3_600 * SECOND,
            text="Closes the position at 17:02 ET whatever the price",
        ),
    )
    return {row.stop_id: row for row in rows}


def curve(points: int = 160) -> tuple[EquityPoint, ...]:
    """Return equity of forty days with a fall in the middle."""
    made = []
    for n in range(points):
        value = 10_000 + 1.6 * n + 90 * math.sin(n / 21) * math.exp(-(((n - 80) / 55) ** 2))
        made.append(
            EquityPoint(NOW_NS - (points - n) * DAY // 4, Money(round(value * 100) * 10_000))
        )
    return tuple(made)


def portfolio(**changes: object) -> PortfolioView:
    """Return an account of forty days."""
    fields: dict[str, object] = {
        "equity": Money(10_234_500_000),
        "cash": Money(8_120_000_000),
        "realized_gross": Money(412_300_000),
        "fees": Money(118_400_000),
        "predicted_fees": Money(117_900_000),
        "realized_net": Money(293_900_000),
        "unrealized": Money(-12_100_000),
        "settled": 84,
        "wins": 51,
        "win_rate": 51 / 84,
        "break_even_win_rate": 0.552,
        "average_win": Money(14_210_000),
        "average_loss": Money(-13_060_000),
        "best": Money(82_400_000),
        "worst": Money(-55_000_000),
        "days": 40,
        "daily_sharpe": 0.114,
        "max_drawdown": 0.021,
        "drawdown_now": 0.004,
        "stages": {
            "open": (4, Money(540_000_000)),
            "closed": (1, Money(18_000_000)),
            "determined": (2, Money(73_000_000)),
            "paid": (84, Money(293_900_000)),
            "paid_today": (3, Money(21_000_000)),
        },
        "equity_curve": curve(),
    }
    return PortfolioView(**{**fields, **changes})  # type: ignore[arg-type]


def pnl() -> dict[str, Row]:
    """Return P&L by strategy, event, category and role."""
    lines = (
        ("strategy", "manual", "by hand", 96, 3_140, 371_000, 96_100, -12_100),
        ("strategy", "arbitrage", "Static arbitrage", 41, 820, 41_300, 22_300, None),
        ("event", "KXFED-26NOV23", "Fed in December", 31, 1_200, 120_400, 40_100, -9_000),
        ("event", "KXHIGHNY-26NOV23", "High in New York", 52, 900, -38_200, 21_400, -3_100),
        ("category", "Economics", "Economics", 60, 2_100, 260_000, 71_000, -9_000),
        ("category", "Climate", "Climate and Weather", 77, 1_860, 152_300, 47_400, -3_100),
        ("role", "maker", "maker", 58, 1_900, 214_000, 0, 0),
        ("role", "taker", "taker", 79, 2_060, 198_300, 118_400, -12_100),
    )
    return {
        f"{scope}:{name}": PnlRow(
            scope=scope,
            name=name,
            title=title,
            trades=trades,
            contracts=Count(contracts * 100),
            gross=Money(gross * 1_000),
            fees=Money(fees * 1_000),
            predicted_fees=Money(fees * 995),
            unrealized=None if unrealized is None else Money(unrealized * 1_000),
            net=None if unrealized is None else Money((gross - fees + unrealized) * 1_000),
        )
        for scope, name, title, trades, contracts, gross, fees, unrealized in lines
    }


def report() -> dict[str, Any]:
    """Return a report as the shell prints it: money as decimal strings of dollars."""
    return {
        "strategy": "arbitrage",
        "parameters": {"min_profit": 0.05, "max_legs": 4},
        "fill_model": "queue-averse",
        "fill_model_meaning": "every cancel at our price stood behind us",
        "latency_ms": 150,
        "fee_regime": "schedule of the recording",
        "period": ["2026-11-16T00:00:00Z", "2026-11-22T23:59:59Z"],
        "data_source": ["practice-20261116T000000Z.jsonl.zst"],
        "market_events": 1_204_331,
        "fault": "",
        "initial_capital": "10000",
        "final_equity": "10071.24",
        "total_return": 0.007124,
        "days": 7,
        "sharpe_daily": 0.31,
        "sharpe_annual": 5.92,
        "probability_sharpe_above_0": 0.81,
        "max_drawdown": 0.0041,
        "max_drawdown_dollars": "41.02",
        "signals": 91,
        "orders": 188,
        "fills": 171,
        "contracts": "2210.00",
        "bridge": {
            "at_middle": "148.1",
            "spread": "-31.4",
            "gross": "116.7",
            "fees": "-45.46",
            "closing": "0",
            "net": "71.24",
        },
        "bets": {"count": 22, "win_rate": 0.77, "break_even_win_rate": 0.61},
        "by_role": {
            "maker": {"fills": 40, "gross": "31.2", "fees": "0", "net": "31.2"},
            "taker": {"fills": 131, "gross": "85.5", "fees": "-45.46", "net": "40.04"},
        },
        "reasons": {"below_costs": 10_204, "stale_book": 311},
        "equity": [
            [point.at_ns, f"{point.equity / DOLLAR:.2f}"] for point in curve(60)
        ],
    }  # fmt: skip


def run(run_id: str, **changes: object) -> LabRow:
    """Return a backtest that is done."""
    fields: dict[str, object] = {
        "run_id": run_id,
        "strategy": "arbitrage",
        "recording": "practice-20261116T000000Z.jsonl.zst",
        "state": "done",
        "progress": 1.0,
        "started_ns": NOW_NS - 600 * SECOND,
        "seconds_left": None,
        "asked": {"capital": "10000", "fill_model": "queue-averse"},
        "problem": "",
        "report": json.dumps(report()),
    }
    return LabRow(**{**fields, **changes})  # type: ignore[arg-type]


def lab() -> dict[str, Row]:
    """Return a run that is done, one that runs, one that failed."""
    rows = (
        run("r-1"),
        run(
            "r-2",
            strategy="volatility",
            state="running",
            progress=0.42,
            started_ns=NOW_NS - 95 * SECOND,
            seconds_left=131.0,
            report="",
        ),
        run(
            "r-0",
            strategy="harvest",
            recording="",
            state="failed",
            progress=0.0,
            started_ns=NOW_NS - 7_200 * SECOND,
            asked={"start": "2026-01-01", "end": "2026-01-02"},
            problem="No recording of the home lies between 2026-01-01 and 2026-01-02.",
            report="",
        ),
    )
    return {row.run_id: row for row in rows}


def correlations(engine: Engine) -> dict[str, Row]:
    """How some markets move together."""
    first, second, third, *_ = sorted(engine.world.rows)
    found: dict[str, Row] = {}
    for one, other, value, is_found in (
        (first, second, 0.62, True),
        (first, third, -0.41, True),
        (second, third, 0.08, False),
    ):
        found[f"{one} {other}"] = CorrelationRow(
            first=one,
            second=other,
            hours=72,
            estimate=value * 1.2,
            shrunk=value,
            low=value - 0.2,
            high=value + 0.2,
            p_value=0.001 if is_found else 0.4,
            is_found=is_found,
        )
    return found


def add_machine(engine: Engine) -> None:
    """Let an engine tell about the machine too."""
    engine.rows["status"][""] = status(auto_running=1, auto_total=1, auto_on=True)
    engine.rows["strategies"] = strategies()
    engine.rows["why:arbitrage"] = reasons()
    engine.rows["limits"] = limits()
    engine.rows["exposure"] = exposure()
    engine.rows["stops"] = stops()
    engine.rows["correlations"] = dict(correlations(engine))
    engine.rows["portfolio"] = {"": portfolio()}
    engine.rows["pnl"] = pnl()
    engine.rows["lab"] = lab()
