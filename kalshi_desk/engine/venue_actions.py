"""What the shell may ask of a venue besides its feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kalshi_desk.core.ports import Broker
from kalshi_desk.core.records import Market
from kalshi_desk.desk.commands import ReplayControl


class VenueActions:
    """What a venue can do beyond feed and broker; every part may be absent."""

    broker: Broker | None = None
    sessions = 0
    """How many sessions began so far; a new one follows no book that it was not asked for."""

    @property
    def frame_ns(self) -> int:
        """When the frame was received whose events are being told now; 0 between frames."""
        return 0

    @property
    def is_frame_tapped(self) -> bool:
        """Whether the recording holds the frame whose events are being told now."""
        return False

    @property
    def news_url(self) -> str:
        """Where the venue's own news can be read, empty where it has none or not yet."""
        return ""

    @property
    def unlisted(self) -> Mapping[str, Market]:
        """Open markets that the venue knows of and the desk does not follow."""
        return {}

    async def cancel_everything(self) -> None:
        """Cancel all orders of the account."""

    async def read_account(self) -> None:
        """Read the account again; the reading arrives as an event."""

    async def watch(self, tickers: Sequence[str]) -> None:
        """Make these markets' books part of the feed; unlisted ones are listed first."""

    def steer(self, control: ReplayControl) -> None:
        """Steer a recording."""
