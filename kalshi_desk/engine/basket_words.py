"""What is told and kept of a basket."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kalshi_desk.core.types import Count, Money, Price
from kalshi_desk.desk.frames import Level
from kalshi_desk.engine.basket_prices import outcome_of_side
from kalshi_desk.execution.baskets import BasketRecord, Stage
from kalshi_desk.risk.gate import contracts, dollars
from kalshi_desk.store.entries import BasketEntry


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Contracts held by leg, money spent with fees, and the leg at work.

    ``completion`` is the YES limit at which ``missing`` more of it still loses nothing,
    None for the first leg and when no price does.
    """

    filled: tuple[Count, ...]
    spent: Money
    ticker: str
    missing: Count
    completion: Price | None


def entry_of(record: BasketRecord) -> BasketEntry:
    """Return a basket as the journal keeps it."""
    return BasketEntry(
        basket_id=record.basket_id,
        strategy=record.strategy,
        stage=record.stage.value,
        is_over=record.stage.is_over,
        started_ns=record.started_ns,
        updated_ns=record.updated_ns,
        legging_loss=record.legging_loss,
        record=msgspec.msgpack.encode(record),
    )


def words(record: BasketRecord, left: Sequence[Count]) -> tuple[Level, str, str]:
    """Return level, title and text of a basket's end; ``left`` is what each leg has too much."""
    loss = dollars(record.legging_loss)
    if record.stage is Stage.COMPLETE:
        title, level = "Basket complete", Level.GOOD
        text = f"It locks in {dollars(record.locked)}, {dollars(record.guaranteed)} planned."
    elif record.stage is Stage.UNWOUND:
        title, level = "Basket unwound", Level.WARNING
        text = f"A leg missed; what stood alone was sold again for a loss of {loss}."
    elif record.stage is Stage.RESIDUAL:
        title, level = "Basket left an open leg", Level.ERROR
        names = ", ".join(
            f"{contracts(count)} {outcome_of_side(leg.side).upper()} of {leg.ticker}"
            for leg, count in zip(record.legs, left, strict=True)
            if count
        )
        why = "nothing more is sent" if record.is_kept else "nobody would take them back"
        text = f"{names} stay as positions: {why}. Look at them now."
    else:
        title, level = "Basket missed", Level.INFO
        text = "Its first leg did not fill; nothing was bought."
    return level, f"{title} ({record.strategy})", text
