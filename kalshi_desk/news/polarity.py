"""What more of an item's subject means for YES of a market: +1, -1, or 0 when unsure.

A market is read by templates into a shape: what quantity or event it asks about, and which
way YES lies.  A subject bears on it when it is the same concept or one whose effect is
beyond dispute (layoffs and payrolls); what economists would argue about stays 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kalshi_desk.news.concepts import BROAD, EVENTS, QUANTITIES
from kalshi_desk.news.entities import Sense, sense
from kalshi_desk.news.texts import MAX_TITLE, MarketText, clean
from kalshi_desk.news.tone import Tone


class Form(StrEnum):
    """How a market's YES lies to what it asks about."""

    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    HOLD = "hold"
    OCCURS = "occurs"
    WINS = "wins"
    UNCLEAR = "unclear"


_ABOVE = re.compile(
    r"\b(?:above|more than|at least|or above|or more|or higher|over|exceeds?|higher than"
    r"|greater than|up|or greater|reach)\b|[>≥]|\d\+",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:below|less than|or below|or lower|or less|under|fewer than|lower than|at most"
    r"|price down)\b|[<≤]",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:between|range)\b|\d[°%]?\s*(?:to|-|–)\s*\$?\d(?![\d-]*-\d)", re.IGNORECASE
)
_CUT = re.compile(r"\b(?:cuts?|lowers?|decreases?)\b", re.IGNORECASE)
_HIKE = re.compile(r"\b(?:hikes?|raises?|increases?)\b", re.IGNORECASE)
_HOLD = re.compile(r"\b(?:maintains?|holds?|no change|unchanged|pause)\b", re.IGNORECASE)
_WINS = re.compile(
    r"\b(?:wins?|winner|nominee|elected|champions?|next (?:president|prime minister|pope|mayor)"
    r"|finish 1st|qualify|advance)\b",
    re.IGNORECASE,
)
_LEAVES = re.compile(
    r"\b(?:out as|leaves?|resigns?|removed|fired|ends?|eliminated?|banned|arrested|fail)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"^\s*(?:what|which|who|when|how|next|first)\b", re.IGNORECASE)
"""Questions that a title alone doesn't answer with yes."""
_EFFECTS = """
layoffs jobs -; jobless_claims jobs -; unemployment jobs -; layoffs unemployment +;
jobless_claims unemployment +; jobs unemployment -; layoffs jobless_claims +;
rents inflation +; gas inflation +; oil inflation +; core_inflation inflation +;
inflation core_inflation +; rents core_inflation +; oil gas +; wages inflation +;
retail_sales gdp +; factory gdp +; exports gdp +; gdp recession -; recession gdp -;
jobs recession -; unemployment recession +; layoffs recession +; factory recession -;
retail_sales recession -; crypto bitcoin +; bitcoin crypto +; crypto ethereum +;
crypto solana +; crypto ripple +; crypto dogecoin +; stocks sp500 +; stocks nasdaq +;
stocks dow +; sp500 stocks +; nasdaq stocks +; dow stocks +; fed rates +; rates fed +;
warm_air high_temperature +; cool_air high_temperature -; warm_air low_temperature +;
cool_air low_temperature -; temperature high_temperature +; temperature low_temperature +;
high_temperature temperature +; climate temperature +; high_temperature climate +;
dry_air rain -; budget shutdown -; reconciliation budget +; rocket launch +; launch rocket +;
ceasefire war -; war ceasefire -; yields mortgage +; debt shutdown 0; trade_deal tariffs -
"""
_SIGNS = {"+": 1, "-": -1, "0": 0}
EFFECTS: dict[tuple[str, str], int] = {
    (parts[0], parts[1]): _SIGNS[parts[2]]
    for parts in (row.split() for row in _EFFECTS.replace("\n", " ").split(";"))
    if len(parts) == 3
}
"""What more of the first does to the second."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a market asks: ``variables`` are the concepts it is about, the nearest first."""

    form: Form
    variables: tuple[str, ...]
    is_policy: bool = False
    """Whether YES is a decision to cut, hold or raise."""


def shape_of(market: MarketText) -> Shape:
    """Read a market by the templates: its outcome first, its title next, its rules last."""
    title = clean(market.title, MAX_TITLE)
    subtitle = clean(market.subtitle, MAX_TITLE)
    rules = clean(market.rules, MAX_TITLE)
    variables = _variables(sense(title), sense(subtitle), sense(rules))
    if {"rates", "fed"} & set(variables):
        policy = _policy(subtitle) or _policy(title)
        if policy is not None and not _ABOVE.search(f"{title} {subtitle}"):
            return Shape(policy, ("rates", "fed"), is_policy=True)
    is_quantity = bool((QUANTITIES | EVENTS) & set(variables))
    for text in (subtitle, title, rules):
        if _BETWEEN.search(text) and is_quantity:
            return Shape(Form.BETWEEN, variables)
        above, below = _ABOVE.search(text), _BELOW.search(text)
        if above and below:
            return Shape(Form.UNCLEAR, variables)
        if (above or below) and (is_quantity or text is subtitle):
            return Shape(Form.ABOVE if above else Form.BELOW, variables)
        if text is title and _WINS.search(title):
            return Shape(Form.WINS, variables)
    is_open = bool(_LEAVES.search(title) or _OPEN.search(title))
    is_event = bool(variables) and not QUANTITIES & set(variables[:1])
    return Shape(Form.OCCURS if is_event and not is_open else Form.UNCLEAR, variables)


def _policy(text: str) -> Form | None:
    cut, hike, hold = _CUT.search(text), _HIKE.search(text), _HOLD.search(text)
    if bool(cut) + bool(hike) + bool(hold) != 1:
        return None
    return Form.BELOW if cut else Form.ABOVE if hike else Form.HOLD


def _variables(*texts: Sense) -> tuple[str, ...]:
    """Return the concepts that a market's words name, those of the title first.

    Rules name sources and places of measurement too; they only speak where the title doesn't.
    """
    made: list[str] = []
    for place, read in enumerate(texts):
        if place == 2 and any(one not in BROAD for one in made):
            break
        for mention in read.mentions:
            if not mention.concept.startswith("in:") and mention.concept not in made:
                made.append(mention.concept)
    return tuple(made)


def bearing(shape: Shape, subject: str, *, is_outcome: bool = False) -> int:
    """Return what more of a subject means for YES: +1, -1, or 0 for nothing sure.

    ``is_outcome`` says that the subject is the market's own outcome, by name.
    """
    if is_outcome:
        return 0 if shape.form in {Form.UNCLEAR, Form.BETWEEN} else 1
    if shape.form in {Form.UNCLEAR, Form.BETWEEN, Form.HOLD, Form.WINS}:
        return 0
    asked = shape.variables[:3]
    if shape.form is Form.OCCURS:
        asked = tuple(one for one in asked if one in EVENTS)
    effect = max((_effect(subject, variable) for variable in asked), key=abs, default=0)
    return -effect if shape.form is Form.BELOW else effect


def _effect(subject: str, variable: str) -> int:
    return 1 if subject == variable else EFFECTS.get((subject, variable), 0)


def polarity(shape: Shape, tone: Tone, outcome: str = "") -> int:
    """Return what good news of the tone's subject means for YES of a market, 0 when unsure.

    ``outcome`` is the name under which the tone knows this market's outcome, empty where the
    text doesn't name it.  Claims that pull a market both ways make it 0, and so does a mood
    about anything but a named outcome: good for whom?
    """
    if not tone.claims or (tone.is_opinion and tone.subject != outcome):
        return 0
    if outcome and tone.subject != outcome:
        return 0
    named = bearing(shape, outcome, is_outcome=True) if outcome else 0
    pulls = [
        (named if claim.concept == outcome else bearing(shape, claim.concept)) * claim.direction
        for claim in tone.claims
    ]
    total = pulls[0] if outcome else sum(pulls)
    if not outcome and min(pulls) < 0 < max(pulls):
        return 0
    if not total or not tone.score:
        return 0
    return 1 if (total > 0) == (tone.score > 0) else -1
