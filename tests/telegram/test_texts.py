"""Texts: escaped whatever they hold, cut to Telegram's limits, complete in every language."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kalshi_desk.telegram as room
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.stops import StopKind
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.text import clean
from kalshi_desk.desk.automation_frames import LimitUnit
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.machine_views import ACTING, LOOKING, LOOKING_TOO
from kalshi_desk.telegram.markup import (
    CODE_CHARACTERS,
    JOINER,
    MESSAGE_UNITS,
    Html,
    code,
    defuse,
    escape,
    fit,
    link,
    plain,
    split,
    units,
)
from kalshi_desk.telegram.settings import LANGUAGES, Category
from kalshi_desk.telegram.words import Words, phrases, places, sentences
from tests.telegram.markup_check import read_markup
from tests.telegram.markup_check import units as units_there

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&\"'/@#$.: ab\u202e\u200d\u0000\ud800\U0001f600\n"),
        st.characters(codec=None),
    ),
    max_size=400,
)
LINE = st.lists(
    st.one_of(
        HOSTILE.map(escape),
        HOSTILE.map(code),
        HOSTILE.map(lambda text: Html(f"<b>{escape(text)}</b>")),
        st.integers(1, 5_000).map(lambda size: Html(f"<i>{'&lt;' * (size // 4)}</i>")),
    ),
    max_size=6,
).map("".join)


@given(HOSTILE)
@example("<b>&amp;</b>" * 200)
def test_what_others_wrote_is_shown_as_it_is_and_nothing_more(text: str) -> None:
    shown = read_markup(escape(text, 10_000))
    assert shown.replace(JOINER, "") == clean(text, 10_000).replace(JOINER, "")
    assert read_markup(code(text)) == clean(text, CODE_CHARACTERS)


@given(HOSTILE)
def test_nothing_that_others_wrote_becomes_a_link(text: str) -> None:
    shown = read_markup(escape(text, 10_000))
    assert not re.search(r"(?<![\w])[/@#$][^\W\d]", shown)
    assert "://" not in shown.replace(f"://{JOINER}", "")
    assert not re.search(r"\w\.[^\W\d_]{2,}(?![\w-])", shown)


@settings(max_examples=60)
@given(st.lists(LINE, max_size=6).map("\n".join), st.integers(64, MESSAGE_UNITS))
def test_cut_messages_are_valid_short_and_lose_nothing(text: str, limit: int) -> None:
    parts = split(text, limit)
    shown = [read_markup(part) for part in parts]
    assert all(0 < units_there(part) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(shown)) == re.sub(r"\s", "", read_markup(text))


@given(st.lists(LINE.filter(lambda line: "\n" not in line), max_size=20))
def test_a_page_holds_whole_lines_and_says_when_there_are_more(rows: list[str]) -> None:
    page = fit(rows, "… more")
    read_markup(page)
    assert units(page) <= MESSAGE_UNITS
    whole = "\n".join(rows)
    assert page == whole or page.endswith("… more")
    assert page == whole or units(whole) > MESSAGE_UNITS - 10


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tg://user?id=1", "", "http://", "x" * 99])
def test_only_the_web_is_linked(url: str) -> None:
    assert "<a" not in link(url, "title")


def test_a_link_is_quoted() -> None:
    made = link('https://a.example/?q="><b>&x=1', "<news>")
    assert read_markup(made) == "<news>"
    assert made.count('"') == 2


def test_a_ticker_is_not_broken_by_a_joiner() -> None:
    for ticker in ("KXFED-26DEC-T4.00", "KXHIGHNY-26NOV28-B41.5", "risk.open_positions"):
        assert defuse(ticker) == ticker
        assert read_markup(code(ticker)) == ticker


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_sentences_with_the_same_places(language: str) -> None:
    english, other = sentences("en"), sentences(language)
    assert set(other) == set(english)
    assert {name: places(text) for name, text in other.items()} == {
        name: places(text) for name, text in english.items()
    }


def test_german_is_not_english() -> None:
    same = {name for name, text in sentences("de").items() if text == sentences("en")[name]}
    assert len(same) < len(sentences("de")) / 6, same


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_valid_markup_with_hostile_values(language: str) -> None:
    words = Words(language)
    for name, text in sentences(language).items():
        shown = read_markup(words(name, **dict.fromkeys(places(text), "<x> & </b>")))
        assert shown.strip(), name


def used_names() -> set[str]:
    """Return every name of a sentence that the room's source spells out."""
    found: set[str] = set()
    folder = Path(inspect.getfile(room)).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_sentence_that_is_asked_for_exists_and_none_is_left_over() -> None:
    tables = {name.partition(".")[0] for name in sentences("en")}
    spelled = {
        text
        for text in used_names()
        if re.fullmatch(r"[a-z]+\.[a-z_]+", text) and text.partition(".")[0] in tables
    }
    # Names of the desk's settings, and beginnings of names.
    spelled -= {"alerts.rules", "news.own", "settings.ask_", "pick.no_"}
    assert spelled - set(sentences("en")) == set()
    made = {
        *(f"category.{kind.value}" for kind in Category),
        *(f"mode.{mode.value}" for mode in Mode),
        *(f"stop.{kind.value}" for kind in StopKind),
        *(f"reason.{code.value}" for code in ReasonCode),
        *(f"command.{name}" for name in ("start", *LOOKING, *LOOKING_TOO, *ACTING)),
        *(f"loud.{name}" for name in ("on", "silent", "off")),
        *(f"option.{name}" for name in (*LANGUAGES, "full", "compact", "now", "minute", "hour")),
        *(f"settings.ask_{name}" for name in ("notify", "frequency", "style", "language")),
        *(f"venue.{name}" for name in ("practice", "paper", "demo", "live", "replay", "other")),
        *(f"menu.{name}" for name in ("status", "balance", "positions", "performance")),
        *(f"ask.{name}" for name in ("good_till_canceled", "immediate_or_cancel", "fill_or_kill")),
        *(f"pick.{name}" for name in ("buy", "sell", "cancel", "flatten")),
        *(f"pick.{name}" for name in ("no_cancel", "no_flatten", "cancel_all", "flatten_all")),
        *(f"word.{name}" for name in ("buy", "sell")),
        *(f"error.{name}" for name in ("no_engine", "no_answer", "engine_starting", "link_lost")),
    }
    assert made <= set(sentences("en"))
    assert set(sentences("en")) - spelled - made == set()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Filled: sell 1,204.5 NO at 3.25¢", "Ausgeführt: Verkauf 1,204.5 NO zu 3.25¢"),
        ("fee $0.02 taker, realised -$1.13", "Gebühr $0.02 (taker), realisiert -$1.13"),
        (
            "panic. Positions are kept; only reductions pass until you resume.",
            "Panik. Positionen bleiben; nur Abbau ist möglich, bis Sie fortsetzen.",
        ),
        ("Stop a1b2 triggered (trailing)", "Stopp a1b2 ausgelöst (nachziehend)"),
        ("Strategy arb: shadow", "Strategie arb: Schatten"),
        ("3 orders canceled.", "3 Aufträge storniert."),
        ("Something nobody translated", "Something nobody translated"),
        ("", ""),
    ],
)
def test_the_engines_words_are_translated_where_known(english: str, german: str) -> None:
    assert Words("de").engine(english) == german
    assert Words("en").engine(english) == english


