"""Every command of README.md, typed as it stands there, on real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi_desk.store.live_switch import PHRASE
from kalshi_desk.store.presence import is_locked
from tests.journeys.seat import leave
from tests.readme import reading
from tests.readme.newcomer import Newcomer, ends, price_to_buy, price_to_sell
from tests.running_desk import wait_until
from tests.telegram.bot_server import TOKEN, serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
REFUSED = 1
LINES = [
    list(line)
    for line in dict.fromkeys(
        tuple(line) for command in reading.commands() for line in reading.expanded(command)
    )
    if not (line[1:2] == ("protect",) and len(line) > 4 and " ".join(line[3:]) not in reading.FITS)
]


@pytest.fixture(scope="module")
def bot_server() -> Iterator[str]:
    """Where the Bot API is."""
    with serving() as served:
        yield served.address


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, bot_server: str) -> Iterator[Newcomer]:
    """Someone whose engine runs, and who has let one run before: that recording is whole."""
    made = Newcomer(tmp_path_factory.mktemp("readme"), bot_server)
    made.prepare()
    try:
        made.start_engine("--no-api", "--no-news")
        wait_until(lambda: made.asks("status")["data_age_ms"] is not None)
        made.held()
        wait_until(lambda: made.asks("recordings", "info", "newest")["seconds"] > 3)
        assert made.engine is not None
        assert ends(made.engine) == 0
        made.start_engine()
        yield made
    finally:
        made.leave()


@pytest.fixture
def another(tmp_path: Path, bot_server: str) -> Iterator[Newcomer]:
    """The same person on a home on which nothing runs."""
    made = Newcomer(tmp_path, bot_server)
    made.prepare()
    try:
        yield made
    finally:
        made.leave()


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[1:]) or "the desk")
def test_it_does_what_the_readme_says(
    line: list[str], newcomer: Newcomer, another: Newcomer
) -> None:
    words = line[1:]
    for start, hands in HANDS:
        if matches(words, start):
            hands(another, words)
            return
    filled = fill(newcomer, words)
    newcomer.types(*filled, code=ENDS.get(tuple(words), 0))
    if words == ["panic"] or words[:2] == ["panic", "--venue"]:
        newcomer.types("resume")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (command, option)
        for command, options in reading.options_of_commands().items()
        for option in ([" ".join(options)] if "engine" in command else options)
    ],
)
def test_an_option_that_the_table_names_is_one(
    command: str, option: str, newcomer: Newcomer, another: Newcomer
) -> None:
    words = reading.expanded(command)[0][1:]
    if words[0] == "engine":
        serve(another, [*words, *option.split(" ")])
        return
    name = option.split(" ")[0]
    more = [name, *OPTION_VALUES.get(name, [])]
    filled = fill(newcomer, words)
    if option == "--post-only":
        filled[-1] = "8"
    if option == "--fok":
        # The crowd may have taken the offer: that the exchange then says so is an answer too.
        done = newcomer.run(["kalshi-desk", *filled, *more])
        told = f"{done.stdout}{done.stderr}"
        assert done.returncode == 0 or "does not hold enough to fill all of it" in told, told
        return
    newcomer.types(*filled, *more)


# --- what stands for the README's words -------------------------------------------------

OPTION_VALUES = {
    "--from": ["2026-01-01"],
    "--to": ["2099-01-01"],
    "--capital": ["5000"],
    "--fill-model": ["queue-front"],
    "--set": ["budget=400"],
}
ENDS = {("news", "train"): REFUSED}
"""What can't be done yet: nobody has labelled a story on a fresh home."""
VALUES: dict[tuple[str, str], Callable[[Newcomer], str]] = {
    ("why", "NAME"): lambda _: "harvester",
    ("strategy", "NAME"): lambda _: "arbitrage",
    ("strategy new", "NAME"): lambda _: "mine",
    ("strategy", "PARAMETER"): lambda _: "budget",
    ("strategy", "VALUE"): lambda _: "400",
    ("limit", "NAME"): lambda _: "position_percent",
    ("limit", "VALUE"): lambda _: "8",
    ("config get", "NAME"): lambda _: "risk.position_percent",
    ("config set", "NAME"): lambda _: "risk.position_percent",
    ("config set", "VALUE"): lambda _: "9",
    ("set", "NAME"): lambda _: "telegram.style",
    ("set", "VALUE"): lambda _: "compact",
    ("log", "L"): lambda _: "warning",
    ("log", "T"): lambda _: "connected",
    ("log", "N"): lambda _: "5",
    ("panic", "V"): lambda _: "practice",
    ("news test", "HEADLINE"): lambda _: "Gas prices rise",
    ("news train", "FILE"): Newcomer.labelled_headlines,
    ("replay", "FILE"): Newcomer.recording,
    ("recordings", "FILE"): Newcomer.recording,
    ("backtest", "FILE"): Newcomer.recording,
    ("backtest", "STRATEGY"): lambda _: "arbitrage",
    ("cancel", "ORDER"): Newcomer.order,
    ("unprotect", "STOP"): Newcomer.stop,
    ("alert drop", "ALERT"): Newcomer.alert,
    ("implies", "TICKER"): Newcomer.ticker,
    ("alert", "TICKER"): Newcomer.ticker,
    ("cancel", "TICKER"): Newcomer.ticker,
    ("flatten", "TICKER"): lambda newcomer: str(newcomer.held()["ticker"]),
    ("protect", "TICKER"): Newcomer.position,
}


