"""When strategies look, what becomes of their answers, and how people steer them."""

from __future__ import annotations

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.strategy import Mode, ParameterValue
from kalshi_desk.desk.automation import SetAuto, SetImplication, SetMode, SetParameter
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.acting import Acting
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.decision_check import checked, cleaned_info, one_line
from kalshi_desk.engine.effects import AskStrategy, KeepMeta, SaveSetting
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.setting_live import next_start, put_setting
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.engine.strategy_state import StrategyState

BOOKS_PAUSE_NS = 1_000_000_000
"""The least time between two looks that changed books ask for."""
LOST_LOOK_NS = 30_000_000_000
"""A look without an answer for so long was lost with its worker."""
COUNT_EVERY_NS = 1_000_000_000
AUTO_KEY = "auto"


class Strategist:
    """Asks strategies in time and hands what they answer to what acts on it."""

    def __init__(
        self, state: CoreState, outbox: Outbox, commanding: Commanding, acting: Acting
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self._acting = acting
        self._counted_ns = 0
        commanding.auto_off = lambda why: self.turn_auto(False, why)
        commanding.others.update(
            {
                SetAuto: self._set_auto,
                SetMode: self._set_mode,
                SetParameter: self._set_parameter,
                SetImplication: self._set_implication,
            }
        )

    # --- what the worker says ------------------------------------------------------------

    def declared(self, event: StrategiesDeclared) -> None:
        """Take what strategies declare; a worker that started again declares them again."""
        state = self._state
        for info in map(cleaned_info, event.strategies):
            known = state.strategies.get(info.name)
            if known is not None:
                known.info = info
                continue
            mode = Mode.OFF if info.fault else state.modes.get(info.name, info.default_mode)
            state.strategies[info.name] = StrategyState(
                info, mode, self._values(info), fault=info.fault
            )
            if info.fault:
                self._say(Level.ERROR, f"Strategy {info.name} can't be used", info.fault)

    def _values(self, info: StrategyInfo) -> dict[str, ParameterValue]:
        """Return the values of the settings where they are allowed, else the defaults."""
        wanted = self._state.settings.strategy_values.get(info.name, {})
        values: dict[str, ParameterValue] = {}
        for parameter in info.parameters:
            values[parameter.name] = parameter.default
            if parameter.name in wanted:
                try:
                    values[parameter.name] = parameter.parse(str(wanted[parameter.name]))
                except ValueError as error:
                    self._say(Level.WARNING, f"Setting of strategy {info.name}", f"{error}")
        return values

    def decided(self, event: StrategyDecided) -> None:
        """Remember an answer and act on it; one that comes too late is no longer wanted."""
        strategy = self._state.strategies.get(event.strategy)
        if strategy is None or strategy.cycle != event.cycle or not strategy.is_looking:
            return
        strategy.is_looking = False
        strategy.looked_ns, strategy.took_ns = event.looked_ns, event.took_ns
        strategy.proof = one_line(event.proof)
        if not strategy.is_on:
            return
        try:
            decision = checked(event.decision)
            strategy.remember(decision, event.looked_ns)
            self._acting.act(strategy, decision, event.cycle)
        except Exception as error:  # whatever a strategy answers must not end the desk
            is_told = type(error) is ValueError
            why = str(error) if is_told else f"{type(error).__name__}: {error}"
            self._switch_off(strategy, f"the desk can't use its answer: {why}")

    def failed(self, event: StrategyFailed) -> None:
        """Switch a strategy off that raised or took too long, and say so."""
        strategy = self._state.strategies.get(event.strategy)
        if strategy is None or strategy.cycle != event.cycle:
            return
        strategy.is_looking = False
        self._switch_off(strategy, event.why)

    def _switch_off(self, strategy: StrategyState, why: str) -> None:
        """Ask it no more until a person sets its mode; the words are never empty."""
        name = strategy.info.name
        strategy.fault = one_line(why) or "it failed without a word"
        strategy.signals = ()
        self._say(
            Level.ERROR,
            f"Strategy {name} switched off",
            f"{strategy.fault}. Its orders are canceled; its positions are kept. "
            "Set its mode again to go on.",
        )
        strategy.since_ns.clear()
        self._acting.withdraw(name)

    # --- time ----------------------------------------------------------------------------

    def beat(self) -> None:
        """Ask every strategy whose time has come."""
        state = self._state
        if state.link is LinkState.LIVE:
            for strategy in state.strategies.values():
                if strategy.is_on and self._is_due(strategy):
                    self._ask(strategy)
        else:
            # Nobody saw whether an edge lasted.
            for strategy in state.strategies.values():
                strategy.since_ns.clear()
        self._acting.beat()
        if state.now_ns - self._counted_ns >= COUNT_EVERY_NS:
            self._counted_ns = state.now_ns
            for strategy in state.strategies.values():
                self._acting.count(strategy)

    def _is_due(self, strategy: StrategyState) -> bool:
        state = self._state
        # Against a clock that was set back every wait is over.
        waited_ns = abs(state.now_ns - strategy.asked_ns)
        if strategy.is_looking:
            return waited_ns > LOST_LOOK_NS
        if waited_ns >= state.settings.strategy_interval_ns:
            return True
        has_news = state.markets.data_ns > strategy.asked_data_ns
        return strategy.info.follows_books and has_news and waited_ns >= BOOKS_PAUSE_NS

    def _ask_anew(self, strategy: StrategyState) -> None:
        """Leave the answer of a look under way alone and ask again at the next beat.

        It was asked with what no longer holds, and a person was told that the new does.
        """
        strategy.is_looking = False
        strategy.asked_ns = 0

    def _ask(self, strategy: StrategyState) -> None:
        strategy.cycle += 1
        strategy.is_looking = True
        strategy.asked_ns = self._state.now_ns
        strategy.asked_data_ns = self._state.markets.data_ns
        self._outbox.do(
            AskStrategy(
                strategy.info.name,
                strategy.cycle,
                dict(strategy.values),
                dict(strategy.since_ns),
                tuple(sorted(self._state.implications)),
            )
        )

    # --- what people say -----------------------------------------------------------------

    def _set_auto(self, name: str, command: SetAuto) -> None:
        state = self._state
        if command.on and not state.settings.can_trade:
            self._commanding.refuse(name, ReasonCode.READ_ONLY_VENUE, state.settings.read_only_why)
            return
        if command.on and state.halted_why:
            self._commanding.refuse(
                name,
                ReasonCode.HALTED,
                f"The desk is HALTED ({state.halted_why}). Use 'resume' once you have looked, "
                "then turn AUTO on.",
            )
            return
        self.turn_auto(command.on)
        trading = [s.info.name for s in state.strategies.values() if s.mode is Mode.TRADE]
        names = ", ".join(trading) or "none yet"
        text = f"AUTO is on; in mode trade: {names}." if command.on else "AUTO is off."
        self._commanding.answer(name, Outcomes.DONE, text)

    def turn_auto(self, on: bool, why: str = "") -> None:
        """Turn the master switch; off takes the strategies' orders off the book."""
        state = self._state
        if state.auto == on:
            return
        state.auto = on
        self._outbox.do(KeepMeta(AUTO_KEY, "on" if on else ""))
        self._say(Level.INFO if on else Level.WARNING, f"AUTO {'on' if on else 'off'}", why)
        if not on:
            # Also of those that are gone or not declared yet: the worker may still be starting.
            for strategy in {*state.strategies, *self._acting.at_work()}:
                self._acting.withdraw(strategy)

    def _set_mode(self, name: str, command: SetMode) -> None:
        state = self._state
        strategy = state.strategies.get(command.strategy)
        if strategy is None:
            self._unknown(name, command.strategy)
            return
        if strategy.info.fault:
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, strategy.info.fault)
            return
        if command.mode is Mode.TRADE and not state.settings.can_trade:
            self._commanding.refuse(name, ReasonCode.READ_ONLY_VENUE, state.settings.read_only_why)
            return
        was = strategy.mode
        strategy.mode, strategy.fault = command.mode, ""
        strategy.signals = () if command.mode is Mode.OFF else strategy.signals
        state.modes[command.strategy] = command.mode
        self._outbox.do(KeepMeta(f"mode:{command.strategy}", command.mode.value))
        if was is not command.mode:
            strategy.since_ns.clear()
            self._say(Level.INFO, f"Strategy {command.strategy}: {command.mode.value}", "")
            self._acting.withdraw(command.strategy)
        waits = command.mode is Mode.TRADE and not state.auto
        hint = " It sends nothing until AUTO is on." if waits else ""
        text = f"{command.strategy} is in mode {command.mode.value}.{hint}"
        self._commanding.answer(name, Outcomes.DONE, text)

    def _set_parameter(self, name: str, command: SetParameter) -> None:
        strategy = self._state.strategies.get(command.strategy)
        if strategy is None:
            self._unknown(name, command.strategy)
            return
        declared = {parameter.name: parameter for parameter in strategy.info.parameters}
        parameter = declared.get(command.name)
        if parameter is None:
            known = ", ".join(declared) or "none"
            text = f"{command.strategy} has no parameter {command.name}; it has {known}."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        try:
            value = parameter.parse(command.value)
        except ValueError as error:
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, f"{error} Nothing was changed.")
            return
        strategy.values[command.name] = value
        self._ask_anew(strategy)
        path = ("strategies", "parameters", command.strategy, command.name)
        put_setting(self._state, path, value)
        setting = ".".join(path)
        self._outbox.do(SaveSetting(setting, value))
        self._say(Level.INFO, f"Strategy {command.strategy}: {command.name} = {value}", "")
        text = f"{command.name} is {value}.{next_start(self._state, setting)}"
        self._commanding.answer(name, Outcomes.DONE, text)

    def _set_implication(self, name: str, command: SetImplication) -> None:
        state = self._state
        for ticker in (command.cause, command.effect):
            if command.holds and state.markets.get(ticker) is None:
                self._commanding.refuse(
                    name, ReasonCode.UNKNOWN_MARKET, f"There is no market {ticker}."
                )
                return
        pair = (command.cause, command.effect)
        (state.implications.add if command.holds else state.implications.discard)(pair)
        for strategy in state.strategies.values():
            self._ask_anew(strategy)
        kept = " ".join(f"{cause}>{effect}" for cause, effect in sorted(state.implications))
        self._outbox.do(KeepMeta("implications", kept))
        word = "settles" if command.holds else "is no longer taken to settle"
        text = f"YES of {command.cause} {word} {command.effect} YES."
        self._commanding.answer(name, Outcomes.DONE, text)

    def _unknown(self, name: str, strategy: str) -> None:
        known = ", ".join(self._state.strategies) or "none yet: the worker is starting"
        text = f"There is no strategy {strategy}; there are {known}."
        self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)

    def _say(self, level: Level, title: str, text: str) -> None:
        self._outbox.say(self._state.now_ns, EventKind.STRATEGY, level, title, text)
