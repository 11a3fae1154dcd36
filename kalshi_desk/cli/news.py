"""``kalshi-desk news``: train and judge the classifier, try a headline, see feeds and items."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_desk.cli import calls, outcome
from kalshi_desk.cli.flat import Flat
from kalshi_desk.cli.news_rows import (
    Found,
    evaluation_facts,
    flat_found,
    flat_rows,
    model_facts,
    reader_of,
    reader_words,
)
from kalshi_desk.cli.printing import Form, print_list, print_object
from kalshi_desk.core.errors import DeskError, Refuse, Stop
from kalshi_desk.core.text import clean
from kalshi_desk.store.files import write_whole
from kalshi_desk.store.paths import Home

if TYPE_CHECKING:
    from kalshi_desk.core.news import ReaderReport
    from kalshi_desk.news.labels import Labelled
    from kalshi_desk.news.model import Model
    from kalshi_desk.news.texts import MarketText

STRATEGY = "news"
"""Whose observations tell what markets did after headlines."""
TAKEN_S, LOOK_S = 20.0, 0.2
LARGEST_TABLE = 100_000_000
_SHOWN_PROBLEMS = 3


def run(home: Home, options: argparse.Namespace) -> int:
    """Carry out one ``news`` action and return the exit code."""
    form = Form.JSON if options.json else Form.PLAIN if options.plain else Form.TABLE
    if options.action == "test":
        return _test(home, options, form)
    if options.words:
        raise Refuse(
            f"news {options.action} takes no words.",
            code="usage",
            todo='A headline goes behind test: kalshi-desk news test "HEADLINE"',
        )
    if options.action == "train":
        return _train(home, options, form)
    if options.action == "evaluate":
        return _evaluate(home, options, form)
    topic = _TOPICS[options.action]
    rows = asyncio.run(calls.rows_of(home, topic, "reader"))
    print_list(topic, flat_rows(rows), form)
    if words := reader_words(rows):
        print(f"kalshi-desk: {words}", file=sys.stderr)
    return outcome.DONE


_TOPICS = {"feeds": "feeds", "list": "news"}


def _train(home: Home, options: argparse.Namespace, form: Form) -> int:
    """Train on what there is, and keep the model unless it would push out a proven one."""
    from kalshi_desk.news.model import encode_model
    from kalshi_desk.news.training import train

    rows = _labelled(home, options)
    model = train(rows)
    old = _old_weight(home)
    is_kept = model.weight > 0.0 or not old or options.replace
    if is_kept:
        home.prepare()
        path = home.news_model_path
        if path.exists():
            write_whole(path.with_suffix(".previous.json"), path.read_bytes())
        write_whole(path, encode_model(model))
    facts = model_facts(model) | {
        "kept": is_kept,
        "file": str(home.news_model_path) if is_kept else None,
    }
    print_object(facts, form)
    if not is_kept:
        print(
            "kalshi-desk: The model that was there has earned its weight and stays; "
            "--replace takes the new one all the same.",
            file=sys.stderr,
        )
    elif find_running(home):
        print(asyncio.run(_taken(home, encode_model(model))), file=sys.stderr)
    return outcome.DONE


async def _taken(home: Home, file: bytes) -> str:
    """Wait until the running engine's reader has taken a model, and say whether it has."""
    from kalshi_desk.news.messages import file_name

    loop = asyncio.get_running_loop()
    give_up = loop.time() + TAKEN_S
    reader: ReaderReport | None = None
    while loop.time() < give_up:
        try:
            reader = reader_of(await calls.rows_of(home, "reader"))
        except DeskError:
            return "The running engine could not be asked; it takes it by itself."
        if reader is None or not reader.is_reading:
            return "The running engine takes it when it reads news again."
        if file_name(file) in reader.model:
            return f"The running engine has taken it: news is scored by {reader.model}."
        await asyncio.sleep(LOOK_S)
    why = reader.model_fault if reader is not None else ""
    return why or "The running engine has not taken it yet; 'news feeds' says what scores."


def find_running(home: Home) -> bool:
    """Return whether an engine runs on this home."""
    from kalshi_desk.store.presence import find_engine

    return find_engine(home) is not None


def _old_weight(home: Home) -> float:
    """Return the weight of the model that is there; one that can't be read has none."""
    try:
        old = load_model(home)
    except Refuse:
        return 0.0
    return old.weight if old is not None else 0.0


def _evaluate(home: Home, options: argparse.Namespace, form: Form) -> int:
    """Show what a model proved, or judge it again by headlines later than all it knows."""
    from kalshi_desk.news.model import standing
    from kalshi_desk.news.splitting import LONGEST_GAP_NS
    from kalshi_desk.news.training import LEAST_JUDGE, evaluate, later_than, verdict

    model = load_model(home)
    if model is None:
        print_object({"weight": 0.0, "why": standing(None)}, form)
        return outcome.DONE
    if not options.csv and not options.journal:
        print_object(model_facts(model), form)
        return outcome.DONE
    later = later_than(model, _labelled(home, options), LONGEST_GAP_NS)
    if len(later) < LEAST_JUDGE:
        raise Refuse(
            f"Only {len(later)} of the headlines are dated a day or more after all that the "
            f"model learned from; {LEAST_JUDGE} are needed to judge it.",
            code="too_few_labels",
            todo="Without --csv and --journal, evaluate shows what it proved when it was trained.",
        )
    found = evaluate(model, later)
    weight, why = verdict(found)
    facts: Flat = {"would_weigh": weight, "why": why}
    print_object(facts | evaluation_facts(found), form)
    return outcome.DONE


