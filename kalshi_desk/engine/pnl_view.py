"""Builds what faces draw of the account's P&L by strategy, event, category and role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from kalshi_desk.core.types import NO_MONEY, MarketStatus, Money
from kalshi_desk.desk.automation_frames import PnlRow
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.market_parts import MarketParts
from kalshi_desk.portfolio.parts import Part, shared
from kalshi_desk.portfolio.positions import Position

AVERAGING = "pooled cost"
FRESH_NS = 500_000_000
KNOWN_PAYOUT = frozenset({MarketStatus.DETERMINED, MarketStatus.FINALIZED})
_AVERAGING_TITLE = "The account's pooled cost against each one's own; nets to nothing"
_UNNAMED = "unknown"
_ROLES = {False: "maker", True: "taker"}


def exit_value(state: CoreState, held: Position) -> Money | None:
    """Return what a holding would bring now: by its book after fees, or by its known payout.

    None when neither can be told.
    """
    found = state.exit_of(held)
    if found is not None:
        return found.net
    live = state.markets.get(held.ticker)
    if (
        live is None
        or live.market.status not in KNOWN_PAYOUT
        or live.market.settlement_value is None
    ):
        return None
    return held.payout(live.market.settlement_value)


@dataclass(slots=True)
class _Line:
    """A row under way; ``unrealized`` is None once some exit has no price."""

    title: str
    part: Part
    unrealized: Money | None = NO_MONEY

    def carry(self, value: Money | None) -> None:
        if value is None or self.unrealized is None:
            self.unrealized = None
        else:
            self.unrealized = Money(self.unrealized + value)


Lines = dict[tuple[str, str], _Line]


def lately(
    state: CoreState, topic: str, build: Callable[[CoreState], dict[str, Row]]
) -> dict[str, Row]:
    """Return what was built a moment ago, unless something was booked since.

    Faces pull eight times a second; what quotes change here need not be that new.
    """
    folio = state.folio
    made_of = (folio.parts.version, folio.base, folio.flows, state.ledger.cash)
    known = folio.shown.get(topic)
    if known is not None and known[0] == made_of and 0 <= state.now_ns - known[1] < FRESH_NS:
        return cast("dict[str, Row]", known[2])
    rows = build(state)
    folio.shown[topic] = made_of, state.now_ns, rows
    return rows


def pnl_rows(state: CoreState, rest: str) -> dict[str, Row]:
    """Return the P&L of every part, by ``scope:name``; the rows of a scope sum to the account."""
    return lately(state, "pnl", _pnl_rows)


def strategy_pnl(state: CoreState, name: str) -> PnlRow | None:
    """Return the P&L of one origin of orders, None while it has not traded."""
    found = pnl_rows(state, "").get(f"strategy:{name}")
    return found if isinstance(found, PnlRow) else None


def _pnl_rows(state: CoreState) -> dict[str, Row]:
    book = state.folio.parts
    lines: Lines = {}
    events, categories = _names(state)
    for name, part in book.grouped("event", list(events.values())).items():
        lines["event", name] = _Line(_event_title(state, name), part)
    for name, part in book.grouped("category", list(categories.values())).items():
        lines["category", name] = _Line(name, part)
    for name, part in book.by_owner().items():
        lines["strategy", name] = _Line(name, part)
    for is_taker, part in book.by_role().items():
        lines["role", _ROLES[is_taker]] = _Line(_ROLES[is_taker], part)
    for held in state.positions.held():
        parts, value = book.by_ticker[held.ticker], exit_value(state, held)
        gain = None if value is None else Money(value - held.cost)
        lines["event", events[held.ticker]].carry(gain)
        lines["category", categories[held.ticker]].carry(gain)
        _carry_owners(lines, parts, value)
        _carry_roles(lines, parts, gain)
    moved = book.averaging()
    if moved:
        line = lines["strategy", AVERAGING] = _Line(_AVERAGING_TITLE, Part(gross=moved))
        line.carry(Money(-moved))
    return {
        f"{scope}:{name}": _row(state, scope, name, line)
        for (scope, name), line in lines.items()
        if line.part.trades or line.part.gross or line.unrealized != 0
    }


def _names(state: CoreState) -> tuple[dict[str, str], dict[str, str]]:
    """Return event and category of every market ever traded, as far as they are known."""
    events: dict[str, str] = {}
    categories: dict[str, str] = {}
    for ticker in state.folio.parts.by_ticker:
        live = state.markets.get(ticker)
        event = "" if live is None else live.market.event_ticker
        known = state.markets.events.get(event)
        category = "" if live is None else live.market.category
        events[ticker] = event or ticker
        categories[ticker] = category or (known.category if known is not None else "") or _UNNAMED
    return events, categories


def _event_title(state: CoreState, name: str) -> str:
    known, live = state.markets.events.get(name), state.markets.get(name)
    if known is not None:
        return known.title
    return name if live is None else live.market.title


def _carry_owners(lines: Lines, parts: MarketParts, value: Money | None) -> None:
    values = {} if value is None else parts.values(value)
    for name in parts.queue:
        gain = None if value is None else Money(values[name] - parts.owners[name].cost)
        lines["strategy", name].carry(gain)


def _carry_roles(lines: Lines, parts: MarketParts, gain: Money | None) -> None:
    counts = [int(parts.roles[is_taker].count) for is_taker in _ROLES]
    split = shared(gain or 0, counts)
    for name, count, share in zip(_ROLES.values(), counts, split, strict=True):
        if count:
            lines["role", name].carry(None if gain is None else Money(share))


def _row(state: CoreState, scope: str, name: str, line: _Line) -> PnlRow:
    part = line.part
    net = None
    if line.unrealized is not None:
        net = Money(part.gross - part.fees + line.unrealized)
    return PnlRow(
        scope=scope,
        name=name,
        title=line.title,
        trades=part.trades,
        contracts=part.contracts,
        gross=part.gross,
        fees=part.fees,
        predicted_fees=part.direct if state.is_direct else part.non_direct,
        unrealized=line.unrealized,
        net=net,
        unpredicted_fees=part.unpredicted,
    )