def fill(newcomer: Newcomer, words: list[str]) -> list[str]:
    """Return the words with something that this desk knows for each that stands for it."""
    if words[:1] in (["buy"], ["sell"]):
        return order_words(newcomer, words)
    return [
        value_of(newcomer, words, word) if reading.placeholders([word]) else word for word in words
    ]


def value_of(newcomer: Newcomer, words: list[str], word: str) -> str:
    """Return what stands for one word, by the most that is said before it."""
    for start in (" ".join(words[:2]), words[0]):
        if (start, word) in VALUES:
            return VALUES[start, word](newcomer)
    raise AssertionError(f"the test does not know what {word} of {' '.join(words)} stands for")


def order_words(newcomer: Newcomer, words: list[str]) -> list[str]:
    """Return an order that can fill: at a price of the book, and sold only what is held."""
    verb, _, outcome, count, at, price = words
    if verb == "sell":
        row = newcomer.held(outcome)
        return [verb, row["ticker"], outcome, "1", at, price_to_sell(row, outcome)]
    if price != "CENTS":
        return [verb, newcomer.market(int(price))["ticker"], outcome, count, at, price]
    row = newcomer.market()
    return [verb, row["ticker"], outcome, "1", at, price_to_buy(row, outcome)]


# --- what goes on until it is ended, or asks --------------------------------------------


def sit(newcomer: Newcomer, words: list[str]) -> None:
    """Open the desk, see where it is, and leave with the engine stopped."""
    typed = ["practice" if word == "V" else word for word in words]
    venue = typed[-1] if typed else "practice"
    with newcomer.sits_down(*typed) as terminal:
        terminal.wait_for(venue.upper(), 30)
        terminal.wait_for("10,000.00" if venue == "practice" else "be reached", 30)
        assert leave(terminal, "l") == 0
        assert terminal.is_restored
    assert not is_locked(newcomer.home)


def serve(newcomer: Newcomer, words: list[str]) -> None:
    """Run an engine until it serves, and end it."""
    process = newcomer.starts(*words)
    try:
        if words[-1] == "paper":
            wait_until(lambda: (newcomer.home.ready_path).exists(), 30)
            assert newcomer.asks("status")["venue"] == "paper"
        else:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["venue"] == "practice"
            assert (ready["api"] is None) == ("--no-api" in words)
    finally:
        assert ends(process) == 0


def trade_alone(newcomer: Newcomer, words: list[str]) -> None:
    """Run the exchange until it says where it is, and end it."""
    process = newcomer.starts(*words)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "--json" in words:
            assert {"rest", "ws", "admin", "news", "key_id"} <= set(json.loads(line))
        else:
            assert "127.0.0.1" in line
    finally:
        assert ends(process) == 0


def watch(newcomer: Newcomer, words: list[str]) -> None:
    """Play a recording in a terminal; the file is written here, by an engine of this home."""
    newcomer.start_engine("--no-api", "--no-news")
    wait_until(lambda: newcomer.asks("recordings", "info", "newest")["frames"] > 300)
    newcomer.leave()
    with newcomer.sits_down(*fill(newcomer, words)) as terminal:
        terminal.wait_for("REPLAY", 30)
        terminal.wait_for("frames", 30)
        assert leave(terminal, "d") == 0


