"""One signed HTTP request after another: paced, signed late, retried only where it is safe."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

import httpx

from kalshi_desk.core.errors import Retry, Stop
from kalshi_desk.core.ports import Clock, Sleep
from kalshi_desk.kalshi.budget import Budget
from kalshi_desk.kalshi.clock_offset import ClockOffset
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.errors import (
    DEPRECATED,
    TIMESTAMP_EXPIRED,
    TOO_MANY_REQUESTS,
    Ask,
    error_from_answer,
    error_from_transport,
)
from kalshi_desk.kalshi.signing import Signer

_READ_ATTEMPTS = 4
_CANCEL_ATTEMPTS = 6
_FIRST_BACKOFF_S = 0.25
_LONGEST_BACKOFF_S = 4.0
_CONNECT_S = 5.0
_ANSWER_S = 10.0
_MS_NS = 1_000_000

Params = Mapping[str, str | int] | Sequence[tuple[str, str | int]]
OnAnswer = Callable[[str, str, Mapping[str, str], bytes], None]
"""Takes method, path, headers and body of an answer; must not raise.

It gets what is a success, and what says that the route has ended.
"""


class SignedHttp:
    """The transport under :class:`RestClient`: bytes in, bytes out, errors as the desk's tree.

    A read is tried up to four times; a write is sent once, except when the exchange
    said that only its time stamp was off, which means that it was not carried out.  A cancel
    that the rate limit turned away was not carried out either, and is sent again.

    Raises ``Stop`` for a key that was stored for another environment.
    """

    def __init__(
        self,
        environment: Environment,
        signer: Signer | None,
        clock: Clock,
        *,
        budget: Budget | None = None,
        sleep: Sleep = asyncio.sleep,
        answer_s: float = _ANSWER_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if signer is not None:
            environment.check_key(signer.venue)
        self.environment = environment
        self.signer = signer
        self.budget = budget or Budget(sleep=sleep)
        self.offset = ClockOffset()
        self.on_answer: OnAnswer | None = None
        self._clock = clock
        self._sleep = sleep
        self._base_path = environment.rest_path
        parts = urlsplit(environment.rest_url)
        self._origin = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        is_local = environment.name == "practice"
        self._has_wall_clock = not is_local
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_s, connect=_CONNECT_S),
            transport=transport,
            trust_env=not is_local,
            headers={"Accept": "application/json"},
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def exchange_now_ns(self) -> int:
        """Return the time as the exchange's clock would say it."""
        return self._clock.now_ns() + (self.offset.ns if self._has_wall_clock else 0)

    async def get(
        self, path: str, params: Params | None = None, *, accept: frozenset[int] = frozenset()
    ) -> bytes:
        """Read; statuses in ``accept`` count as success.  Raises ``DeskError``."""
        backoff_s = _FIRST_BACKOFF_S
        for attempt in range(1, _READ_ATTEMPTS + 1):
            try:
                return await self._once("GET", path, params, None, accept)
            except Retry as error:
                if attempt == _READ_ATTEMPTS or error.code == TIMESTAMP_EXPIRED:
                    raise
            await self._sleep(backoff_s * random.uniform(0.5, 1.5))
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)
        raise AssertionError("unreachable")

    async def write(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: bytes | None = None,
        *,
        items: int = 1,
    ) -> bytes:
        """Write once.  Raises ``DeskError``; ``Unknown`` when it may have happened.

        ``items`` is how many orders a batch holds, each of which is paid for.
        """
        backoff_s = _FIRST_BACKOFF_S
        for attempt in range(1, _CANCEL_ATTEMPTS + 1):
            try:
                return await self._once(method, path, params, body, frozenset(), items)
            except Retry as error:
                is_turned_away = method == "DELETE" and error.code == TOO_MANY_REQUESTS
                if not is_turned_away or attempt == _CANCEL_ATTEMPTS:
                    raise
            await self._sleep(backoff_s * random.uniform(0.5, 1.5))
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)
        raise AssertionError("unreachable")

    async def _once(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: bytes | None,
        accept: frozenset[int],
        items: int = 1,
    ) -> bytes:
        ask = _ask(method)
        for is_last in (False, True):
            answer = await self._exchange(method, path, params, body, items)
            if answer.is_success or answer.status_code in accept:
                self._show(method, path, answer)
                return answer.content
            error = error_from_answer(answer.status_code, answer.content, ask=ask)
            if error.code.startswith(DEPRECATED):
                self._show(method, path, answer)
            if error.code != TIMESTAMP_EXPIRED:
                if isinstance(error, Retry) and error.code == TOO_MANY_REQUESTS:
                    self.budget.punish(method, path)
                raise error
            if is_last:
                break
            self.offset.reset()
            self._observe(answer)
        raise Stop(
            "The exchange says that this computer's clock is wrong.",
            code=TIMESTAMP_EXPIRED,
            money=ask.not_done,
            todo="Set the clock (for example with NTP) and start again.",
        )

    async def _exchange(
        self, method: str, path: str, params: Params | None, body: bytes | None, items: int
    ) -> httpx.Response:
        await self.budget.pace(method, path, items)
        headers = await self._signed(method, path)
        if method != "GET":
            headers["Content-Type"] = "application/json"
        url = f"{self._origin}{self._base_path}{path}"
        sent_ns = self._clock.now_ns()
        try:
            answer = await self._client.request(
                method, url, params=_query(params), content=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise error_from_transport(error, ask=_ask(method)) from None
        answer.extensions["sent_ns"] = sent_ns
        answer.extensions["received_ns"] = self._clock.now_ns()
        self._observe(answer)
        return answer

    async def _signed(self, method: str, path: str) -> dict[str, str]:
        """Sign as late as possible; RSA takes about a millisecond, so off the event loop."""
        signer = self.signer
        if signer is None:
            return {}
        timestamp_ms = self.exchange_now_ns() // _MS_NS
        full_path = f"{self._base_path}{path}"
        if signer.is_slow:
            return await asyncio.to_thread(signer.headers, method, full_path, timestamp_ms)
        return signer.headers(method, full_path, timestamp_ms)

    def _show(self, method: str, path: str, answer: httpx.Response) -> None:
        """Show an answer to whoever watches how the exchange answers."""
        if self.on_answer is not None:
            self.on_answer(method, path, answer.headers, answer.content)

    def _observe(self, answer: httpx.Response) -> None:
        self.offset.observe(
            answer.headers.get("date"),
            answer.extensions["sent_ns"],
            answer.extensions["received_ns"],
        )


def _ask(method: str) -> Ask:
    return Ask.READ if method == "GET" else Ask.CANCEL if method == "DELETE" else Ask.PLACE


def _query(params: Params | None) -> httpx.QueryParams:
    pairs = list(params.items()) if isinstance(params, Mapping) else params or []
    return httpx.QueryParams([(name, str(value)) for name, value in pairs])
