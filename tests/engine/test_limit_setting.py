"""Setting a limit: read with its range, in force at once, kept in the file with its comments."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import parse_count
from kalshi_desk.desk.automation import SetLimit
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.engine.effects import SaveSetting
from kalshi_desk.engine.limit_rows import TITLES, limit_rows
from kalshi_desk.engine.limit_setting import limits_of, read_limit
from kalshi_desk.risk.limits import Limits
from kalshi_desk.store.risk_settings import RiskSettings
from kalshi_desk.store.settings import load_settings, save_setting
from tests.engine.test_core import Bench, answer, sent


def test_the_defaults_of_the_gate_are_those_of_the_settings() -> None:
    assert limits_of(RiskSettings()) == Limits()


def test_every_setting_of_the_gate_is_shown_as_a_limit() -> None:
    names = {field.name for field in msgspec.structs.fields(RiskSettings)}
    assert names == set(TITLES) == set(limit_rows(Bench().core.state))


def test_a_limit_is_in_force_at_once_and_kept() -> None:
    bench = Bench()
    assert sent(bench.buy("100", name="before"))
    bench.now_ns += 1_000_000_000
    effects = bench.do(SetLimit(name="risk.event_percent", value="0.5%"), "set")
    assert SaveSetting("risk.event_percent", 0.5) in effects
    done = answer(effects)
    assert done is not None
    assert (done.outcome, done.text) == (
        Outcomes.DONE,
        "Worst event: 4 becomes 0.5 (risk.event_percent).",
    )
    denied = answer(bench.buy("100", name="after"))
    assert denied is not None
    assert [reason.code for reason in denied.reasons] == [ReasonCode.EVENT_LIMIT]


def test_collar_and_order_size_are_limits_too() -> None:
    bench = Bench()
    bench.do(SetLimit(name="max_order_contracts", value="5"), "a")
    bench.do(SetLimit(name="collar_cents", value="3"), "b")
    settings = bench.core.state.settings
    assert (settings.max_order, settings.collar) == (parse_count("5"), 300)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("event_percent", "0", "a number from 0.1 to 100"),
        ("event_percent", "nan", "a number from 0.1 to 100"),
        ("event_percent", "lots", "'lots'"),
        ("open_positions", "2.5", "a whole number from 1 to 1000"),
        ("correlation", "1.01", "from 0.05 to 1"),
        ("nonsense", "1", "there are "),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(name: str, value: str, part: str) -> None:
    bench = Bench()
    before = bench.core.state.settings.limits
    effects = bench.do(SetLimit(name=name, value=value), "set")
    denied = answer(effects)
    assert denied is not None
    assert denied.reasons[0].code is ReasonCode.BAD_COMMAND
    assert part in denied.reasons[0].text
    assert bench.core.state.settings.limits == before
    assert not any(isinstance(effect, SaveSetting) for effect in effects)


def test_every_limit_that_can_be_set_can_be_read_back_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\n[risk]\nevent_percent = 3 # careful\n")
    for name in TITLES:
        default = getattr(RiskSettings(), name)
        save_setting(path, f"risk.{name}", read_limit(name, str(default)))
    assert load_settings(path).settings.risk == RiskSettings()
    assert path.read_text().startswith("# mine\n")
    assert "# careful" in path.read_text()
