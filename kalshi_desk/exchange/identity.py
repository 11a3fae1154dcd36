"""Public ids of what the exchange numbers itself."""

from __future__ import annotations

from kalshi_desk.exchange.listing import stable_uuid


class Identity:
    """Gives the same id for the same number in every run of one seed."""

    seed: int

    def order_id(self, number: int) -> str:
        """Return the public id of an order."""
        return stable_uuid("order", self.seed, number)

    def trade_id(self, number: int) -> str:
        """Return the public id of a trade."""
        return stable_uuid("trade", self.seed, number)

    def group_id(self, number: int) -> str:
        """Return the public id of an order group."""
        return stable_uuid("group", self.seed, number)

    def transfer_id(self, number: int) -> str:
        """Return the public id of a transfer."""
        return stable_uuid("transfer", self.seed, number)

    def change_id(self, number: int) -> str:
        """Return the public id of a change of fees."""
        return stable_uuid("fees", self.seed, number)
