"""What the journal is to keep for an effect that asks for nothing else."""

from __future__ import annotations

from kalshi_desk.engine.effects import (
    Effect,
    KeepEntry,
    KeepObservation,
    KeepStop,
)
from kalshi_desk.store.entries import Entry


def entry_of(effect: Effect) -> Entry | None:
    """Return the entry of such an effect, None for any other."""
    if isinstance(effect, KeepStop):
        return effect.record
    if isinstance(effect, KeepEntry):
        return effect.entry
    return effect.observation if isinstance(effect, KeepObservation) else None
