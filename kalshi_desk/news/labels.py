"""Headlines whose direction is known: from a person's table, from people's labels, from markets.

A label is -1, 0 or +1 in the direction of the headline's own subject, as ``tone`` scores it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.strategy import Observation
from kalshi_desk.news.texts import MAX_TITLE, clean

CLEAR_MOVE = 0.1
"""A change of the logit below this is no answer to the news: 2.5 cents at 50."""
_HORIZONS = ("|30 min", "|5 min", "|120 min")
"""Cells of the news strategy end with the horizon at which a market's answer was measured."""
_MOST_ROWS = 200_000
_SHOWN_PROBLEMS = 3
_WORDS = {
    **dict.fromkeys(("-1", "-1.0", "negative", "neg", "bad", "down", "bearish"), -1),
    **dict.fromkeys(("0", "0.0", "neutral", "neither", "none", "flat"), 0),
    **dict.fromkeys(("1", "+1", "1.0", "positive", "pos", "good", "up", "bullish"), 1),
}
_NAMES = {"text": 0, "headline": 0, "title": 0, "label": 1, "sentiment": 1, "date": 2}


class Origin(StrEnum):
    """Who says what a headline means."""

    TABLE = "table"
    PERSON = "person"
    MARKET = "market"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One headline with its label; ``at_ns`` is 0 where nobody says when it appeared.

    ``cluster`` names its story, empty where that is unknown.
    """

    text: str
    label: int
    at_ns: int = 0
    cluster: str = ""
    origin: Origin = Origin.TABLE


def read_table(text: str) -> tuple[list[Labelled], list[str]]:
    """Read ``text,label[,date]`` lines, with or without a heading; return rows and problems.

    Labels are -1, 0, 1 or words (``bad``, ``neutral``, ``good``); dates are ISO 8601, in UTC
    where they name no zone.  Raises ``Refuse`` when no line can be used.
    """
    rows: list[Labelled] = []
    problems: list[str] = []
    places = {0: 0, 1: 1, 2: 2}
    try:
        for number, fields in enumerate(csv.reader(io.StringIO(text.lstrip("﻿"))), start=1):
            if not any(field.strip() for field in fields):
                continue
            heading = [field.strip().lower() for field in fields]
            if number == 1 and "label" in heading:
                places = {_NAMES[name]: at for at, name in enumerate(heading) if name in _NAMES}
                continue
            if number > _MOST_ROWS:
                problems.append(f"lines after {_MOST_ROWS} were left out")
                break
            try:
                rows.append(_row(fields, places))
            except ValueError as error:
                problems.append(f"line {number}: {error}")
    except csv.Error as error:
        problems.append(f"the table can't be read further: {error}")
    if not rows:
        why = "; ".join(problems[:_SHOWN_PROBLEMS]) or "it is empty"
        raise Refuse(
            f"The table holds no labelled headline: {why}.",
            code="no_labels",
            todo="Its lines are: text,label[,date], with labels -1, 0 or 1.",
        )
    return rows, problems


def _row(fields: Sequence[str], places: dict[int, int]) -> Labelled:
    text, label, date = (
        fields[places[one]].strip() if one in places and places[one] < len(fields) else ""
        for one in range(3)
    )
    cleaned = clean(text, MAX_TITLE).strip()
    if not cleaned:
        raise ValueError("no text")
    value = _WORDS.get(label.lower())
    if value is None:
        raise ValueError(f"{label[:20]!r} is no label; allowed are -1, 0, 1, bad, neutral, good")
    return Labelled(text=cleaned, label=value, at_ns=_time_ns(date) if date else 0)


def _time_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no date like 2026-11-28") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int(moment.timestamp())
    if seconds <= 0:
        raise ValueError(f"{text[:40]!r} lies before 1970")
    return seconds * 1_000_000_000


def from_journal(items: Iterable[NewsItem], observations: Iterable[Observation]) -> list[Labelled]:
    """Return what people and markets said of journaled news, oldest first.

    A person's label counts alone.  Else the market answers: the sign of what it did after a
    story, turned into the direction of the story's subject by the match's polarity; markets
    that answered both ways, or ambiguous matches, say nothing.
    """
    moves = _moves(observations)
    made: dict[str, Labelled] = {}
    for item in sorted(items, key=lambda one: (one.first_seen_ns, one.item_id)):
        text = clean(item.title, MAX_TITLE).strip()
        if not text or item.is_retraction:
            continue
        if item.label is not None:
            made[item.cluster] = _labelled(item, text, item.label, Origin.PERSON)
            continue
        if item.cluster in made:
            continue
        answer = _answer(item, moves)
        if answer is not None:
            made[item.cluster] = _labelled(item, text, answer, Origin.MARKET)
    return list(made.values())


def _labelled(item: NewsItem, text: str, label: int, origin: Origin) -> Labelled:
    return Labelled(
        text=text,
        label=max(-1, min(1, label)),
        at_ns=item.first_seen_ns,
        cluster=item.cluster,
        origin=origin,
    )


def _moves(observations: Iterable[Observation]) -> dict[tuple[str, str], float]:
    """Return by story and market what followed; the source of an observation names both.

    Half an hour is the horizon asked for, then the others in their order.  Cells that hold
    prices beside the moves (their names end so) are no answers.
    """
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for one in observations:
        cluster, _, ticker = one.source.rpartition(" ")
        rank = next((at for at, name in enumerate(_HORIZONS) if one.cell.endswith(name)), None)
        if not cluster or rank is None:
            continue
        key = (cluster, ticker)
        if key not in found or found[key][0] > rank:
            found[key] = (rank, one.value)
    return {key: value for key, (_, value) in found.items()}


def _answer(item: NewsItem, moves: dict[tuple[str, str], float]) -> int | None:
    answers: set[int] = set()
    for match in item.matches:
        move = moves.get((item.cluster, match.ticker))
        if move is None or not match.polarity or match.is_ambiguous:
            continue
        way = 0 if abs(move) < CLEAR_MOVE else 1 if move > 0 else -1
        answers.add(way * int(match.polarity))
    clear = answers - {0}
    if len(clear) > 1 or not answers:
        return None
    return clear.pop() if clear else 0
