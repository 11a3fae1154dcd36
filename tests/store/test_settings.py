"""Settings are read strictly, explained by line, and written without losing a comment."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.settings import Settings, load_settings, save_setting, template
from kalshi_desk.store.watchlist import load_watchlist, save_watchlist


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_means_defaults(path: Path) -> None:
    loaded = load_settings(path)
    assert loaded.settings == Settings()
    assert loaded.settings.risk.collar == 1000
    assert loaded.settings.risk.max_order == 500_000
    assert not loaded.settings.stops.automatic
    assert loaded.settings.risk.stop_loss_percent == 5
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ('venue = "practice"\n[risk\n', "line 2", ""),
        ("[risk]\n# far\ncollar_cents = 0\n", "line 3", "risk.collar_cents"),
        ('[risk]\ncollar_cents = "ten"\n', "line 2", "risk.collar_cents"),
        ('venue = "mars"\n', "line 1", "venue"),
        ("\n\ntui = 3\n", "line 3", "tui"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_left_alone(
    path: Path, text: str, line: str, name: str
) -> None:
    path.write_text(text)
    with pytest.raises(Stop) as caught:
        load_settings(path)
    said = str(caught.value)
    assert str(path) in said
    assert line in said
    assert name in said
    assert "Correct the line" in said
    assert path.read_text() == text


def test_bytes_that_are_no_text_are_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Stop, match="UTF-8"):
        load_settings(path)


def test_an_unknown_name_is_ignored_with_a_hint(path: Path) -> None:
    path.write_text('[risk]\ncolar_cents = 5\n[tui]\ntheme = "x"\n[telegran]\na = 1\n')
    loaded = load_settings(path)
    assert loaded.settings.risk.collar_cents == 10
    assert loaded.settings.tui.theme == "x"
    first, second = loaded.warnings
    assert "line 2" in first
    assert "Did you mean collar_cents?" in first
    assert "telegran" in second


def test_saving_keeps_comments(path: Path) -> None:
    path.write_text("# mine\n[risk]\ncollar_cents = 5 # narrow\n")
    settings = save_setting(path, "risk.max_order_contracts", 20)
    assert settings.risk.max_order == 2000
    text = path.read_text()
    assert "# mine" in text
    assert "collar_cents = 5 # narrow" in text
    assert load_settings(path).settings == settings


def test_saving_into_no_file_starts_from_the_template(path: Path) -> None:
    save_setting(path, "tui.on_gone", "stop")
    assert load_settings(path).settings.tui.on_gone == "stop"
    assert "best opposite price" in path.read_text()


def test_a_value_out_of_range_changes_nothing(path: Path) -> None:
    path.write_text("# mine\n")
    with pytest.raises(Stop):
        save_setting(path, "risk.collar_cents", 100)
    assert path.read_text() == "# mine\n"


def test_the_template_is_valid_and_names_every_setting(path: Path) -> None:
    bare = "\n".join(
        line.removeprefix("# ") if " = " in line and not line.endswith(".") else line
        for line in template().splitlines()
    )
    path.write_text(bare)
    loaded = load_settings(path)
    assert loaded.settings == Settings()
    assert loaded.warnings == ()
    for name in ("venue", "rate_hz", "on_gone", "collar_cents", "cap_mb", "seed", "keymap"):
        assert f"\n{name} = " in bare


def test_the_watchlist_keeps_its_order_and_drops_junk(tmp_path: Path) -> None:
    path = tmp_path / "watchlist.txt"
    assert load_watchlist(path) == ()
    save_watchlist(path, ["B", "A"])
    assert load_watchlist(path) == ("B", "A")
    path.write_text("B\n\n\x1b[31mA\nB\n")
    assert load_watchlist(path) == ("B", "[31mA")


def test_what_would_land_elsewhere_in_the_file_is_refused_and_nothing_is_written(
    path: Path,
) -> None:
    text = "[strategies]\nparameters.news.min_sentiment = 0.4\n[risk]\n"
    path.write_text(text)
    with pytest.raises(Stop, match="by hand"):
        save_setting(path, "strategies.parameters.pairs.min_deviation", 0.2)
    assert path.read_text() == text
    save_setting(path, "strategies.parameters.news.min_sentiment", 0.5)
    assert load_settings(path).settings.strategies.parameters["news"]["min_sentiment"] == 0.5
