"""The command line: every subcommand, its options, and words that verbs read themselves."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from kalshi_desk import __version__

LISTS = {
    "status": "where one trades, what one owns, what the machine does",
    "balance": "cash, buying power and equity",
    "positions": "what is held, and what closing it now would bring",
    "orders": "open orders; with --all also the newest closed ones",
    "fills": "executions, newest last",
    "markets": "all markets with their best prices",
    "strategies": "strategies with their modes, parameters and results",
    "why": "why NAME: the reasons why a strategy leaves candidates alone",
    "stops": "stops and where they stand; those that are over for a day",
    "portfolio": "the account since its journal began: from gross to net, record, drawdown",
    "pnl": "profit and loss by strategy, event, category, and maker or taker",
    "risk": "every limit of the gate: what is used and what is allowed",
    "alerts": "what you are told of, and where each rule stands",
    "pairs": "pairs of markets that the pair screen tested, and what speaks against each",
    "correlations": "how markets move together: hourly log-odds changes, with intervals",
    "exposure": "the worst that settlement can do, by event, category, day and strategy",
}
ORDER_VERBS = ("buy", "sell")
VENUES = ("practice", "paper", "demo", "live")
PANIC = "panic"
MACHINE_VERBS = (
    "auto",
    "strategy",
    "implies",
    "protect",
    "unprotect",
    "limit",
    "alert",
    "set",
)
VERBS = (*ORDER_VERBS, "cancel", "flatten", PANIC, "resume", *MACHINE_VERBS)

CONFIG_ACTIONS = ("get", "set", "show", "path", "check")

_VERB_HELP = {
    "buy": "buy TICKER yes|no COUNT @ CENTS [--ioc|--fok|--post-only]",
    "sell": "sell TICKER yes|no COUNT @ CENTS [--ioc|--fok|--post-only]",
    "cancel": "cancel ORDER, or: cancel all [TICKER]",
    "flatten": "cancel and close one market, or: flatten all",
    "protect": "protect TICKER fixed|trailing|time|volatility [20%%|5c|4h|30m|2sd]: sell when it "
    "comes to that",
    "unprotect": "take a stop away: unprotect STOP",
    "panic": "cancel everything, verify, and stay HALTED; works without an engine too, on "
    "every venue where orders may rest, or with --venue on that one",
    "resume": "leave HALTED or REDUCING",
    "auto": "auto on|off: let strategies in mode trade send orders, or stop them",
    "strategy": "strategy NAME off|shadow|paper|trade; strategy NAME set PARAMETER VALUE; "
    "strategy new NAME writes one of your own",
    "implies": "implies TICKER TICKER [never]: confirm that YES of one settles the other YES",
    "alert": "alert TICKER above 60, and other rules (see 'alerts'); alert drop ALERT",
    "limit": "limit NAME VALUE: set a limit of the gate; 'risk' lists them",
    "set": "set NAME VALUE|default: set a setting of the running desk; 'config show' lists them",
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="keep everything in this folder (or set KALSHI_DESK_HOME)",
    )
    shown = argparse.ArgumentParser(add_help=False)
    form = shown.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--plain", action="store_true", help="print one fact a line")
    parser = argparse.ArgumentParser(
        prog="kalshi-desk",
        description="A terminal trading desk for Kalshi. Without a command: open the desk.",
        parents=[everywhere],
    )
    parser.add_argument(
        "--venue", choices=VENUES, dest="desk_venue", help="open the desk on this venue"
    )
    parser.add_argument(
        "--no-restart",
        action="store_true",
        help="leave an engine that was killed while the screen is open as it is",
    )
    parser.add_argument("--version", action="version", version=f"kalshi-desk {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in LISTS.items():
        made = commands.add_parser(name, help=text, parents=[everywhere, shown])
        if name == "orders":
            made.add_argument("--all", action="store_true", help="closed orders too")
        if name == "why":
            made.add_argument("name", metavar="NAME", help="the strategy")
    for name in VERBS:
        made = commands.add_parser(name, help=_VERB_HELP[name], parents=[everywhere, shown])
        made.add_argument("words", nargs="*")
        if name == PANIC:
            made.add_argument("--venue", choices=VENUES, help="on this venue only")
    _add_processes(commands, everywhere, shown)
    _add_news(commands, everywhere, shown)
    return parser


def _add_news(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    everywhere: argparse.ArgumentParser,
    shown: argparse.ArgumentParser,
) -> None:
    news = commands.add_parser(
        "news",
        help='train or judge the classifier of news, try a headline with test "HEADLINE", '
        "list feeds and items",
        parents=[everywhere, shown],
    )
    news.add_argument("action", choices=("train", "evaluate", "test", "feeds", "list"))
    news.add_argument("words", nargs="*", metavar="HEADLINE", help="what test reads")
    news.add_argument(
        "--csv", metavar="FILE", help="labelled headlines: text,label[,date], labels -1, 0 or 1"
    )
    news.add_argument(
        "--journal",
        action="store_true",
        help="labels of people and what markets did, from the journal (without --csv: always)",
    )
    news.add_argument("--venue", choices=VENUES, help="whose journal; the last engine's else")
    news.add_argument(
        "--replace", action="store_true", help="train: keep the new model whatever it is worth"
    )
    news.add_argument(
        "--titles", metavar="FILE", help="test: compare with these titles, one a line"
    )


def _add_processes(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    everywhere: argparse.ArgumentParser,
    shown: argparse.ArgumentParser,
) -> None:
    stop = commands.add_parser(
        "stop", help="end the engine and all its processes", parents=[everywhere, shown]
    )
    stop.add_argument("--orders", choices=("leave", "cancel", "flatten"), default="leave")
    engine = commands.add_parser(
        "engine", help="run the engine without a screen", parents=[everywhere]
    )
    engine.add_argument("--venue", choices=(*VENUES, "replay"))
    engine.add_argument("--file", metavar="FILE", help="the recording of --venue replay")
    engine.add_argument("--json", action="store_true", help="print one JSON line when ready")
    engine.add_argument("--by-desk", action="store_true", help=argparse.SUPPRESS)
    engine.add_argument(
        "--no-api",
        dest="without",
        action="append_const",
        const="api",
        help="without the REST API beside it",
    )
    engine.add_argument(
        "--no-news",
        dest="without",
        action="append_const",
        const="news",
        help="without reading news",
    )
    _add_api(commands, everywhere)
    replay = commands.add_parser(
        "replay", help="play a recording of the exchange", parents=[everywhere]
    )
    replay.add_argument("file", metavar="FILE", help="a path, a listed name, or newest")
    replay.add_argument("--headless", action="store_true", help="as fast as possible, no screen")
    replay.add_argument("--json", action="store_true", help="print one JSON object (headless)")
    config = commands.add_parser(
        "config",
        help="look at, set and check settings, with or without a running engine",
        parents=[everywhere, shown],
    )
    config.add_argument("action", choices=CONFIG_ACTIONS, nargs="?", default="show")
    config.add_argument("rest", metavar="NAME [VALUE]", nargs="*")
    _add_research(commands, everywhere)
    _add_log(commands, everywhere)
    live = commands.add_parser(
        "live", help="switch real money on, off, or look", parents=[everywhere]
    )
    live.add_argument("action", choices=("on", "off", "status"), nargs="?", default="status")
    telegram = commands.add_parser(
        "telegram",
        help="run the Telegram bridge; check what it needs; keep the bot's token",
        parents=[everywhere],
    )
    telegram.add_argument("action", choices=("run", "check", "token"), nargs="?", default="run")
    telegram.add_argument("--json", action="store_true", help="print JSON")
    telegram.add_argument("--keyring", action="store_true", help="keep the token in the keyring")
    commands.add_parser(
        "exchange",
        help="run the practice exchange alone (--port, --seed, --markets, --rate, --json)",
        add_help=False,
        parents=[everywhere],
    )


def _add_log(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    everywhere: argparse.ArgumentParser,
) -> None:
    log = commands.add_parser(
        "log", help="the newest lines of the engine's log", parents=[everywhere]
    )
    log.add_argument(
        "--level", choices=("debug", "info", "warning", "error"), default="info", help="the least"
    )
    log.add_argument("--text", default="", metavar="TEXT", help="only lines that hold this")
    log.add_argument("-n", "--lines", type=int, default=50, metavar="COUNT", help="how many")
    log.add_argument("--json", action="store_true", help="print one JSON object a line")


def _add_api(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    everywhere: argparse.ArgumentParser,
) -> None:
    api = commands.add_parser(
        "api",
        help="where the API is: api url, api token (a secret), api document; or serve it by hand",
        parents=[everywhere],
    )
    api.add_argument(
        "action",
        choices=("url", "token", "document", "serve"),
        nargs="?",
        default="url",
        help="url (default) and token print one line, document prints the OpenAPI document",
    )
    api.add_argument("--port", type=int, help="serve on this port or the next free one")
    api.add_argument("--handle", type=int, help=argparse.SUPPRESS)


def _add_research(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    everywhere: argparse.ArgumentParser,
) -> None:
    recordings = commands.add_parser(
        "recordings", help="what was recorded, and whether it is whole", parents=[everywhere]
    )
    recordings.add_argument("action", choices=("list", "info", "verify"), nargs="?", default="list")
    recordings.add_argument(
        "file", metavar="FILE", nargs="?", help="a path, a listed name, or newest"
    )
    recordings.add_argument("--json", action="store_true", help="print JSON")
    backtest = commands.add_parser(
        "backtest", help="run a strategy over a recording", parents=[everywhere]
    )
    backtest.add_argument("strategy", metavar="STRATEGY")
    backtest.add_argument("--recording", metavar="FILE", help="a path, a listed name, or newest")
    backtest.add_argument("--from", dest="start", metavar="DATE", help="first day or moment (UTC)")
    backtest.add_argument("--to", dest="end", metavar="DATE", help="last day or moment (UTC)")
    backtest.add_argument("--capital", metavar="DOLLARS", default="10000")
    backtest.add_argument(
        "--fill-model",
        default="queue-averse",
        help="queue-averse (default), queue-probable or queue-front",
    )
    backtest.add_argument(
        "--set",
        dest="sets",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the strategy",
    )
    backtest.add_argument(
        "--unproven", action="store_true", help="trade signals too whose cell is not proven"
    )
    backtest.add_argument("--json", action="store_true", help="print one JSON object")
    backtest.add_argument(
        "--progress", action="store_true", help="say on stderr, in JSON lines, how far it is"
    )


def split_exchange(arguments: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return what stands before and after the word ``exchange``, None when it is no command.

    The exchange reads its own options.
    """
    for place, word in enumerate(arguments):
        if word.startswith("--home="):
            continue
        if word == "--home" or (place and arguments[place - 1] == "--home"):
            continue
        return (
            (list(arguments[:place]), list(arguments[place + 1 :])) if word == "exchange" else None
        )
    return None


def split_verb(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Move the words of a verb away from the parser, which would take ``--ioc`` for its own.

    Returns the arguments to parse, and the words from the verb on: none when it is no verb.
    """
    kept: list[str] = []
    words: list[str] = []
    takes_value = False
    for word in arguments:
        if takes_value or word in {"--home", "--json", "--plain", "-h", "--help", "--version"}:
            kept.append(word)
            takes_value = word == "--home" and not takes_value
        elif word == "--venue" and not words:
            kept.append(word)
            takes_value = True
        elif words == [PANIC] and word.partition("=")[0] == "--venue":
            kept.append(word)
            takes_value = word == "--venue"
        elif word.startswith("--home=") or (not words and word.startswith("-")):
            kept.append(word)
        elif not words and word not in VERBS:
            return list(arguments), []
        else:
            if not words:
                kept.append(word)
            words.append(word)
    return kept, words
