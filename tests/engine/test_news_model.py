"""The trained classifier on its way to the reader: seen when it changes, the good one kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.news_model import MOST_BYTES, ModelFile, ModelHand
from kalshi_desk.engine.reader_life import ReaderLife
from kalshi_desk.news.messages import UNTRAINED, ModelTaken, UseModel, file_name
from kalshi_desk.store.files import write_whole


class Hand:
    """A hand with its file, and a reader that answers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.life = ReaderLife(WallClock())
        self.hand = ModelHand(ModelFile(path), self.life)

    async def look(self) -> bytes | None:
        found = await self.hand.look()
        return None if found is None else found.file

    def answer(self, file: bytes, fault: str = "") -> None:
        scorer = self.life.model if fault else f"classifier ({file_name(file)})"
        self.hand.answered(ModelTaken(name=file_name(file), scorer=scorer, fault=fault))

    def told_first(self) -> list[bytes]:
        return [message.file for message in self.hand.first()]


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path / "model.json")


async def test_it_is_handed_on_when_it_comes_changes_and_goes(hand: Hand) -> None:
    assert hand.told_first() == []
    assert await hand.look() is None
    assert hand.life.model == UNTRAINED
    write_whole(hand.path, b"one")
    assert await hand.look() == b"one"
    assert await hand.look() is None, "not again while the reader thinks"
    hand.answer(b"one")
    assert hand.life.model == f"classifier ({file_name(b'one')})"
    assert await hand.look() is None
    write_whole(hand.path, b"two")
    assert await hand.look() == b"two"
    hand.answer(b"two")
    assert hand.told_first() == [b"two"]
    hand.path.unlink()
    assert await hand.look() == b""
    hand.hand.answered(ModelTaken(name="", scorer=UNTRAINED))
    assert (hand.told_first(), await hand.look()) == ([], None)


async def test_one_of_the_same_length_and_time_is_another_file(hand: Hand) -> None:
    write_whole(hand.path, b"one")
    assert await hand.look() == b"one"
    hand.answer(b"one")
    was = hand.path.stat().st_mtime_ns
    write_whole(hand.path, b"two")
    os.utime(hand.path, ns=(was, was))
    assert await hand.look() == b"two"


async def test_the_last_good_one_outlives_a_bad_one_and_the_reader(hand: Hand) -> None:
    write_whole(hand.path, b"good")
    await hand.look()
    hand.answer(b"good")
    write_whole(hand.path, b"bad")
    assert await hand.look() == b"bad"
    hand.answer(b"bad", "It is damaged.")
    assert hand.life.model == f"classifier ({file_name(b'good')})"
    assert hand.life.model_fault.startswith("It is damaged. News goes on being scored as before.")
    hand.hand.reader_ended()
    assert hand.told_first() == [b"good"]
    # Put back as it was: nothing to hand on, and nothing is wrong any more.
    write_whole(hand.path, b"good")
    assert await hand.look() is None
    assert hand.life.model_fault == ""


async def test_a_reader_that_ended_before_its_answer_is_asked_again_and_then_no_more(
    hand: Hand,
) -> None:
    write_whole(hand.path, b"good")
    await hand.look()
    hand.answer(b"good")
    write_whole(hand.path, b"poison")
    await hand.look()
    hand.hand.reader_ended()
    assert hand.told_first() == [b"good", b"poison"]
    hand.hand.reader_ended()
    assert hand.told_first() == [b"good"]
    assert "the reader ends over it" in hand.life.model_fault
    assert await hand.look() is None
    write_whole(hand.path, b"mended")
    assert await hand.look() == b"mended"
    hand.answer(b"mended")
    assert hand.life.model_fault == ""


async def test_an_answer_about_another_file_settles_nothing(hand: Hand) -> None:
    write_whole(hand.path, b"one")
    await hand.look()
    hand.answer(b"older")
    assert await hand.look() is None
    hand.hand.reader_ended()
    assert hand.told_first() == [b"one"]


async def test_what_can_not_be_read_or_is_too_large_is_refused(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.path.write_bytes(b"x" * (MOST_BYTES + 1))
    assert await hand.look() is None
    assert "more than 16,777,216 bytes" in hand.life.model_fault
    assert hand.life.model == UNTRAINED

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    write_whole(hand.path, b"one")
    monkeypatch.setattr(Path, "open", refuse)
    assert await hand.look() is None
    assert "can't be read: Permission denied" in hand.life.model_fault


def test_without_a_path_there_is_never_a_file() -> None:
    file = ModelFile(None)
    assert not file.has_changed()
    assert file.read() == b""
    assert UseModel(file.read()).file == b""


def test_a_folder_in_its_place_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refuse, match="can't be read"):
        ModelFile(tmp_path).read()
