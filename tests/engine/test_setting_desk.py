"""Setting a setting while the engine runs: checked, in force at once or at the next start, kept."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.stops import StopKind, StopRecord
from kalshi_desk.core.strategy import Mode, Parameter
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.frames import EventKind
from kalshi_desk.desk.service import AskSettings, SetSetting, SettingsPage
from kalshi_desk.desk.verbs import USAGE, parse
from kalshi_desk.engine.core_settings import core_settings
from kalshi_desk.engine.effects import ApplySettings, Effect, Notify, SaveSetting
from kalshi_desk.engine.setting_service import SettingService
from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.engine.strategy_state import StrategyState
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.setting_env import load_all
from kalshi_desk.store.setting_schema import every_setting, place_of
from kalshi_desk.store.setting_values import Kind, value_text
from kalshi_desk.store.settings import Settings, load_settings, save_setting
from tests.engine.test_core import Bench, answer

PARAMETERS = (Parameter(name="z_in", default=3.0, low=1.0, high=10.0, help="Least move"),)


class SettingBench(Bench):
    """A desk with one strategy, whose settings are changed."""

    def __init__(self) -> None:
        super().__init__()
        info = StrategyInfo(
            name="volatility",
            title="",
            help="",
            parameters=PARAMETERS,
            default_mode=Mode.SHADOW,
            follows_books=False,
            fault="",
        )
        state = StrategyState(info, Mode.SHADOW, {"z_in": 3.0}, fault="")
        self.core.state.strategies["volatility"] = state

    def set(self, name: str, value: str) -> tuple[Answer, list[Effect]]:
        effects = self.do(SetSetting(name=name, value=value), f"{name}={value}")
        found = answer(effects)
        assert found is not None
        return found, effects

    def refused(self, name: str, value: str) -> str:
        before, limits = self.core.state.settings.whole, self.core.state.settings.limits
        done, effects = self.set(name, value)
        assert done.outcome is Outcomes.REFUSED
        assert done.reasons[0].code is ReasonCode.BAD_COMMAND
        assert (self.core.state.settings.whole, self.core.state.settings.limits) == (before, limits)
        assert not [e for e in effects if isinstance(e, SaveSetting | ApplySettings)]
        return done.reasons[0].text


def saved(effects: list[Effect]) -> list[SaveSetting]:
    return [effect for effect in effects if isinstance(effect, SaveSetting)]


def test_a_setting_is_in_force_told_and_kept() -> None:
    bench = SettingBench()
    done, effects = bench.set("stops.confirm_s", "9")
    assert (done.outcome, done.text) == (Outcomes.DONE, "stops.confirm_s: 3 becomes 9.")
    assert saved(effects) == [SaveSetting("stops.confirm_s", 9)]
    assert bench.core.state.stops.rules.confirm_ns == 9_000_000_000
    told = [e.event for e in effects if isinstance(e, Notify)]
    assert [(e.kind, e.title) for e in told] == [(EventKind.SYSTEM, "A setting was changed")]


def test_stops_that_protect_already_follow_the_new_rules() -> None:
    bench = SettingBench()
    record = StopRecord(
        stop_id="s1",
        ticker="A",
        kind=StopKind.FIXED,
        side=BookSide.BID,
        count=Count(100),
        entry=Price(4_000),
        amount="5%",
        created_ns=1,
        updated_ns=1,
    )
    machine = bench.core.state.stops.add(record)
    bench.set("stops.max_spread_cents", "2")
    assert machine.rules.max_spread == 200


def test_limits_go_the_way_of_limits() -> None:
    bench = SettingBench()
    done, effects = bench.set("risk.event_percent", "1.5%")
    assert done.text == "Worst event: 4 becomes 1.5 (risk.event_percent)."
    assert saved(effects) == [SaveSetting("risk.event_percent", 1.5)]
    assert bench.core.state.settings.limits.event_percent == 1.5
    assert bench.core.state.settings.whole.risk.event_percent == 1.5
    done, _ = bench.set("risk.event_percent", "")
    assert bench.core.state.settings.limits.event_percent == 4.0


def test_the_stop_loss_is_the_fixed_stop_without_an_amount() -> None:
    bench = SettingBench()
    bench.set("risk.stop_loss_percent", "12.5")
    assert bench.core.state.stops.rules.fixed_percent == 12.5


def test_parameters_go_the_way_of_parameters() -> None:
    bench = SettingBench()
    name = "strategies.parameters.volatility.z_in"
    done, effects = bench.set(name, "4")
    assert done.outcome is Outcomes.DONE
    assert saved(effects) == [SaveSetting(name, 4.0)]
    assert bench.core.state.strategies["volatility"].values == {"z_in": 4.0}
    assert "from 1 to 10" in bench.refused(name, "11")
    bench.set(name, "")
    assert bench.core.state.strategies["volatility"].values == {"z_in": 3.0}
    assert "no strategy nobody" in bench.refused("strategies.parameters.nobody.x", "1")


def test_what_waits_for_the_next_start_says_so() -> None:
    bench = SettingBench()
    done, _ = bench.set("practice.seed", "8")
    assert done.text == ("practice.seed: 7 becomes 8. It holds from the engine's next start.")
    done, _ = bench.set("tui.rate_hz", "9")
    assert "next start" not in done.text


def test_who_takes_a_section_up_makes_it_hold_at_once() -> None:
    bench = SettingBench()
    heard: list[Settings] = []
    assert "next start" in bench.set("alerts.bell", "off")[0].text
    bench.core.settings.listeners["alerts."] = heard.append
    assert "next start" not in bench.set("alerts.bell", "on")[0].text
    assert [one.alerts.bell for one in heard] == [True]


def test_a_check_may_refuse_what_is_in_range() -> None:
    bench = SettingBench()
    bench.core.settings.checks["tui.theme"] = lambda whole: (
        "That is no theme." if whole.tui.theme == "junk" else ""
    )
    assert bench.refused("tui.theme", "junk") == "That is no theme. Nothing was changed."
    assert bench.set("tui.theme", "fine")[0].outcome is Outcomes.DONE


def test_entries_of_tables_come_and_go() -> None:
    bench = SettingBench()
    _, effects = bench.set("telegram.users.12", "view")
    assert saved(effects) == [SaveSetting("telegram.users.12", "view")]
    _, effects = bench.set("telegram.users.12", "")
    assert saved(effects) == [SaveSetting("telegram.users.12", None)]
    assert bench.core.state.settings.whole.telegram.users == {}
    assert "There is no telegram.users.12" in bench.refused("telegram.users.12", "")
    bench.set("news.own.mine", "https://example.org/feed")
    bench.set("news.own.mine.tier", "official")
    _, effects = bench.set("news.own.mine", "")
    assert saved(effects) == [SaveSetting("news.own.mine", None)]
    assert "needs" in bench.refused("news.own.mine.tier", "official")


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("risk.event_percent", "0.02", "in per cent, not a fraction"),
        ("risk.colar_cents", "3", "Did you mean risk.collar_cents"),
        ("tui.rate_hz", "31", "a whole number from 1 to 30"),
        ("log.level", "loud", "one of debug, info, warning, error"),
        ("telegram.token", "1:a", "neither set nor shown"),
        ("KALSHI_API_KEY", "a", "neither set nor shown"),
        ("venue", "live", "--venue live"),
        ("telegram.server", "https://evil.example", "by hand only"),
        ("telegram.users", "1", "is a table"),
        ("", "", "There is no setting"),
        ("tui.theme", "\x1b[31m", "allowed is text"),
        ("tui.theme", "x" * 90_000, "allowed is text"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_changes(name: str, value: str, part: str) -> None:
    text = SettingBench().refused(name, value)
    assert part in text
    assert len(text) < 400
    assert "\x1b" not in text


def test_every_setting_can_be_set_to_its_default() -> None:
    bench = SettingBench()
    for setting in every_setting().values():
        if setting.kind is Kind.TABLE or setting.by_hand or setting.default is None:
            continue
        for value in (value_text(setting.default), ""):
            done, _ = bench.set(setting.name, value)
            assert done.outcome is Outcomes.DONE, (setting.name, done)
    assert bench.core.state.settings.whole == Settings()


def test_a_variable_wins_at_the_next_start_and_that_is_said(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    home.prepare()
    variables = {"MAX_DAILY_LOSS": "1.5", "VOLATILITY_THRESHOLD": "0.2", "TELEGRAM_CHAT_ID": "5"}
    loaded = load_all(home, variables, tmp_path)
    bench = SettingBench()
    bench.core.state.settings = core_settings(loaded, "practice")
    assert bench.core.state.settings.limits.daily_loss_percent == 1.5
    wins = " At the next start MAX_DAILY_LOSS in the environment wins."
    assert bench.set("risk.daily_loss_percent", "3")[0].text.endswith(wins)
    done, effects = bench.set("telegram.chats.5", "trade")
    assert done.text.endswith("At the next start TELEGRAM_CHAT_ID in the environment wins.")
    assert saved(effects) == [SaveSetting("telegram.chats.5", "trade")]
    assert bench.core.state.settings.limits.daily_loss_percent == 3.0


def test_the_verb_means_the_command() -> None:
    assert parse("set risk.event_percent 2") == SetSetting(name="risk.event_percent", value="2")
    assert parse("set alerts.rules.a X > 60") == SetSetting(name="alerts.rules.a", value="X > 60")
    assert parse("set log.level default") == SetSetting(name="log.level", value="")
    assert "set" in USAGE


# --- at the shell --------------------------------------------------------------------------


class Shell:
    """What the service needs of an engine's shell."""

    def __init__(self, bench: Bench) -> None:
        self.core = bench.core
        self.queries: dict[object, object] = {}
        self.performers: dict[object, object] = {}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SettingBench, SettingService]:
    monkeypatch.chdir(tmp_path)
    home = open_home(str(tmp_path / "home"))
    home.prepare()
    bench = SettingBench()
    return bench, SettingService(Shell(bench), home, ("one warning",))  # type: ignore[arg-type]


