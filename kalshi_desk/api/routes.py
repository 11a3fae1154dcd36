"""The routes of the API: what each offer does."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from kalshi_desk.api import answers
from kalshi_desk.api.bodies import ConfigBody, ConfigChange, Result
from kalshi_desk.api.config_fields import changes, config, units
from kalshi_desk.api.desk_view import DeskView
from kalshi_desk.api.docs_page import PAGE_POLICY, page
from kalshi_desk.api.metrics import CONTENT_TYPE, Metrics
from kalshi_desk.api.offers import Offer
from kalshi_desk.api.openapi import document
from kalshi_desk.api.replies import JSON, Refusal, refused, reply, text_reply
from kalshi_desk.core.errors import DeskError, Refuse, Retry, Unknown
from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.desk.client import new_command_id
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Panic
from kalshi_desk.desk.service import AskSettings, SetSeveral, SettingsPage

IDEMPOTENCY_KEY = "idempotency-key"
KEPT_KEYS = 1_000
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_change = msgspec.json.Decoder(ConfigChange)
Handler = Callable[[Request], Awaitable[Response]]


class Routes:
    """One handler for each :class:`Offer`, found by its name."""

    def __init__(self, desk: DeskView, metrics: Metrics, on_change: Callable[[], None]) -> None:
        self._desk = desk
        self._metrics = metrics
        self._on_change = on_change
        self._keys: OrderedDict[str, str] = OrderedDict()

    def handler(self, offer: Offer) -> Handler:
        """Return what answers an offer, with every failure of the desk put in words."""
        found: Callable[[Request, Offer], Awaitable[Response]] = getattr(self, offer.name)

        async def handle(request: Request) -> Response:
            try:
                response = await found(request, offer)
            except DeskError as error:
                response = refused(_failure(error))
            self._metrics.called(offer, response.status_code)
            return response

        return handle

    async def health(self, _request: Request, _offer: Offer) -> Response:
        """Say whether the desk can trade; 503 when its engine does not answer."""
        try:
            return reply(answers.health(await self._desk.look()))
        except DeskError:
            return reply(answers.health(None), 503)

    async def status(self, _request: Request, _offer: Offer) -> Response:
        """Say what the desk is doing."""
        return reply(answers.status(await self._desk.look()))

    async def positions(self, _request: Request, _offer: Offer) -> Response:
        """List what is held."""
        return reply(answers.positions(await self._desk.look()))

    async def balance(self, _request: Request, _offer: Offer) -> Response:
        """Show the money."""
        return reply(answers.balance(await self._desk.look()))

    async def performance(self, _request: Request, _offer: Offer) -> Response:
        """Show the record."""
        return reply(answers.performance(await self._desk.look()))

    async def config(self, _request: Request, _offer: Offer) -> Response:
        """Show the settings."""
        return reply(await current_config(self._desk))

    async def set_config(self, request: Request, offer: Offer) -> Response:
        """Change settings together."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            return refused(Refusal(415, f"The body must be {JSON}."))
        try:
            asked = _change.decode(await request.body())
        except (msgspec.MsgspecError, RecursionError) as error:
            return refused(Refusal(400, f"The body is no change of settings: {error}."))
        wanted = changes(asked)
        if not wanted:
            return refused(Refusal(400, "The body names nothing to change."))
        response = await self._send(request, offer, SetSeveral(changes=wanted), units(asked))
        self._on_change()
        return response

    async def start_trading(self, request: Request, offer: Offer) -> Response:
        """Turn AUTO on."""
        return await self._send(request, offer, SetAuto(on=True))

    async def stop_trading(self, request: Request, offer: Offer) -> Response:
        """Turn AUTO off."""
        return await self._send(request, offer, SetAuto(on=False))

    async def panic(self, request: Request, offer: Offer) -> Response:
        """Cancel everything and halt."""
        return await self._send(request, offer, Panic())

    async def metrics(self, _request: Request, _offer: Offer) -> Response:
        """Show the metrics; without an engine those of this process alone."""
        try:
            seen = await self._desk.look()
        except DeskError:
            seen = None
        return text_reply(self._metrics.show(seen), CONTENT_TYPE)

    async def document(self, _request: Request, _offer: Offer) -> Response:
        """Show the OpenAPI document."""
        return reply(document())

    async def page(self, _request: Request, _offer: Offer) -> Response:
        """Show the document to a person."""
        policy = {"Content-Security-Policy": PAGE_POLICY}
        return text_reply(page(), "text/html; charset=utf-8", headers=policy)

    async def _send(
        self, request: Request, offer: Offer, command: Command, units_told: str = ""
    ) -> Response:
        name = self._command_id(request, offer, command)
        if isinstance(name, Refusal):
            return refused(name)
        answer = await self._desk.submit(command, name)
        return _told(answer, offer, units_told)

    def _command_id(self, request: Request, offer: Offer, command: Command) -> str | Refusal:
        """Return the id under which a command happens once: the caller's own, or a new one."""
        # What protects happens each time: an old answer would say that all is canceled now.
        given = [] if offer.protective else request.headers.getlist(IDEMPOTENCY_KEY)
        if not given:
            return new_command_id()
        if len(given) > 1 or not _KEY.fullmatch(given[0]):
            return Refusal(400, "An Idempotency-Key is one word of at most 200 printable letters.")
        body = msgspec.msgpack.encode((given[0], offer.name, command))
        name = f"api-{hashlib.sha256(body).hexdigest()[:40]}"
        if self._keys.setdefault(given[0], name) != name:
            return Refusal(409, "This Idempotency-Key was used for another request.")
        while len(self._keys) > KEPT_KEYS:
            self._keys.popitem(last=False)
        return name


async def current_config(desk: DeskView) -> ConfigBody:
    """Return the settings as they are now."""
    settings = await desk.ask(AskSettings())
    return config(await desk.look(), settings if isinstance(settings, SettingsPage) else None)


def _told(answer: Answer, offer: Offer, units_told: str) -> Response:
    reasons = " ".join(reason.text for reason in answer.reasons)
    text = " ".join(filter(None, (reasons, answer.text))) or answer.outcome.value
    if answer.outcome is Outcomes.DONE:
        return reply(Result(success=True, message=text))
    if answer.outcome is Outcomes.UNKNOWN:
        return refused(Refusal(504, text))
    told = f" ({units_told}.)" if units_told else ""
    return refused(Refusal(offer.refused or 409, text + told))


def _failure(error: DeskError) -> Refusal:
    """Return the status of a failure between this process and the engine."""
    if isinstance(error, Unknown):
        return Refusal(504, str(error))
    if isinstance(error, Refuse):
        return Refusal(409, str(error))
    return Refusal(503, str(error), 1 if isinstance(error, Retry) else 0)
