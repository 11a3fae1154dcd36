"""What news means for YES: templates of markets, effects beyond dispute, and refusals."""

from __future__ import annotations

import pytest

from kalshi_desk.exchange.news_beats import BEATS
from kalshi_desk.news.polarity import EFFECTS, Form, shape_of
from kalshi_desk.news.texts import MarketText
from tests.news.universes import market, practice, reader, story, way

CPI = market("KXCPI-26DEC-T3.0", "Will the rate of CPI inflation be above 3.0%?", "Above 3.0%")
LOW = market("KXCPI-26DEC-B2.0", "Will the rate of CPI inflation be below 2.0%?", "Below 2.0%")
JOBS = market("KXPAY-26DEC-T100", "Will more than 100K jobs be added?", "Above 100K")
CUT = market("KXFEDD-26DEC-C25", "What will the Federal Reserve decide? Cut 25bps", "Cut 25bps")
HIKE = market("KXFEDD-26DEC-H25", "What will the Federal Reserve decide? Hike 25bps", "Hike 25bps")
HOLD = market("KXFEDD-26DEC-H0", "What will the Federal Reserve decide? Hold", "Fed maintains rate")
SLUMP = market("KXREC-27", "Will there be a recession before Jan 1, 2028?")
HOT = market(
    "KXHIGHNY-28-T60", "Will the high temp in NYC be >60° on Nov 28, 2026?", "61° or above"
)
MILD = market("KXHIGHNY-28-B55", "Will the high temp in NYC be 55-56°?", "55° to 56°")
RAIN = market("KXRAINNYC-28", "Will it rain in NYC on Nov 28, 2026?")
CLOSED = market("KXGOV-27", "Will the government shut down before Feb 1, 2027?")
OUT = market("KXOUT-26", "Will Powell leave as Fed Chair this year?")
ALL = (CPI, LOW, JOBS, CUT, HIKE, HOLD, SLUMP, HOT, MILD, RAIN, CLOSED, OUT)


@pytest.mark.parametrize(
    ("one", "form"),
    [
        (CPI, Form.ABOVE),
        (LOW, Form.BELOW),
        (JOBS, Form.ABOVE),
        (CUT, Form.BELOW),
        (HIKE, Form.ABOVE),
        (HOLD, Form.HOLD),
        (SLUMP, Form.OCCURS),
        (HOT, Form.ABOVE),
        (MILD, Form.BETWEEN),
        (RAIN, Form.OCCURS),
        (CLOSED, Form.OCCURS),
        (OUT, Form.UNCLEAR),
        (market("KXS-1-A", "Who will win the Senate race in Maine?", "Ann Lee"), Form.WINS),
        (market("KXB-1", "Bitcoin price range at 5pm?", "$90,000 to 90,499.99"), Form.BETWEEN),
        (market("KXB-2", "BTC price up in next 15 mins?", "Target price: $91,100"), Form.ABOVE),
        (market("KXN-1", "Boston at New York: Total Points?", "Above 220.5 points"), Form.ABOVE),
    ],
)
def test_markets_have_forms(one: object, form: Form) -> None:
    assert shape_of(one).form is form  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headline", "one", "sign"),
    [
        ("CPI inflation rises faster than forecast", CPI, 1),
        ("CPI inflation rises faster than forecast", LOW, -1),
        ("CPI inflation slows sharply", CPI, -1),
        ("CPI inflation slows sharply", LOW, 1),
        ("Layoffs spread while payrolls fall", JOBS, -1),
        ("Hiring rises, more jobs added than expected", JOBS, 1),
        ("Federal Reserve is likely to cut interest rates", CUT, 1),
        ("Federal Reserve is likely to cut interest rates", HIKE, -1),
        ("Federal Reserve is likely to cut interest rates", HOLD, 0),
        ("Federal Reserve officials speak against: Cut 25bps", CUT, -1),
        ("Economists say a recession is likely", SLUMP, 1),
        ("Economists say a recession is unlikely", SLUMP, -1),
        ("Warm air lifts the high temp in NYC", HOT, 1),
        ("Clouds keep the high temp in NYC cooler", HOT, -1),
        ("Warm air lifts the high temp in NYC", MILD, 0),
        ("Heavy rain heading for NYC", RAIN, 1),
        ("Dry air pushes rain away from NYC", RAIN, -1),
        ("Leaders agree to avoid a government shutdown", CLOSED, -1),
        ("Government shutdown looms as budget talks collapse", CLOSED, 1),
        ("Powell delays his exit as Fed Chair", OUT, 0),
    ],
)
def test_news_means_something_for_yes_or_nothing(headline: str, one: object, sign: int) -> None:
    found = way(reader(*ALL).read(story(headline)), one.ticker)  # type: ignore[attr-defined]
    assert (found > 0) - (found < 0) == sign


