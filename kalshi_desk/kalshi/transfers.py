"""Subaccounts, and money moved between them and between exchange shards."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from kalshi_desk.core.errors import DeskError, Refuse, Unknown
from kalshi_desk.core.types import Money, parse_money
from kalshi_desk.kalshi import wire_account as wire
from kalshi_desk.kalshi.answers import converted
from kalshi_desk.kalshi.errors import Ask
from kalshi_desk.kalshi.models import SubaccountCash, Transfer
from kalshi_desk.kalshi.rest import RestClient

_SUBACCOUNTS = "/portfolio/subaccounts"
_MOVES = "/portfolio/intra_exchange_instance_transfers"
_MOST_MOVES = 500
_MICRO_PER_CENT = 10_000
_MICRO_PER_CENTI_CENT = 100
_CONFLICTS = ("already", "conflict", "http_409")


class Transfers:
    """All calls on subaccounts and transfers.  Every method raises ``DeskError``.

    A move is named by its caller, so that one whose answer was lost can be looked up under
    the same name before anybody moves the money again.
    """

    def __init__(self, rest: RestClient) -> None:
        self._answers = rest.answers

    async def create_subaccount(self) -> int:
        """Open the next subaccount and return its number."""
        made = await self._answers.write(
            "POST", _SUBACCOUNTS, wire.SubaccountCreated, ask=Ask.PLACE, body={}
        )
        return made.subaccount_number

    async def balances(self) -> list[SubaccountCash]:
        """Return the cash of every subaccount on every shard."""
        answer = await self._answers.get(f"{_SUBACCOUNTS}/balances", wire.SubaccountBalances)
        return converted(
            lambda row: SubaccountCash(
                subaccount=row.subaccount_number,
                shard=row.exchange_index or 0,
                cash=parse_money(row.balance),
            ),
            answer.subaccount_balances,
        )

    async def between_subaccounts(
        self, amount: Money, source: int, destination: int, *, client_id: str, shard: int = 0
    ) -> None:
        """Move whole cents between two subaccounts on one shard.

        Raises ``Refuse`` when the same name moved money before.
        """
        cents, rest = divmod(amount, _MICRO_PER_CENT)
        if rest:
            raise Refuse("Only whole cents can be moved between subaccounts.", code="bad_amount")
        body = {
            "client_transfer_id": client_id,
            "from_subaccount": source,
            "to_subaccount": destination,
            "amount_cents": cents,
            "exchange_index": shard,
        }
        path = f"{_SUBACCOUNTS}/transfer"
        await self._answers.write("POST", path, wire.Nothing, ask=Ask.PLACE, body=body)

    async def subaccount_transfers(self) -> list[Transfer]:
        """Return what was moved between subaccounts, newest first."""
        path = f"{_SUBACCOUNTS}/transfers"
        pages = await self._answers.pages(path, wire.SubaccountTransfers, {"limit": 1_000})
        return converted(
            lambda row: Transfer(
                transfer_id=row.transfer_id,
                client_transfer_id="",
                amount=Money(row.amount_cents * _MICRO_PER_CENT),
                is_complete=True,
                created_s=row.created_ts,
                source_shard=row.exchange_index or 0,
                destination_shard=row.exchange_index or 0,
                source_subaccount=row.from_subaccount,
                destination_subaccount=row.to_subaccount,
            ),
            [row for page in pages for row in page.transfers or ()],
        )

    async def between_shards(
        self, amount: Money, source: int, destination: int, *, client_id: str
    ) -> str:
        """Move money between two shards and return the transfer's id; it arrives later.

        Where the answer was lost or the name is taken, the transfer is looked up under its
        name; ``Unknown`` when it is not found.
        """
        name = str(uuid.UUID(client_id))
        amount_cc, rest = divmod(amount, _MICRO_PER_CENTI_CENT)
        if rest:
            raise Refuse("Only whole hundredths of a cent can be moved.", code="bad_amount")
        body = {
            "client_transfer_id": name,
            "source": "event_contract",
            "destination": "event_contract",
            "amount": amount_cc,
            "source_exchange_shard": source,
            "destination_exchange_shard": destination,
        }
        path = "/portfolio/intra_exchange_instance_transfer"
        try:
            made = await self._answers.write(
                "POST", path, wire.ShardTransferMade, ask=Ask.PLACE, body=body
            )
            return made.transfer_id
        except DeskError as error:
            if not isinstance(error, Unknown) and not _is_conflict(error):
                raise
            found = [move for move in await self.moves() if move.client_transfer_id == name]
            if not found:
                raise Unknown(
                    "Nobody knows whether the money was moved.",
                    code="transfer_unknown",
                    todo="Look at the balances before you move it again.",
                ) from error
            return found[0].transfer_id

    async def moves(self) -> list[Transfer]:
        """Return what was moved between shards, newest first."""
        pages = await self._answers.pages(_MOVES, wire.ShardTransfers, {"limit": _MOST_MOVES})
        return converted(_move, [row for page in pages for row in page.transfers or ()])

    async def move(self, transfer_id: str) -> Transfer:
        """Return one move between shards; a fresh one may be unknown for a moment."""
        path = f"{_MOVES}/{quote(transfer_id, safe='')}"
        answer = await self._answers.get(path, wire.ShardTransferAnswer)
        return converted(_move, [answer.transfer])[0]

    async def netting(self) -> dict[int, bool]:
        """Return by subaccount whether collateral of exclusive markets is given back."""
        answer = await self._answers.get(f"{_SUBACCOUNTS}/netting", wire.NettingAnswer)
        return {row.subaccount_number: row.enabled for row in answer.netting_configs or ()}


def _is_conflict(error: DeskError) -> bool:
    return isinstance(error, Refuse) and any(word in error.code for word in _CONFLICTS)


def _move(row: wire.ShardTransfer) -> Transfer:
    return Transfer(
        transfer_id=row.transfer_id,
        client_transfer_id=row.client_transfer_id or "",
        amount=parse_money(row.amount),
        is_complete=row.status == "complete",
        created_s=row.created_ts,
        source_shard=row.source_exchange_shard,
        destination_shard=row.destination_exchange_shard,
    )