def bridge(newcomer: Newcomer, words: list[str]) -> None:
    """Run the bridge until it serves, and end it."""
    process = newcomer.starts(*words)
    try:
        assert process.stdout is not None
        assert "serves @" in process.stdout.readline()
    finally:
        assert ends(process) == 0


def keep_token(newcomer: Newcomer, words: list[str]) -> None:
    """Type the bot's token."""
    told = newcomer.types(*words, typed=f"{TOKEN}\n")
    assert "telegram check" in told
    assert TOKEN not in told


def go_live(newcomer: Newcomer, words: list[str]) -> None:
    """Type what real money asks for; without a key, and with other words, it stays off."""
    newcomer.types(*words, code=REFUSED, typed=f"{PHRASE}\n")
    store_key(newcomer, "live")
    newcomer.types(*words, code=REFUSED, typed="yes\n")
    assert "LIVE is on" in newcomer.types(*words, typed=f"{PHRASE}\n")
    assert "LIVE is on since" in newcomer.types("live", "status")


def end(newcomer: Newcomer, words: list[str]) -> None:
    """Stop an engine of its own."""
    newcomer.start_engine("--no-api", "--no-news")
    newcomer.types(*words)
    assert newcomer.engine is not None
    assert newcomer.engine.wait(10) == 0


def matches(words: list[str], start: str) -> bool:
    """Whether a command is that one: whole where it ends with a full stop."""
    told = " ".join(words)
    return told == start[:-1] if start.endswith(".") else f"{told} ".startswith(f"{start} ")


HANDS: list[tuple[str, Callable[[Newcomer, list[str]], None]]] = [
    (".", sit),
    ("--venue", sit),
    ("engine", serve),
    ("exchange", trade_alone),
    ("replay FILE.", watch),
    ("telegram.", bridge),
    ("telegram token", keep_token),
    ("live on", go_live),
    ("stop", end),
]


# --- blocks -----------------------------------------------------------------------------


def store_key(newcomer: Newcomer, venue: str) -> None:
    """Store a key as the README says, in its own words."""
    (block,) = (text for text in reading.blocks("toml") if "private_key" in text)
    pem = newcomer.root / "kalshi.pem"
    key = Ed25519PrivateKey.generate()
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem.chmod(0o600)
    file = newcomer.home.keys / f"{venue}.toml"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(re.sub('"/.*"', json.dumps(str(pem)), block))
    file.chmod(0o600)


def test_the_settings_block_is_taken_as_it_is(another: Newcomer) -> None:
    blocks = [text for text in reading.blocks("toml") if "private_key" not in text]
    assert blocks
    another.home.settings_path.write_text("\n".join(blocks))
    another.home.settings_path.chmod(0o600)
    done = another.run(["kalshi-desk", "config", "check"])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert another.types("config", "get", "telegram.enabled") == "on\n"


def test_the_key_block_is_taken_as_it_is(another: Newcomer) -> None:
    for venue in ("demo", "live"):
        store_key(another, venue)
    another.types("config", "check")
    (another.home.keys / "demo.toml").chmod(0o644)
    assert "demo.toml" in another.types("config", "check", code=REFUSED)


def test_the_api_answers_what_the_block_asks(newcomer: Newcomer) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    (block,) = (text for text in reading.blocks("sh") if "curl" in text)
    lines = [line for line in block.splitlines() if not line.startswith("kalshi-desk engine")]
    done = newcomer.run(["sh", "-ec", "\n".join(lines)])
    assert json.loads(done.stdout)["apiConnected"] is True, done.stderr


def test_the_python_block_runs(newcomer: Newcomer) -> None:
    (block,) = reading.blocks("python")
    path = newcomer.home.recordings / newcomer.recording()
    done = newcomer.run([sys.executable, "-c", block.replace("FILE", str(path))])
    assert done.returncode == 0, done.stderr
    total, sharpe, drawdown = done.stdout.split()
    assert float(total) == pytest.approx(0.0, abs=0.5)
    assert sharpe
    assert float(drawdown) <= 0.5


def test_the_benchmarks_list_their_commands(newcomer: Newcomer) -> None:
    assert "python tests/benchmarks" in reading.developer_commands()
    done = newcomer.run([sys.executable, os.fspath(reading.ROOT / "tests" / "benchmarks")])
    assert done.returncode == 0
    assert "bench_" in done.stdout
