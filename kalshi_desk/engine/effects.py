"""What the trading core wants done: sends, journal entries, questions, words to faces.

The shell carries effects out in order; everything durable stands before what it guards.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.strategy import Observation, ParameterValue
from kalshi_desk.desk.commands import Answer, ReplayControl
from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.store.entries import Entry
from kalshi_desk.store.settings import Settings


class Effect(msgspec.Struct, frozen=True, tag=True):
    """Base of everything that :meth:`TradingCore.step` asks for."""


class KeepIntent(Effect, frozen=True):
    """Make an order's intent durable; comes before its :class:`SendOrder`."""

    intent: OrderIntent


class SendOrder(Effect, frozen=True):
    """Place an order at the broker."""

    intent: OrderIntent


class SendCancel(Effect, frozen=True):
    """Cancel an order at the broker."""

    order_id: str
    ticker: str


class CancelEverything(Effect, frozen=True):
    """Cancel all orders of the account in one call."""


class LookUp(Effect, frozen=True):
    """Find out what became of an order made at ``since_ns`` and on its way until ``until_ns``."""

    client_order_id: str
    ticker: str
    since_ns: int
    until_ns: int


class ReadAccount(Effect, frozen=True):
    """Read the whole account again."""

    why: str


class KeepOrder(Effect, frozen=True):
    """Remember where an order stands."""

    client_order_id: str


class KeepFill(Effect, frozen=True):
    """Remember a fill."""

    fill: Fill


class KeepSettlement(Effect, frozen=True):
    """Remember a settlement."""

    settlement: Settlement


class KeepStop(Effect, frozen=True):
    """Remember where a stop stands; comes before the exit that it leads to."""

    record: StopRecord


class KeepObservation(Effect, frozen=True):
    """Remember what was measured for a strategy's cell; one already kept changes nothing."""

    observation: Observation


class KeepMeta(Effect, frozen=True):
    """Remember a named value, such as the halt or the day's opening equity."""

    key: str
    value: str


class KeepEntry(Effect, frozen=True):
    """Remember an entry that needs nothing else done about it; before what it guards."""

    entry: Entry


class Notify(Effect, frozen=True):
    """Tell every face, in order, and remember it."""

    event: DeskEvent


class GiveAnswer(Effect, frozen=True):
    """Answer a command; the answer is remembered under the command's id.

    With ``kept_stop`` nobody is told before the journal holds that record.
    """

    answer: Answer
    kept_stop: StopRecord | None = None


class AskStrategy(Effect, frozen=True):
    """Let a strategy look at the markets as they are now."""

    strategy: str
    cycle: int
    values: dict[str, ParameterValue]
    since_ns: dict[str, int]
    implications: tuple[tuple[str, str], ...]


class SaveSetting(Effect, frozen=True):
    """Write one setting, by its dotted name, into the settings file; None takes it out."""

    name: str
    value: str | int | float | bool | None


class ApplySettings(Effect, frozen=True):
    """Let what runs beside the core take up a setting that was changed, by its dotted name."""

    name: str
    settings: Settings


class WatchMarket(Effect, frozen=True):
    """Follow an open market that the desk has left out so far."""

    ticker: str


class SteerReplay(Effect, frozen=True):
    """Hand a control to the recording that plays."""

    control: ReplayControl


class ForgetLive(Effect, frozen=True):
    """Take back the confirmation that this home may trade real money."""


class StopShell(Effect, frozen=True):
    """End the engine."""
