"""``kalshi-desk news``: training, judging and trying headlines, with and without an engine."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.cli.main import main
from kalshi_desk.cli.news_rows import flat_rows, reader_words
from kalshi_desk.core.news import (
    FeedReport,
    FeedState,
    NewsItem,
    NewsMatch,
    Polarity,
    ReaderReport,
    ReaderState,
    Tier,
)
from kalshi_desk.core.strategy import Observation
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow, ReaderRow
from kalshi_desk.news.labels import Labelled
from kalshi_desk.news.model import decode_model
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.venues import remember_venue
from tests.cli.conftest import Desk
from tests.news.headlines import planted

Told = tuple[int, str, str]
News = Callable[..., Told]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def news(home: Path, capsys: pytest.CaptureFixture[str]) -> News:
    """Return how to run ``news`` with words: exit code, output, errors."""

    def run(*words: str) -> Told:
        code = main(["news", *words, "--home", str(home)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def table(path: Path, rows: Iterable[Labelled]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["text", "label", "date"])
    for row in rows:
        date = datetime.fromtimestamp(row.at_ns / 1e9, UTC).isoformat()
        writer.writerow([row.text, row.label, date])
    path.write_text(text.getvalue(), encoding="utf-8")
    return str(path)


def test_a_headline_is_read_without_an_engine_and_says_with_what(news: News) -> None:
    code, out, _ = news("test", "Gas prices surge", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["sentiment"] > 0
    assert told["scored_by"] == "textblob"
    assert "weight 0" in told["classifier"]
    assert told["universe"] == "no market: no engine runs on this home"
    assert told["engine_scores_with"] is None
    assert told["matches"] == []


def test_a_headline_is_compared_with_titles_of_a_file(news: News, tmp_path: Path) -> None:
    titles = tmp_path / "titles.txt"
    titles.write_text("Will average gas prices be above $3?\n\nWill it rain in NYC?\n", "utf-8")
    code, out, _ = news("test", "Gas", "prices", "fall", "--titles", str(titles), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["headline"] == "Gas prices fall"
    assert told["universe"].startswith("2 titles")
    assert [(one["ticker"], one["yes"]) for one in told["matches"]] == [("LINE-1", "for")]
    assert told["sentiment"] < 0
    shown = news("test", "Gas prices fall", "--titles", str(titles))[1]
    assert "LINE-1" in shown
    assert "Will it rain" not in shown


def test_hostile_words_reach_no_terminal(news: News) -> None:
    code, out, _ = news("test", "\x1b[31mGas\x07 prices [bold]rise[/]")
    assert code == 0
    assert "\x1b" not in out
    assert "\x07" not in out


def test_a_model_is_trained_judged_kept_and_scores(news: News, home: Path, tmp_path: Path) -> None:
    path = table(tmp_path / "rows.csv", planted(days=40, each=15))
    code, out, _ = news("train", "--csv", path, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["weight"], told["kept"]) == (1.0, True)
    assert told["gain_at_least"] > told["gain_needed"]
    file = home / "data" / "news-model.json"
    assert told["file"] == str(file)
    assert file.stat().st_mode & 0o077 == 0
    assert decode_model(file.read_bytes()).weight == 1.0
    assert json.loads(news("test", "Harbor council prospers", "--json")[1])["scored_by"] == (
        "classifier"
    )
    assert json.loads(news("evaluate", "--json")[1])["accuracy"] == told["accuracy"]

    worse = table(tmp_path / "worse.csv", planted(days=3, each=20, seed=2))
    code, out, err = news("train", "--csv", worse, "--json")
    assert (code, json.loads(out)["kept"]) == (0, False)
    assert "--replace" in err
    assert decode_model(file.read_bytes()).weight == 1.0
    news("train", "--csv", worse, "--replace")
    assert decode_model(file.read_bytes()).weight == 0.0
    assert decode_model(file.with_suffix(".previous.json").read_bytes()).weight == 1.0

    news("train", "--csv", path, "--replace")
    later = table(tmp_path / "later.csv", planted(days=90, each=6, seed=8))
    code, out, _ = news("evaluate", "--csv", later, "--json")
    assert (code, json.loads(out)["would_weigh"]) == (0, 1.0)
    code, _, err = news("evaluate", "--csv", worse)
    assert code == 1
    assert "Only 0 of the headlines" in err


def test_labels_of_the_journal_are_learned_from(news: News, home: Path) -> None:
    place = open_home(str(home))
    place.prepare()
    remember_venue(place, "practice")
    journal = Journal(place.journal_path("practice"), durable=False)
    records: list[Any] = []
    for at, row in enumerate(planted(days=30, each=12)):
        match = NewsMatch(ticker="KXA-1", relevance=0.9, polarity=Polarity.AGAINST)
        records.append(
            NewsItem(
                item_id=f"n{at}",
                feed="wire",
                tier=Tier.PRESS,
                title=row.text,
                first_seen_ns=row.at_ns,
                cluster=f"n{at}",
                label=row.label if at % 2 else None,
                matches=(match,),
            )
        )
        records.append(
            Observation(
                strategy="news",
                cell="Economics|press|30 min",
                event_ticker="KXA",
                value=-0.5 * row.label,
                at_ns=row.at_ns + 1,
                source=f"n{at} KXA-1",
            )
        )
    journal.write(records)
    code, out, _ = news("train", "--json")
    journal.close()
    told = json.loads(out)
    assert (code, told["weight"]) == (0, 1.0)
    assert told["learned_from_person"] > 50 < told["learned_from_market"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("train",), 1, "No engine has traded"),
        (("train", "--csv", "/nowhere.csv"), 1, "Can't read"),
        (("test",), 2, "needs a headline"),
        (("test", "Gas", "--titles", "/nowhere.txt"), 1, "Can't read"),
        (("evaluate", "word"), 2, "takes no words"),
        (("feeds",), 3, "No engine runs"),
        (("list",), 3, "No engine runs"),
        (("sing",), 2, "invalid choice"),
    ],
)
def test_what_can_not_be_done_is_told_in_words(
    news: News, words: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = news(*words)
    assert found == code
    assert said in err
    assert "Traceback" not in err


def test_a_damaged_model_is_told_and_left_as_it_is(news: News, home: Path) -> None:
    file = home / "data" / "news-model.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\x80\x04garbage")
    code, _, err = news("test", "Gas prices rise")
    assert code == 1
    assert "can't be used" in err
    assert "news train" in err
    assert file.read_bytes() == b"\x80\x04garbage"


def test_a_table_that_is_not_text_is_refused(news: News, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xff\xfe\x00text")
    code, _, err = news("train", "--csv", str(path))
    assert code == 1
    assert "UTF-8" in err


def test_feeds_and_items_are_plain_facts() -> None:
    report = FeedReport(
        name="wire", title="Wire", url="http://x", kind="rss", tier=Tier.PRESS, state=FeedState.OK
    )
    match = MatchView(
        ticker="KXA-1",
        title="A?",
        relevance=0.912,
        polarity=Polarity.AGAINST,
        is_ambiguous=True,
        why="both: gas",
        pre_price=None,
        now_price=None,
        posterior=None,
        by_person=False,
    )
    item = NewsRow(
        item_id="n1",
        feed="wire",
        tier=Tier.PRESS,
        title="Gas",
        summary="",
        link="",
        published_ns=0,
        first_seen_ns=1_793_491_200_000_000_000,
        cluster="n1",
        copy=1,
        sentiment=0.5,
        confidence=0.25,
        scored_by="textblob",
        label=None,
        matches=(match,),
    )
    feed, news = flat_rows([item, FeedRow(report=report)])
    assert (feed["name"], feed["state"], feed["asked"]) == ("wire", "ok", None)
    assert news["matches"] == "KXA-1 0.91 against (ambiguous)"
    assert str(news["first_seen"]).startswith("2026-11-01")
    json.dumps([feed, news])


def test_whether_news_is_read_is_told_in_words() -> None:
    at_ns = 1_793_491_200_000_000_000
    down = ReaderReport(
        state=ReaderState.DOWN, since_ns=at_ns, text="its process ended; it starts again in 1 s"
    )
    assert reader_words([ReaderRow(report=down)]) == (
        "No news has been read since 2026-11-01T00:00:00Z: its process ended; it starts again "
        "in 1 s."
    )
    reads = ReaderReport(
        state=ReaderState.READING, since_ns=at_ns, model="textblob", model_fault="It is damaged."
    )
    assert reader_words([ReaderRow(report=reads)]) == (
        "News has been read since 2026-11-01T00:00:00Z. It is scored by textblob. It is damaged."
    )
    assert reader_words([]) == ""


def test_a_running_engine_lends_its_markets_and_lists_feeds(fresh: Desk) -> None:
    engine = fresh.start()
    told = fresh.run("news", "test", "CPI inflation rises faster than forecast", "--json").data
    assert "markets of the running engine" in told["universe"]
    assert told["matches"][0]["ticker"].startswith("KXCPIYOY")
    assert told["matches"][0]["yes"] == "for"
    assert told["engine_scores_with"] == "textblob (no classifier is trained)"
    for action in ("feeds", "list"):
        done = fresh.run("news", action, "--json")
        assert done.code == 0
        assert isinstance(done.data, list)
        # This engine reads no news; it says so, and of no feed that it is well.
        assert "No news has been read since 20" in done.err
        assert {one["state"] for one in done.data} <= {"off"}
    fresh.end()
    engine.wait(timeout=10)