def _test(home: Home, options: argparse.Namespace, form: Form) -> int:
    """Read one headline as the desk would, and say with which markets it was compared."""
    from kalshi_desk.core.news import NewsItem, Tier
    from kalshi_desk.news.model import standing
    from kalshi_desk.news.reading import Reader

    headline = " ".join(options.words).strip()
    if not headline:
        raise Refuse("news test needs a headline.", code="usage", todo='news test "HEADLINE"')
    model = load_model(home)
    markets, universe = _universe(home, options)
    reader = Reader(model)
    reader.set_universe(markets)
    item = reader.read(
        NewsItem(
            item_id="test",
            feed="test",
            tier=Tier.PRESS,
            title=headline,
            first_seen_ns=0,
            cluster="test",
        )
    )
    titles = {one.ticker: one for one in markets}
    rows = [flat_found(Found(match, titles[match.ticker])) for match in item.matches]
    facts: Flat = {
        "headline": clean(headline),
        "sentiment": item.sentiment,
        "confidence": item.confidence,
        "scored_by": item.scored_by,
        "classifier": standing(model),
        "universe": universe,
        "engine_scores_with": _engine_scorer(home),
    }
    if form is Form.JSON:
        print(json.dumps(facts | {"matches": rows}), flush=True)
        return outcome.DONE
    print_object(facts, form)
    print_list("matches", rows, form)
    return outcome.DONE


def _engine_scorer(home: Home) -> str | None:
    """Return what scores news in the running engine, None where none runs or reads."""
    if not find_running(home):
        return None
    reader = reader_of(asyncio.run(calls.rows_of(home, "reader")))
    return None if reader is None else reader.model


def _universe(home: Home, options: argparse.Namespace) -> tuple[list[MarketText], str]:
    """Return the markets to compare with: a file's titles, the engine's list, or none."""
    from kalshi_desk.news.texts import MarketText

    if options.titles:
        lines = _read(Path(options.titles), "titles").splitlines()
        kept = [line.strip() for line in lines if line.strip()]
        made = [MarketText(ticker=f"LINE-{at}", title=line) for at, line in enumerate(kept, 1)]
        return made, f"{len(made)} titles of {options.titles}"
    if not find_running(home):
        return [], "no market: no engine runs on this home"
    rows = asyncio.run(calls.rows_of(home, "markets"))
    from kalshi_desk.desk.frames import MarketRow

    made = [
        MarketText(
            ticker=row.ticker,
            event_ticker=row.event_ticker,
            series_ticker=row.event_ticker.partition("-")[0],
            category=row.category,
            title=row.title,
            subtitle=row.subtitle,
            close_ns=row.close_ns,
        )
        for row in rows
        if isinstance(row, MarketRow)
    ]
    return made, f"{len(made)} markets of the running engine, by their titles"


def _labelled(home: Home, options: argparse.Namespace) -> list[Labelled]:
    """Return labelled headlines from the table, the journal, or the journal alone by default."""
    from kalshi_desk.news.labels import from_journal, read_table

    rows: list[Labelled] = []
    if options.csv:
        rows, problems = read_table(_read(Path(options.csv), "table"))
        for problem in problems[:_SHOWN_PROBLEMS]:
            print(f"kalshi-desk: left out: {clean(problem)}", file=sys.stderr)
        if len(problems) > _SHOWN_PROBLEMS:
            more = len(problems) - _SHOWN_PROBLEMS
            print(f"kalshi-desk: left out: {more} more lines", file=sys.stderr)
    if options.journal or not options.csv:
        from kalshi_desk.store.news_history import news_history
        from kalshi_desk.store.venues import last_venue

        venue = options.venue or last_venue(home)
        if venue is None:
            raise Refuse(
                "No engine has traded on this home, so that there is no journal to learn from.",
                code="no_journal",
                todo="Name a table with --csv FILE, or let the engine run and label its news.",
            )
        rows += from_journal(*news_history(home.journal_path(venue), STRATEGY))
    return rows


def load_model(home: Home) -> Model | None:
    """Return the home's classifier, None where none was trained; raises ``Refuse``."""
    from kalshi_desk.news.model import decode_model

    path = home.news_model_path
    if not path.exists():
        return None
    try:
        return decode_model(path.read_bytes())
    except OSError as error:
        raise _unread(path, error) from None


def _read(path: Path, what: str) -> str:
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise Refuse(f"The file of {what} {path} is too large.", code="too_large")
        return path.read_text("utf-8")
    except OSError as error:
        raise _unread(path, error) from None
    except UnicodeDecodeError:
        raise Refuse(
            f"{path} is not text in UTF-8.", code="not_text", todo="Save it as UTF-8."
        ) from None


def _unread(path: Path, error: OSError) -> Stop:
    why = error.strerror or type(error).__name__
    return Stop(f"Can't read {path}: {why}.", code="unreadable", todo="Check the file's name.")
