"""``kalshi-desk``: finds the branch that was asked for and loads only what it needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_desk import __version__

if TYPE_CHECKING:
    import argparse

    from kalshi_desk.core.errors import DeskError
    from kalshi_desk.store.paths import Home

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never shows a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"kalshi-desk {__version__}")
        return 0
    try:
        return _run(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except BrokenPipeError:
        # Whoever read our output has gone, as ``| head`` does; keep the interpreter quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    from kalshi_desk.cli import arguments as grammar

    exchange = grammar.split_exchange(arguments)
    if exchange is not None:
        return _exchange(*exchange)
    to_parse, words = grammar.split_verb(arguments)
    options = grammar.build_parser().parse_args(to_parse)
    if words:
        options.words = words
    return _guarded(options)


def _guarded(options: argparse.Namespace) -> int:
    """Run the branch, and turn whatever goes wrong into a sentence and an exit code."""
    from kalshi_desk.cli import arguments as grammar
    from kalshi_desk.cli import outcome
    from kalshi_desk.core.errors import DeskError, Unknown
    from kalshi_desk.store.paths import open_home

    as_json = bool(getattr(options, "json", False))
    was_write = options.command in grammar.VERBS or options.command == "stop"
    home: Home | None = None
    try:
        home = open_home(getattr(options, "home", None))
        return _branch(options, home)
    except DeskError as error:
        return outcome.report(error, as_json=as_json, was_write=was_write)
    except KeyboardInterrupt:
        if not was_write:
            return _INTERRUPTED
        stopped = Unknown(
            "Interrupted before the engine answered.",
            code="interrupted",
            money="The command may or may not have been carried out.",
            todo="Look at orders and positions before you repeat it.",
        )
        return outcome.report(stopped, as_json=as_json, was_write=True)
    except BrokenPipeError:
        raise
    except Exception:
        log = home.cli_log if home else None
        is_screen = options.command is None
        return outcome.report_fault(log, as_json=as_json, was_write=was_write, is_screen=is_screen)


def _branch(options: argparse.Namespace, home: Home) -> int:
    command = options.command
    if command is None:
        from kalshi_desk.cli import desk

        return desk.open_desk(home, options.desk_venue, restarts=not options.no_restart)
    if options.desk_venue is not None and command != "panic":
        raise _venue_elsewhere(command)
    if command == "engine":
        from kalshi_desk.cli import processes

        return processes.run_engine(
            home,
            options.venue,
            options.file,
            as_json=options.json,
            without=options.without or (),
            by_desk=options.by_desk,
        )
    if command == "config":
        from kalshi_desk.cli import config

        return config.run(home, options)
    if command == "api":
        from kalshi_desk.cli import api

        return api.run(home, options)
    if command == "live":
        from kalshi_desk.cli import live

        return live.run(home, options.action)
    if command == "replay":
        from kalshi_desk.cli import replay

        if options.headless:
            return replay.scan(home, options.file, as_json=options.json)
        return replay.play(home, options.file)
    if command == "recordings":
        from kalshi_desk.cli import recordings

        return recordings.run(home, options.action, options.file, as_json=options.json)
    if command == "log":
        from kalshi_desk.cli import log

        return log.run(home, options)
    if command == "backtest":
        from kalshi_desk.cli import backtest

        return backtest.run(home, options)
    if command == "news":
        from kalshi_desk.cli import news

        return news.run(home, options)
    if command == "telegram":
        from kalshi_desk.cli import telegram

        return telegram.run(home, options.action, as_json=options.json, in_keyring=options.keyring)
    if command == "strategy" and options.words[1:2] == ["new"]:
        return _new_strategy(home, options.words[2:])
    from kalshi_desk.cli import calls

    return calls.run(options, home)


def _new_strategy(home: Home, words: list[str]) -> int:
    """Write a strategy of the user's own; no engine is needed for it."""
    from kalshi_desk.cli.strategy_new import write
    from kalshi_desk.core.errors import Refuse

    if len(words) != 1:
        todo = "Usage: kalshi-desk strategy new NAME"
        raise Refuse("A new strategy needs one name.", code="usage", todo=todo)
    print(write(home, words[0]))
    return 0


def _venue_elsewhere(command: str) -> DeskError:
    """Return why no other command may name a venue: it would seem to choose where money goes."""
    from kalshi_desk.core.errors import Refuse

    what = f"--venue says where the desk opens; {command} can't choose a venue with it."
    todo = "It goes to the engine that runs on this home: leave --venue out."
    if command == "engine":
        what, todo = "The venue of an engine is named behind it.", "kalshi-desk engine --venue …"
    return Refuse(what, code="usage", money="Nothing was sent.", todo=todo)


def _exchange(before: list[str], rest: list[str]) -> int:
    """Run the practice exchange, which reads its own options; the home is ours to find."""
    from kalshi_desk.exchange.main import run

    named = [word for word in before if word.startswith("--home")]
    home = before[-1] if named == ["--home"] else named[-1].partition("=")[2] if named else ""
    home = home or os.environ.get("KALSHI_DESK_HOME", "")
    if home and not any(word == "--home" or word.startswith("--home=") for word in rest):
        rest = ["--home", home, *rest]
    return run(rest)


if __name__ == "__main__":
    sys.exit(main())