def page(service: SettingService) -> SettingsPage:
    return asyncio.run(service.page(AskSettings()))


def test_the_page_shows_every_setting_and_where_it_comes_from(
    served: tuple[SettingBench, SettingService],
) -> None:
    bench, service = served
    bench.set("telegram.users.12", "view")
    bench.set("risk.event_percent", "2")
    bench.core.state.settings.overridden["risk.event_percent"] = "X in the environment"
    found = page(service)
    rows = {row.name: row for row in found.rows}
    assert set(every_setting()) <= set(rows)
    assert len(rows) == len(found.rows)
    assert (rows["risk.event_percent"].value, rows["risk.event_percent"].source) == ("2", "file")
    assert (rows["tui.rate_hz"].value, rows["tui.rate_hz"].source) == ("8", "default")
    assert (rows["telegram.users.12"].value, rows["telegram.users"].value) == ("view", "1 set")
    assert rows["strategies.parameters.volatility.z_in"].allowed == "a number from 1 to 10"
    assert rows["keys.live"].is_secret
    assert rows["practice.seed"].needs_restart
    assert not rows["log.level"].needs_restart
    assert rows["log.file_mb"].needs_restart
    assert found.warnings == (
        "one warning",
        "risk.event_percent: at the next start X in the environment wins.",
    )


