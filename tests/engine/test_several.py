"""Several things set at once: all of them, or none, with one answer."""

from __future__ import annotations

import pytest

from kalshi_desk.core.strategy import Parameter
from kalshi_desk.desk.automation import SetLimit, SetParameter
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.service import Change, SetSetting, SetSeveral
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, GiveAnswer, Notify, SaveSetting
from kalshi_desk.engine.inputs import CommandReceived, StrategiesDeclared
from kalshi_desk.engine.limit_rows import setting_value
from kalshi_desk.engine.several import MOST_CHANGES
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategy_messages import StrategyInfo

MOVE = Parameter(name="move", default=0.1, help="Least move", low=0.0, high=1.0)
LIMIT = SetLimit(name="position_percent", value="7")
OTHER = SetLimit(name="risk.event_percent", value="3%")
PARAMETER = SetParameter(strategy="mine", name="move", value="0.4")


class World:
    """A core with one strategy."""

    def __init__(self) -> None:
        self.core = TradingCore(CoreSettings())
        info = StrategyInfo(name="mine", title="Mine", parameters=(MOVE,))
        self.core.step(StrategiesDeclared((info,)), 1)

    def set(self, *changes: Change) -> tuple[Answer, list[Effect]]:
        effects = self.core.step(CommandReceived("c", SetSeveral(changes=changes)), 2)
        answers = [effect.answer for effect in effects if isinstance(effect, GiveAnswer)]
        assert [answer.command_id for answer in answers] == ["c"]
        return answers[0], effects

    @property
    def values(self) -> tuple[float, float, object]:
        settings = self.core.state.settings
        return (
            setting_value(settings, "position_percent"),
            setting_value(settings, "event_percent"),
            self.core.state.strategies["mine"].values["move"],
        )


def test_all_of_it_is_set_saved_and_told_as_if_set_alone() -> None:
    world = World()
    answer, effects = world.set(LIMIT, PARAMETER, OTHER)
    assert answer.outcome is Outcomes.DONE
    assert "10 becomes 7" in answer.text
    assert "move is 0.4" in answer.text
    assert world.values == (7, 3, 0.4)
    saved = {effect.name: effect.value for effect in effects if isinstance(effect, SaveSetting)}
    assert saved == {
        "risk.position_percent": 7,
        "risk.event_percent": 3,
        "strategies.parameters.mine.move": 0.4,
    }
    told = [effect.event.title for effect in effects if isinstance(effect, Notify)]
    assert told.count("A limit was changed") == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (SetLimit(name="position_percent", value="0"), "allowed is a number from 0.1 to 100"),
        (SetLimit(name="nothing", value="1"), "There is no limit nothing"),
        (SetParameter(strategy="mine", name="move", value="2"), "from 0 to 1"),
        (SetParameter(strategy="mine", name="moves", value="1"), "has no parameter moves"),
        (SetParameter(strategy="yours", name="move", value="1"), "no strategy yours"),
        (SetSetting(name="venue", value="mars"), "Nothing was changed"),
        (SetSetting(name="strategies.parameters.mine.move", value="2"), "from 0 to 1"),
        (SetSetting(name="strategies.parameters.yours.move", value="1"), "no strategy yours"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_wrong_change_anywhere_leaves_everything_as_it_was(
    wrong: Change, words: str, place: int
) -> None:
    world = World()
    before = world.values
    changes: list[Change] = [OTHER, PARAMETER]
    changes.insert(place, wrong)
    answer, effects = world.set(*changes)
    text = " ".join(reason.text for reason in answer.reasons)
    assert answer.outcome is Outcomes.REFUSED
    assert words in text
    assert text.count("Nothing was changed.") == 1
    assert world.values == before
    assert not any(isinstance(effect, SaveSetting) for effect in effects)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = SetLimit(name="position_percent", value="-1"), SetLimit(name="collar_cents", value="x")
    answer, _ = World().set(*wrong)
    text = " ".join(reason.text for reason in answer.reasons)
    assert "position_percent can't be" in text
    assert "collar_cents can't be" in text


def test_what_can_not_be_checked_before_is_set_one_at_a_time() -> None:
    pair = SetSetting(name="a", value="1"), SetSetting(name="b", value="1")
    answer, _ = World().set(*pair)
    assert answer.outcome is Outcomes.REFUSED
    assert World().set(*[LIMIT] * (MOST_CHANGES + 1))[0].outcome is Outcomes.REFUSED
    assert World().set()[0].outcome is Outcomes.DONE


def test_where_a_later_one_fails_after_all_it_is_said_what_was_set() -> None:
    world = World()

    def refuse(name: str, _change: object) -> None:
        world.core.commanding.refuse(name, "bad_command", "The file is full.")  # type: ignore[arg-type]

    world.core.commanding.others[SetParameter] = refuse
    answer, effects = world.set(LIMIT, PARAMETER)
    text = " ".join(reason.text for reason in answer.reasons)
    assert answer.outcome is Outcomes.REFUSED
    assert text.startswith("The file is full. Set before: Largest position: 10 becomes 7")
    assert any(isinstance(effect, SaveSetting) for effect in effects)
