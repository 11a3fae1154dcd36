"""Stream commands: subscribe, unsubscribe, update and list, with the exchange's error codes."""

from __future__ import annotations

from typing import Any

import msgspec

from kalshi_desk.exchange import messages
from kalshi_desk.exchange.subscriptions import CHANNELS, PRIVATE, Member, Subscription
from kalshi_desk.exchange.venue import Venue

_TEXTS = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market ticker required",
    15: "Action required",
    26: "Subscription market limit exceeded",
    27: "Too many requests",
}
_ACTIONS = {"add_markets", "delete_markets", "get_snapshot"}


class CommandError(Exception):
    """A command that is answered with an error frame; the socket lives on."""

    def __init__(self, code: int, command_id: int = 0, tickers: list[str] | None = None) -> None:
        super().__init__(_TEXTS[code])
        self.code = code
        self.command_id = command_id
        self.tickers = tickers

    def message(self) -> dict[str, Any]:
        """Return the error frame."""
        inner: dict[str, Any] = {"code": self.code, "msg": _TEXTS[self.code]}
        if self.tickers:
            inner["market_tickers"] = self.tickers
        found: dict[str, Any] = {"type": "error"}
        if self.command_id:
            found["id"] = self.command_id
        return {**found, "msg": inner}


class CommandReader:
    """Runs the commands of every socket."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._rules = venue.rules

    def run(self, member: Member, data: str | bytes) -> None:
        """Run one command; raises ``CommandError``."""
        try:
            message = msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            raise CommandError(1) from error
        if not isinstance(message, dict):
            raise CommandError(1)
        found = message.get("id", 0)
        command_id = found if isinstance(found, int) and not isinstance(found, bool) else 0
        name = message.get("cmd")
        params = message.get("params")
        if name == "list_subscriptions":
            self._list(member, command_id)
            return
        if name not in {"subscribe", "unsubscribe", "update_subscription"}:
            raise CommandError(5, command_id)
        if not isinstance(params, dict):
            raise CommandError(2, command_id)
        match name:
            case "subscribe":
                self._subscribe(member, command_id, params)
            case "unsubscribe":
                self._unsubscribe(member, command_id, params)
            case _:
                self._update(member, command_id, params)

    def _subscribe(self, member: Member, command_id: int, params: dict[str, Any]) -> None:
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            raise CommandError(3, command_id)
        if any(channel not in CHANNELS for channel in channels):
            raise CommandError(8, command_id)
        named = _tickers(params, command_id)
        if named is None and "orderbook_delta" in channels:
            raise CommandError(14, command_id)
        known, unknown = self._split(named)
        if named and not known:
            raise CommandError(11, command_id, unknown)
        for channel in channels:
            self._open(member, command_id, channel, known, params)
        if unknown:
            raise CommandError(11, command_id, unknown)

    def _open(
        self,
        member: Member,
        command_id: int,
        channel: str,
        tickers: list[str] | None,
        params: dict[str, Any],
    ) -> None:
        before = member.by_channel.get(channel)
        had = set(before.tickers or ()) if before is not None else set()
        wanted = None if tickers is None or channel == "market_lifecycle_v2" else set(tickers)
        self._check_size(len(had | (wanted or set())), command_id)
        sub = member.open(
            channel, wanted, params, yes_price_by_default=self._rules.yes_price_by_default
        )
        member.reply(
            {"type": "subscribed", "id": command_id, "msg": {"channel": channel, "sid": sub.sid}}
        )
        fresh = [ticker for ticker in tickers or () if ticker not in had]
        if channel == "orderbook_delta":
            self._snapshots(member, sub, fresh, 0)
        elif channel == "ticker" and params.get("send_initial_snapshot") is True:
            self._tops(member, sub, tickers)
        elif channel in PRIVATE and self._rules.private_snapshots and before is None:
            for kind, body in messages.standing(self._venue, member.owner, channel):
                member.send(sub, kind, body)

    def _check_size(self, count: int, command_id: int) -> None:
        if count > self._rules.markets_per_subscription:
            raise CommandError(26, command_id)

    def _unsubscribe(self, member: Member, command_id: int, params: dict[str, Any]) -> None:
        sids = params.get("sids")
        if not isinstance(sids, list) or not sids:
            raise CommandError(4, command_id)
        subs = [member.by_sid(sid) for sid in sids]
        if any(sub is None for sub in subs):
            raise CommandError(7, command_id)
        for sub in subs:
            if sub is not None:
                takes = self._rules.control_takes_seq
                member.send(sub, "unsubscribed", b"", command_id, takes_seq=takes)
                del member.by_channel[sub.channel]

    def _update(self, member: Member, command_id: int, params: dict[str, Any]) -> None:
        sub = self._one_sub(member, command_id, params)
        action = params.get("action")
        if not action:
            raise CommandError(15, command_id)
        if action not in _ACTIONS:
            raise CommandError(13, command_id)
        tickers, unknown = self._split(_tickers(params, command_id))
        if tickers is None:
            raise CommandError(14, command_id)
        if unknown:
            raise CommandError(11, command_id, unknown)
        if action == "get_snapshot":
            if sub.channel != "orderbook_delta":
                raise CommandError(13, command_id)
            wrong = [ticker for ticker in tickers if not sub.wants(ticker)]
            if wrong:
                raise CommandError(11, command_id, wrong)
            self._snapshots(member, sub, tickers, command_id)
            return
        self._change_markets(member, sub, command_id, action, tickers)

    def _change_markets(
        self, member: Member, sub: Subscription, command_id: int, action: str, tickers: list[str]
    ) -> None:
        before = set(sub.tickers or ())
        if action == "add_markets":
            self._check_size(len(before | set(tickers)), command_id)
        if sub.tickers is not None:
            sub.tickers = (
                before | set(tickers) if action == "add_markets" else before - set(tickers)
            )
        body: dict[str, Any] = {}
        if not sub.skip_ticker_ack:
            body["market_tickers"] = sorted(sub.tickers or ())
        takes = self._rules.control_takes_seq
        member.send(sub, "ok", msgspec.json.encode(body), command_id, takes_seq=takes)
        if action == "add_markets" and sub.channel == "orderbook_delta":
            fresh = [ticker for ticker in tickers if ticker not in before]
            self._snapshots(member, sub, fresh, 0)

    @staticmethod
    def _one_sub(member: Member, command_id: int, params: dict[str, Any]) -> Subscription:
        sids = params.get("sids")
        found = [params["sid"]] if "sid" in params else []
        if isinstance(sids, list):
            found += sids
        if len(found) != 1:
            raise CommandError(12, command_id)
        sub = member.by_sid(found[0])
        if sub is None:
            raise CommandError(7, command_id)
        return sub

    def _list(self, member: Member, command_id: int) -> None:
        rows = [{"channel": sub.channel, "sid": sub.sid} for sub in member.by_channel.values()]
        member.reply({"type": "ok", "id": command_id, "msg": rows})

    def _split(self, named: list[str] | None) -> tuple[list[str] | None, list[str]]:
        if named is None:
            return None, []
        markets = self._venue.engine.markets
        return (
            [ticker for ticker in named if ticker in markets],
            [ticker for ticker in named if ticker not in markets],
        )

    def _snapshots(
        self, member: Member, sub: Subscription, tickers: list[str], command_id: int
    ) -> None:
        for ticker in tickers:
            market = self._venue.engine.markets[ticker]
            body = messages.snapshot_body(self._venue, market, use_yes_price=sub.use_yes_price)
            takes = not command_id or self._rules.snapshot_reply_takes_seq
            member.send(sub, "orderbook_snapshot", body, command_id, takes_seq=takes)

    def _tops(self, member: Member, sub: Subscription, tickers: list[str] | None) -> None:
        markets = self._venue.engine.markets
        for ticker in tickers if tickers is not None else list(markets):
            body = messages.ticker_body(self._venue, markets[ticker], self._venue.now_ns)
            member.send(sub, "ticker", body)


def _tickers(params: dict[str, Any], command_id: int) -> list[str] | None:
    """Return the tickers a command names, None when it names none."""
    one, many = params.get("market_ticker"), params.get("market_tickers")
    if many is None:
        many = []
    if not isinstance(many, list) or not all(isinstance(item, str) for item in many):
        raise CommandError(11, command_id)
    if one is not None and not isinstance(one, str):
        raise CommandError(11, command_id)
    found = ([one] if one else []) + many
    return list(dict.fromkeys(found)) or None
