"""Members' money apart from trading: new accounts, subaccounts, and moves between shards."""

from __future__ import annotations

from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.commands import AddMember, AddSubaccount, MoveMoney
from kalshi_desk.exchange.listing import stable_uuid
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.records import Account, Transfer
from kalshi_desk.exchange.refusals import refused

MOST_SUBACCOUNTS = 63
_MS_NS = 1_000_000


class Treasury:
    """Opens accounts and moves money; what is on its way belongs to the ledger."""

    def __init__(self, seed: int, engine: MatchingEngine) -> None:
        self._seed = seed
        self._engine = engine
        self._ledger = engine.ledger

    def add_member(self, command: AddMember) -> Account:
        """Open a primary account for a person; raises ``Refusal`` for a name in use."""
        if any(account.name == command.name for account in self._ledger.accounts):
            raise refused(409, "member_already_exists")
        return self._open(
            Account(
                number=len(self._ledger.accounts),
                name=command.name,
                user_id=stable_uuid("user", self._seed, command.name),
                keyed=True,
                cash=command.cash,
            )
        )

    def add_subaccount(self, command: AddSubaccount) -> Account:
        """Open a member's next subaccount; raises ``Refusal`` after the 63rd."""
        family = self._ledger.family(command.owner)
        number = max(account.subaccount for account in family) + 1
        if number > MOST_SUBACCOUNTS:
            raise refused(400, "invalid_parameters", details="no more subaccounts")
        primary = self._ledger.accounts[command.owner]
        return self._open(
            Account(
                number=len(self._ledger.accounts),
                name=f"{primary.name}/{number}",
                user_id=primary.user_id,
                keyed=True,
                cash=ZERO,
                user=command.owner,
                subaccount=number,
            )
        )

    def move(self, command: MoveMoney, now_ns: int) -> Transfer:
        """Take money off one place; it arrives after ``Rules.transfer_ms``."""
        source = self._ledger.subaccount(command.owner, command.source)
        destination = self._ledger.subaccount(command.owner, command.destination)
        if source is None or destination is None:
            raise refused(404, "not_found", message="subaccount not found")
        if any(
            item.user == command.owner and item.client_id == command.client_id
            for item in self._ledger.transfers
        ):
            raise refused(409, "transfer_already_applied")
        self._engine.check_free_cash(source.number, command.source_shard, command.amount)
        source.pay(command.source_shard, -command.amount)
        delay_ns = self._engine.rules.transfer_ms * _MS_NS
        transfer = Transfer(
            number=len(self._ledger.transfers) + 1,
            user=command.owner,
            client_id=command.client_id,
            source=source.number,
            destination=destination.number,
            source_shard=command.source_shard,
            destination_shard=command.destination_shard,
            amount=command.amount,
            created_ns=now_ns,
            done_ns=now_ns + (0 if command.between_subaccounts else delay_ns),
            between_subaccounts=command.between_subaccounts,
        )
        self._ledger.transfers.append(transfer)
        self.run(now_ns)
        return transfer

    def run(self, now_ns: int) -> None:
        """Let the money arrive that is due."""
        for transfer in reversed(self._ledger.transfers):
            if transfer.done_ns <= now_ns and not transfer.is_done:
                transfer.is_done = True
                taker = self._ledger.accounts[transfer.destination]
                taker.pay(transfer.destination_shard, transfer.amount)

    def _open(self, account: Account) -> Account:
        self._ledger.accounts.append(account)
        self._engine.add_account()
        return account