@pytest.mark.parametrize(
    ("headline", "one"),
    [
        (
            "EU approves new rights for passengers",
            market("KXEU-30", "EU has a new member by 2030?"),
        ),
        (
            "Reconciliation bill delayed",
            market("KXREC-1", "What will the reconciliation bill hold?"),
        ),
        ("Oil terminal halts operations", market("KXWTI-1", "WTI oil above $70?", "Above $70")),
        ("Oil prices rise", market("KXWTI-2", "WTI oil price tomorrow?")),
        ("Anthropic backs a bill", market("KXANT-1", "Will Anthropic release a model in June?")),
        ("Rain of arrows falls in NYC film", market("KXFILM-1", "Which film opens in NYC?")),
    ],
)
def test_what_is_said_of_something_else_says_nothing(headline: str, one: object) -> None:
    found = reader(one).read(story(headline))  # type: ignore[arg-type]
    assert way(found, one.ticker) == 0.0  # type: ignore[attr-defined]


def _rival(event: str, title: str, *names: str) -> list[MarketText]:
    return [
        MarketText(ticker=f"{event}-{at}", event_ticker=event, title=title, subtitle=name)
        for at, name in enumerate(names)
    ]


GAME = _rival("KXGAME", "Denver at Miami Winner?", "Denver", "Miami")
RACE = _rival("KXRACE", "Who will win the mayor race in Ohio?", "Ann Collier", "Joan Prescott")


@pytest.mark.parametrize(
    ("headline", "rivals", "signs"),
    [
        # Of two that are named together: nothing about which of them wins.
        ("Denver and Miami promise a fast game with many points", GAME, (0, 0)),
        ("Miami and Denver promise a fast game with many points", GAME, (0, 0)),
        ("Strong demand before the Denver at Miami game has a winner", GAME, (0, 0)),
        ("Denver vs Miami winner game draws record demand", GAME, (0, 0)),
        ("Ann Collier and Joan Prescott gain in the mayor race", RACE, (0, 0)),
        # The first of a clause is spoken of, whichever is listed first.
        ("Miami beats Denver and is the winner", GAME, (0, 1)),
        ("Denver beats Miami and is the winner", GAME, (1, 0)),
        ("Joan Prescott leads Ann Collier in the mayor race", RACE, (0, 1)),
        ("Ann Collier trails Joan Prescott in the mayor race", RACE, (-1, 0)),
        # One alone is read as before.
        ("Miami rules out a key starter before the game", GAME, (0, -1)),
    ],
)
def test_of_rivals_only_the_one_that_is_spoken_of_moves(
    headline: str, rivals: list[MarketText], signs: tuple[int, int]
) -> None:
    found = reader(*rivals).read(story(headline))
    assert found.matches, "it is about them all the same"
    ways = [way(found, one.ticker) for one in rivals]
    assert tuple((one > 0) - (one < 0) for one in ways) == signs


def test_what_two_teams_promise_moves_their_points_and_not_who_wins() -> None:
    markets, behind = practice()
    eye = reader(*markets)
    for text in (*BEATS["total"].up, *BEATS["total"].down):
        found = eye.read(story(text))
        moved = {behind[one.ticker] for one in found.matches if one.polarity}
        assert moved == {"total"}, text


def test_claims_that_pull_both_ways_say_nothing() -> None:
    text = "Payrolls rise but layoffs rise"
    read = reader(JOBS).read(story(text))
    assert read.matches
    assert way(read, JOBS.ticker) == 0.0


def test_a_mood_without_direction_says_nothing_of_a_quantity() -> None:
    read = reader(CPI).read(story("A wonderful report on CPI inflation"))
    assert read.sentiment > 0
    assert way(read, CPI.ticker) == 0.0


def test_effects_are_not_contradictory() -> None:
    for (cause, result), sign in EFFECTS.items():
        assert EFFECTS.get((result, cause), sign) == sign, (cause, result)


def test_stories_of_the_practice_press_point_the_way_they_move_the_market() -> None:
    """Its ground truth: stories of ``up`` lift the hidden value; nothing may be read backwards."""
    markets, behind = practice()
    eye = reader(*markets)
    read = refused = 0
    for name, beat in BEATS.items():
        for sign, texts in ((1, beat.up), (-1, beat.down)):
            for text in texts:
                for label in beat.names or ("",):
                    found = eye.read(story(text.format(name=label)))
                    ways = _ways(found, name, behind, label)
                    assert all(one * sign >= 0 for one in ways), (text, label)
                    read += any(ways)
                    refused += not any(ways)
    assert read / (read + refused) > 0.75


def _ways(found: object, driver: str, behind: dict[str, str], label: str) -> list[float]:
    """Return which way a story points for more of its hidden value, by every market on it."""
    texts = {one.ticker: one for one in practice()[0]}
    made = []
    for match in found.matches:  # type: ignore[attr-defined]
        one = texts[match.ticker]
        if behind[match.ticker] != driver or (label and one.subtitle != label):
            continue
        turn = -1 if shape_of(one).form is Form.BELOW and not label else 1
        made.append(found.sentiment * match.polarity * turn)  # type: ignore[attr-defined]
    return made
