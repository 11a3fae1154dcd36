"""API keys of the account: what each may do, new ones, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from kalshi_desk.core.text import clean
from kalshi_desk.kalshi import wire_account as wire
from kalshi_desk.kalshi.errors import Ask
from kalshi_desk.kalshi.models import KeyInfo, KeyList, NewKey
from kalshi_desk.kalshi.rest import RestClient

_PATH = "/api_keys"
_SECOND_NS = 1_000_000_000


class ApiKeys:
    """All calls on API keys.  Every method raises ``DeskError``."""

    def __init__(self, rest: RestClient) -> None:
        self._answers = rest.answers

    async def all(self) -> KeyList:
        """Return the keys; a key without scopes may do everything."""
        answer = await self._answers.get(_PATH, wire.KeysAnswer)
        return KeyList(
            keys=tuple(
                KeyInfo(
                    key_id=clean(row.api_key_id, 100),
                    name=clean(row.name, 100),
                    scopes=tuple(clean(scope, 60) for scope in row.scopes or ()),
                    subaccount=row.subaccount,
                )
                for row in answer.api_keys or ()
            ),
            attestation_ns=(answer.api_key_region_expiration_ts or 0) * _SECOND_NS,
        )

    async def generate(
        self,
        name: str,
        *,
        key_type: str = "ed25519",
        scopes: Sequence[str] = (),
        subaccount: int | None = None,
    ) -> NewKey:
        """Make a key; its private half is in the answer and nowhere else."""
        body: dict[str, Any] = {"name": name, "key_type": key_type}
        if scopes:
            body["scopes"] = list(scopes)
        if subaccount is not None:
            body["subaccount"] = subaccount
        made = await self._answers.write(
            "POST", f"{_PATH}/generate", wire.KeyMade, ask=Ask.PLACE, body=body
        )
        return NewKey(key_id=made.api_key_id, private_key_pem=made.private_key)

    async def delete(self, key_id: str) -> None:
        """End a key."""
        await self._answers.http.write("DELETE", f"{_PATH}/{quote(key_id, safe='')}")