def test_every_phrase_fills_its_places() -> None:
    assert len(phrases("de")) > 40
    for pattern, said in phrases("de"):
        assert places(said) <= set(pattern.groupindex)


@given(HOSTILE)
def test_no_event_can_break_a_translation(text: str) -> None:
    Words("de").engine(text)
    Words("de").engine(f"was: {text}")


def test_numbers_read_as_they_are_typed() -> None:
    assert (n.cents(4_550), n.cents(4_700), n.cents(1), n.cents(None)) == (
        "45.5¢",
        "47¢",
        "0.01¢",
        "—",
    )
    assert (n.money(-1_134_999), n.signed(4_560_000), n.money(-4_999)) == (
        "−$1.13",
        "+$4.56",
        "$0.00",
    )
    assert (n.signed(0), n.signed(None), n.money(1_234_567_890_000)) == (
        "$0.00",
        "—",
        "$1,234,567.89",
    )
    assert (n.count(120_450), n.typed_count(120_450), n.count(-50)) == ("1,204.5", "1204.5", "−0.5")
    assert (n.in_unit(1_250, LimitUnit.SHARE), n.in_unit(90, LimitUnit.SECONDS)) == (
        "12.5%",
        "1m 30s",
    )
    assert (n.span(200_000), n.day(0)) == ("2d 7h", "—")


def test_markup_reads_back_as_text() -> None:
    assert plain("<b>a</b> &lt;b&gt;") == "a <b>"
