"""Watches what people want to be told of, and keeps their rules in the settings."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kalshi_desk.alerts.rules import HELD, SHARE_SCALE, STARRED, AlertKind, AlertRule, parse_rule
from kalshi_desk.alerts.watch import Watch
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.nearest import did_you_mean
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import CENT, MarketStatus, Money
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import DeskEvent, EventKind, Level
from kalshi_desk.desk.service import DropAlert, SetAlert
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import Effect, KeepEntry, KeepMeta, Notify, SaveSetting
from kalshi_desk.engine.limit_rows import limit_rows
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.risk_watch import SILENT
from kalshi_desk.engine.setting_live import put_setting
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.bars import middle_of
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.risk.words import dollars
from kalshi_desk.store.settings import Settings

LOOK_EVERY_NS = 500_000_000
LOW_RELEVANCE = 0.5
"""Matches below it are guesses, and nobody is called for one."""
LATE_NEWS_NS = 3_600_000_000_000
RAISED_KEY = "alert:"
MOST_RULES = 500
RULES = ("alerts", "rules")


class _Raised(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal keeps of a rule that was raised."""

    rule: str = ""
    raised: dict[str, int] = {}


_decode = msgspec.json.Decoder(_Raised).decode


class AlertDesk:
    """Every rule, looked at twice a second and at each fill and item of news."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self._looked_ns = 0
        commanding.others.update({SetAlert: self._set, DropAlert: self._drop})
        for name, text in state.settings.whole.alerts.rules.items():
            try:
                rule = parse_rule(text)
            except Refuse as refusal:
                state.alert_problems[name] = (text, str(refusal))
            else:
                state.alerts[name] = Watch(name, rule, is_from_settings=True)

    def recall(self, kept: dict[str, str]) -> None:
        """Take what was raised when the desk ended: nobody is told of it twice.

        A rule that was changed in the file since has told nothing yet.
        """
        for key, value in kept.items():
            watch = self._state.alerts.get(key.removeprefix(RAISED_KEY))
            if watch is None or not value:
                continue
            known = _decode(value)
            if known.rule == str(watch.rule):
                watch.raised.update(known.raised)

    def problem_of(self, settings: Settings) -> str:
        """Return what is wrong with the first rule of new settings that nobody could watch."""
        for name, text in settings.alerts.rules.items():
            if self._state.settings.whole.alerts.rules.get(name) == text:
                continue
            try:
                problem = self._cannot_watch(parse_rule(text))
            except Refuse as refusal:
                return str(refusal)
            if problem is not None:
                return problem[1]
        return ""

    def take_rules(self, settings: Settings) -> None:
        """Watch what the settings say now."""
        rules = settings.alerts.rules
        for name in [*self._state.alerts, *self._state.alert_problems]:
            if name not in rules:
                self._forget(name)
        for name, text in rules.items():
            if self._state.alert_problems.get(name, ("", ""))[0] == text:
                continue
            rule = parse_rule(text)
            watch = self._state.alerts.get(name)
            if watch is None or watch.rule != rule:
                self._watch(name, rule)

    def _watch(self, name: str, rule: AlertRule) -> None:
        self._state.alert_problems.pop(name, None)
        watch = self._state.alerts[name] = Watch(name, rule)
        self._keep(watch)

    def _forget(self, name: str) -> None:
        self._state.alerts.pop(name, None)
        self._state.alert_problems.pop(name, None)
        self._outbox.do(KeepMeta(RAISED_KEY + name, ""))

    # --- what happens ----------------------------------------------------------------------

    def heard(self, effects: list[Effect]) -> None:
        """Look at what this step brought: fills and news are told where they were booked."""
        for effect in list(effects):
            if isinstance(effect, Notify) and effect.event.kind is EventKind.FILL:
                self._filled(effect.event)
            elif isinstance(effect, KeepEntry) and isinstance(effect.entry, NewsItem):
                self._news(effect.entry)

    def beat(self) -> None:
        """Look at every number that a rule is about."""
        state = self._state
        if abs(state.now_ns - self._looked_ns) < LOOK_EVERY_NS:
            return
        self._looked_ns = state.now_ns
        for watch in state.alerts.values():
            before = len(watch.raised), watch.times
            self._look(watch)
            if (len(watch.raised), watch.times) != before:
                self._keep(watch)

    def _look(self, watch: Watch) -> None:
        rule = watch.rule
        if rule.kind in (AlertKind.PRICE, AlertKind.MOVE):
            self._look_at_price(watch)
        elif rule.kind in (AlertKind.PNL, AlertKind.EQUITY):
            self._look_at_money(watch)
        elif rule.kind is AlertKind.LIMIT:
            self._look_at_limits(watch)
        elif rule.kind is AlertKind.CLOSE:
            self._look_at_closes(watch)

    def _look_at_price(self, watch: Watch) -> None:
        live = self._state.markets.get(watch.rule.subject)
        price = None if live is None else _price(live)
        if live is None or price is None:
            watch.seen = "no price yet"
            return
        value = price
        if watch.rule.kind is AlertKind.MOVE:
            earlier = _prices_since(live, self._state.now_ns, watch.rule.span_ns)
            value = max((abs(price - past) for past in earlier), default=0)
        watch.seen = f"{value / CENT:g}¢"
        if watch.see(watch.rule.subject, value, self._state.now_ns):
            word = "moved" if watch.rule.kind is AlertKind.MOVE else "is at"
            self._say(watch, f"{_title(live)} {word} {watch.seen}.", watch.rule.subject)

    def _look_at_money(self, watch: Watch) -> None:
        equity = self._state.exposures.equity()
        opening = self._state.opening_equity
        if equity is None or (watch.rule.kind is AlertKind.PNL and opening is None):
            watch.seen = "not known yet"
            return
        value = equity if watch.rule.kind is AlertKind.EQUITY else equity - (opening or 0)
        watch.seen = dollars(Money(value))
        if watch.see(watch.rule.kind.value, value, self._state.now_ns):
            word = "Equity" if watch.rule.kind is AlertKind.EQUITY else "The day's P&L"
            self._say(watch, f"{word} is {watch.seen}.")

    def _look_at_limits(self, watch: Watch) -> None:
        highest = 0
        for name, row in limit_rows(self._state).items():
            is_meant = name not in SILENT if not watch.rule.subject else name == watch.rule.subject
            if not is_meant or row.used is None or row.allowed <= 0:
                continue
            share = row.used * SHARE_SCALE // row.allowed
            highest = max(highest, share)
            if watch.see(name, share, self._state.now_ns):
                used = f"{share * 100 / SHARE_SCALE:.0f}%"
                self._say(watch, f"{row.title}: {used} of what is allowed is used ({row.setting}).")
        watch.seen = f"{highest * 100 / SHARE_SCALE:.0f}%"

    def _look_at_closes(self, watch: Watch) -> None:
        now_ns = self._state.now_ns
        nearest: int | None = None
        for live in self._scope(watch.rule):
            left_ns = live.market.close_ns - now_ns
            if live.market.status is not MarketStatus.ACTIVE or left_ns <= 0:
                continue
            nearest = left_ns if nearest is None else min(nearest, left_ns)
            subject = f"{live.market.ticker} {live.market.close_ns}"
            if left_ns <= watch.rule.span_ns and watch.once(subject, now_ns):
                minutes = max(1, round(left_ns / 60e9))
                text = f"{_title(live)} closes in {minutes} min."
                self._say(watch, text, live.market.ticker)
        watch.seen = "nothing to watch" if nearest is None else f"{nearest / 60e9:.0f} min"

    def _scope(self, rule: AlertRule) -> Iterator[LiveMarket]:
        for ticker in self._tickers(rule):
            live = self._state.markets.get(ticker)
            if live is not None:
                yield live

    def _tickers(self, rule: AlertRule) -> list[str]:
        if rule.subject == HELD:
            return sorted(position.ticker for position in self._state.positions.held())
        return sorted(self._state.starred) if rule.subject == STARRED else [rule.subject]

    def _filled(self, event: DeskEvent) -> None:
        for watch in self._state.alerts.values():
            if watch.rule.kind is AlertKind.FILL and watch.rule.subject in ("", event.ticker):
                watch.ring(self._state.now_ns)
                watch.seen = f"{event.title} {event.text}".strip()[:80]
                self._say(
                    watch, f"{event.ticker}: {event.title} {event.text}".strip(), event.ticker
                )

    def _news(self, item: NewsItem) -> None:
        if item.lag_ns is not None and item.lag_ns > LATE_NEWS_NS:
            # What a feed shows of yesterday, at the first look at it, calls nobody.
            return
        matched = {m.ticker for m in item.matches if m.relevance >= LOW_RELEVANCE}
        for watch in self._state.alerts.values():
            if watch.rule.kind is not AlertKind.NEWS:
                continue
            about = (
                ""
                if watch.rule.words
                else next((t for t in self._tickers(watch.rule) if t in matched), "")
            )
            heading = f"{item.title} {item.summary}".casefold()
            has_words = bool(watch.rule.words) and all(w in heading for w in watch.rule.words)
            if (about or has_words) and watch.once(item.cluster, self._state.now_ns):
                watch.seen = item.title[:80]
                self._say(watch, f"{item.feed}: {item.title}", about)
                self._keep(watch)

    def _say(self, watch: Watch, text: str, ticker: str = "") -> None:
        now_ns, title = self._state.now_ns, f"Alert {watch.name}: {watch.rule}"
        if said := watch.told(text, now_ns):
            self._outbox.say(now_ns, EventKind.ALERT, Level.WARNING, title, said, ticker)

    def _keep(self, watch: Watch) -> None:
        kept = _Raised(rule=str(watch.rule), raised=watch.raised)
        text = msgspec.json.encode(kept).decode() if watch.raised else ""
        self._outbox.do(KeepMeta(RAISED_KEY + watch.name, text))

    # --- what people say -------------------------------------------------------------------

    def _set(self, name: str, command: SetAlert) -> None:
        state = self._state
        try:
            rule = parse_rule(command.rule)
        except Refuse as refusal:
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, str(refusal))
            return
        problem = self._cannot_watch(rule)
        if problem is not None:
            self._commanding.refuse(name, *problem)
            return
        known = command.alert_id in state.alerts or command.alert_id in state.alert_problems
        if command.alert_id and not known:
            self._unknown(name, command.alert_id)
            return
        same = next((w.name for w in state.alerts.values() if w.rule == rule), "")
        if same:
            self._commanding.answer(name, Outcomes.DONE, f"Alert {same} is that already: {rule}.")
            return
        if len(state.alerts) >= MOST_RULES:
            text = f"There are {MOST_RULES} alerts already; drop one first."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        alert_id = command.alert_id or self._free_name()
        self._watch(alert_id, rule)
        put_setting(state, (*RULES, alert_id), str(rule))
        self._outbox.do(SaveSetting(f"alerts.rules.{alert_id}", str(rule)))
        self._commanding.answer(name, Outcomes.DONE, f"Alert {alert_id} is set: {rule}.")

    def _cannot_watch(self, rule: AlertRule) -> tuple[ReasonCode, str] | None:
        """Return why nothing would ever raise a rule: it names what does not exist."""
        state = self._state
        if rule.ticker and state.markets.get(rule.ticker) is None:
            text = f"There is no market {rule.ticker} here."
            return ReasonCode.UNKNOWN_MARKET, text + did_you_mean(
                rule.ticker, state.markets.by_ticker
            )
        limits = limit_rows(state)
        if rule.kind is AlertKind.LIMIT and rule.subject and rule.subject not in limits:
            meant = did_you_mean(rule.subject, limits) or " Risk and 'risk' list them."
            text = f"There is no limit {rule.subject}.{meant}"
            return ReasonCode.BAD_COMMAND, text
        return None

    def _drop(self, name: str, command: DropAlert) -> None:
        state = self._state
        if command.alert_id not in state.alerts and command.alert_id not in state.alert_problems:
            self._unknown(name, command.alert_id)
            return
        self._forget(command.alert_id)
        put_setting(state, (*RULES, command.alert_id), None)
        self._outbox.do(SaveSetting(f"alerts.rules.{command.alert_id}", None))
        self._commanding.answer(name, Outcomes.DONE, f"Alert {command.alert_id} is dropped.")

    def _unknown(self, name: str, alert_id: str) -> None:
        known = ", ".join([*self._state.alerts, *self._state.alert_problems]) or "none"
        text = f"There is no alert {alert_id}; there are {known}."
        self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)

    def _free_name(self) -> str:
        taken = {*self._state.alerts, *self._state.alert_problems}
        return next(f"a{n}" for n in range(1, MOST_RULES + 2) if f"a{n}" not in taken)


def _price(live: LiveMarket) -> int | None:
    """Return the middle of a book that may be believed, else the last trade's price.

    None while the book is not known: the last trade may lie far from where it trades now.
    """
    if not live.has_book:
        return None
    middle = middle_of(live.book) if live.is_fresh else 0
    return middle or live.last_price


def _prices_since(live: LiveMarket, now_ns: int, span_ns: int) -> Iterator[int]:
    """Yield the prices of a time: the line's, and before it begins those of whole hours."""
    start_ns = now_ns - span_ns
    points = live.line.since(start_ns)
    yield from (price for _, price in points)
    if not points or points[0][0] > start_ns:
        for bar in live.bars.shown(now_ns):
            if bar.start_ns >= start_ns:
                yield from (bar.high, bar.low)


def _title(live: LiveMarket) -> str:
    return live.market.subtitle or live.market.title or live.market.ticker