def test_names_that_only_a_file_can_hold_are_shown(
    served: tuple[SettingBench, SettingService], tmp_path: Path
) -> None:
    bench, service = served
    path = tmp_path / "settings.toml"
    path.write_text(
        '[alerts.rules]\n"my rule" = "A > 60"\n[tui.keymap]\n"\\u001b[2J" = "x"\n'
        '[news.own."a.b"]\nurl = "https://example.org/a"\n'
        '[strategies.parameters."x y"]\n"" = 1\n'
    )
    bench.core.state.settings.whole = load_settings(path).settings
    rows = {row.name: row for row in page(service).rows}
    assert rows["alerts.rules.my rule"].value == "A > 60"
    assert rows["alerts.rules.my rule"].by_hand
    assert rows["news.own.a.b.url"].value == "https://example.org/a"


def test_every_row_that_can_be_set_takes_its_own_value(
    served: tuple[SettingBench, SettingService],
) -> None:
    bench, service = served
    bench.set("news.own.mine", "https://example.org/feed")
    for row in page(service).rows:
        if row.is_table or row.is_secret or row.by_hand:
            continue
        assert place_of(row.name).name == row.name
        done, _ = bench.set(row.name, row.value)
        if row.value:
            assert done.outcome is Outcomes.DONE, (row, done)


def test_the_level_of_the_log_is_taken_up_at_once(
    served: tuple[SettingBench, SettingService],
) -> None:
    bench, service = served
    root = logging.getLogger()
    before = root.level
    try:
        _, effects = bench.set("log.level", "error")
        for effect in effects:
            if isinstance(effect, ApplySettings):
                service.apply(effect)
        assert root.level == logging.ERROR
    finally:
        root.setLevel(before)


def test_a_fault_of_one_does_not_keep_a_setting_from_another(
    served: tuple[SettingBench, SettingService], caplog: pytest.LogCaptureFixture
) -> None:
    _, service = served
    heard: list[Settings] = []

    def fail(settings: Settings) -> None:
        raise RuntimeError("no")

    service.on("news.", fail)
    service.on("news.", heard.append)
    service.apply(ApplySettings("news.interval_s", Settings()))
    assert heard == [Settings()]
    assert "news.interval_s could not be taken up" in caplog.text


def test_what_the_engine_saves_is_what_it_starts_with_next(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    home.prepare()
    bench = SettingBench()
    changes = {
        "risk.event_percent": "3",
        "telegram.chats.-7": "view",
        "news.own.mine": "https://example.org/feed",
        "log.level": "debug",
        "strategies.parameters.volatility.z_in": "5",
        "stops.automatic": "on",
        "tui.theme": "desk-light",
    }
    for name, value in changes.items():
        for effect in saved(bench.set(name, value)[1]):
            save_setting(home.settings_path, effect.name, effect.value)
    loaded = load_all(home, {}, tmp_path)
    assert loaded.settings == bench.core.state.settings.whole
    assert loaded.sources == bench.core.state.settings.sources
