"""The settings: one schema with ranges and help, read strictly, written with comments kept."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.nearest import did_you_mean
from kalshi_desk.core.text import clean
from kalshi_desk.store.files import only_writer, write_whole
from kalshi_desk.store.risk_settings import RiskSettings
from kalshi_desk.store.service_settings import (
    AlertSettings,
    ApiSettings,
    LogSettings,
    NewsSettings,
    TelegramSettings,
)

_SETTINGS_MODE = 0o600
_RESTART = {"restart": True}
"""Marks what only the engine's next start can change."""


class TuiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The screen."""

    rate_hz: Annotated[int, Meta(ge=1, le=30, description="Frames a second.")] = 8
    ssh_rate_hz: Annotated[int, Meta(ge=1, le=30, description="Frames a second over SSH.")] = 4
    theme: Annotated[
        str,
        Meta(
            max_length=40,
            description="Colours: desk-dark (or empty), desk-light, desk-green-red, desk-mono.",
        ),
    ] = ""
    on_gone: Annotated[
        Literal["keep", "stop"],
        Meta(description="When the last screen is gone: keep the engine running, or stop it."),
    ] = "keep"
    keymap: Annotated[
        dict[str, str],
        Meta(
            description='Other keys for actions: action id = "key,key".',
            extra={"restart": True, "key": r"[a-z_]{1,40}", "key_is": "the id of an action"},
        ),
    ] = {}
    presets: Annotated[
        dict[str, str],
        Meta(description='Filters of markets by name: [tui.presets] soon = "closes<24h spread<3".'),
    ] = {}


class StopSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stops; a fixed stop without an amount follows ``risk.stop_loss_percent``."""

    trailing_cents: Annotated[
        int, Meta(ge=1, le=98, description="A trailing stop without an amount: below the best.")
    ] = 10
    time_hours: Annotated[
        int, Meta(ge=1, le=8_760, description="A time stop without an amount.")
    ] = 24
    sd_multiple: Annotated[
        float, Meta(ge=0.1, le=10, description="A volatility stop without an amount.")
    ] = 2.0
    sd_horizon_hours: Annotated[
        int, Meta(ge=1, le=8_760, description="The time whose expected move a deviation is of.")
    ] = 24
    max_spread_cents: Annotated[
        int, Meta(ge=1, le=99, description="No price triggers a stop while the spread is wider.")
    ] = 6
    confirm_s: Annotated[
        int, Meta(ge=1, le=600, description="A price must stand so long before it triggers.")
    ] = 3
    floor_cents: Annotated[
        int, Meta(ge=0, le=99, description="The first exits sell no further below the stop.")
    ] = 5
    automatic: Annotated[
        bool, Meta(description="Give new positions of strategies a fixed stop.")
    ] = False


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recording of raw frames."""

    enabled: Annotated[
        bool, Meta(description="Record every frame from the exchange.", extra=_RESTART)
    ] = True
    cap_mb: Annotated[
        int,
        Meta(
            ge=10, le=1_000_000, description="Oldest recordings go beyond this, MB.", extra=_RESTART
        ),
    ] = 512


class PracticeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The practice exchange."""

    seed: Annotated[
        int,
        Meta(
            ge=0,
            le=2**31 - 1,
            description="Another seed gives another market day.",
            extra=_RESTART,
        ),
    ] = 7
    markets: Annotated[
        int,
        Meta(
            ge=0,
            le=7_000,
            description="At least so many open; 0: about a hundred.",
            extra=_RESTART,
        ),
    ] = 0
    rate: Annotated[
        int,
        Meta(ge=0, le=20_000, description="Book changes a second; 0: about 130.", extra=_RESTART),
    ] = 0
    speed: Annotated[
        int, Meta(ge=1, le=60, description="Practice seconds in each real one.", extra=_RESTART)
    ] = 1


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paper venue."""

    cash_dollars: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="What a new paper account starts with.",
            extra=_RESTART,
        ),
    ] = 10_000


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strategies."""

    interval_s: Annotated[
        int, Meta(ge=1, le=86_400, description="Seconds between two looks of each strategy.")
    ] = 60
    parameters: Annotated[
        dict[str, dict[str, bool | int | float | str]],
        Meta(description="Parameters of strategies: [strategies.parameters.NAME] name = value."),
    ] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a person can set; each section is a table of the file."""

    venue: Annotated[
        Literal["practice", "paper", "demo", "live"],
        Meta(
            description="Where orders go: practice and paper need nothing, the others a key.",
            extra=_RESTART,
        ),
    ] = "practice"
    tui: TuiSettings = TuiSettings()
    risk: RiskSettings = RiskSettings()
    stops: StopSettings = StopSettings()
    recording: RecordingSettings = RecordingSettings()
    practice: PracticeSettings = PracticeSettings()
    paper: PaperSettings = PaperSettings()
    strategies: StrategySettings = StrategySettings()
    news: NewsSettings = NewsSettings()
    telegram: TelegramSettings = TelegramSettings()
    api: ApiSettings = ApiSettings()
    alerts: AlertSettings = AlertSettings()
    log: LogSettings = LogSettings()


class LoadedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, where each one comes from, and what should be said about them.

    ``sources`` names by dotted name what does not stand at its default: ``file``, ``.env``,
    ``environment`` or ``command line``.  ``overridden`` says for what the file does not
    decide which variable does: ``MAX_DAILY_LOSS in the environment``.
    """

    settings: Settings
    warnings: tuple[str, ...] = ()
    sources: dict[str, str] = {}
    overridden: dict[str, str] = {}


def load_settings(path: Path) -> LoadedSettings:
    """Read the settings; a missing file means defaults, an unknown name a warning.

    Raises ``Stop`` naming file, line and what to do; the file is never changed.
    """
    return _loaded(path, text_of(path))


def save_setting(path: Path, name: str, value: str | int | float | bool | None) -> Settings:
    """Change one setting by its dotted name and keep every comment; return the settings.

    None takes the setting out of the file, so that its default holds.  Raises ``Stop`` when
    the file can't be read or written or the value is out of range, ``Refuse`` for a name
    that is none; the file is then as it was.
    """
    # They read this module.
    from kalshi_desk.store.setting_edit import check_landed, edited, with_value
    from kalshi_desk.store.setting_schema import place_of

    place = place_of(name)
    with only_writer(path):
        text = text_of(path)
        before = _loaded(path, text).settings
        where = place.taken if value is None else place.path
        changed = edited(template() if text is None else text, where, value)
        try:
            settings = _loaded(path, changed).settings
        except Stop as error:
            what = f"{name} can't be {value!r}: {error.what.partition(': ')[2] or error.what}"
            raise Stop(what, code="bad_setting", todo="Nothing was changed.") from error
        check_landed(path, name, settings == with_value(before, where, value))
        # Where the file is a link, what it leads to is written.
        write_whole(path.resolve(), changed.encode(), _SETTINGS_MODE)
    return settings


def text_of(path: Path) -> str | None:
    """Return what the file holds, None when there is none; raises ``Stop``."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise unreadable(path, None, "it is not UTF-8 text") from error
    except OSError as error:
        raise unreadable(path, None, error.strerror or "no permission") from error


def _loaded(path: Path, text: str | None) -> LoadedSettings:
    if text is None:
        return LoadedSettings(settings=Settings())
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        number, why = syntax_fault(text, error)
        raise unreadable(path, number, why) from error
    except RecursionError as error:
        raise unreadable(path, None, "it is nested too deeply") from error
    warnings = [*move_old(tables, path), *drop_unknown(tables, Settings, path, text, ())]
    try:
        settings = msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`")
        raise unreadable(path, line_of(text, name), f"{name}: {why}") from error
    sources = dict.fromkeys(_named(tables), "file")
    return LoadedSettings(settings=settings, warnings=tuple(warnings), sources=sources)


def syntax_fault(text: str, error: tomllib.TOMLDecodeError) -> tuple[int, str]:
    """Return on which line a text is no TOML, and why."""
    place = re.search(r"\(at line (\d+)", str(error))
    why = str(error).partition(" (at ")[0]
    return (int(place[1]) if place else text.count("\n") + 1), why


_MOVED = {("stops", "fixed_percent"): ("risk", "stop_loss_percent")}
"""Settings that stand elsewhere now; what was written in the old place still holds."""


def move_old(tables: dict[str, Any], path: Path) -> list[str]:
    """Put what stands at its old place where it belongs now; return what to say of it."""
    said = []
    for (table, name), (new_table, new_name) in _MOVED.items():
        if not isinstance(tables.get(table), dict) or name not in tables[table]:
            continue
        value = tables[table].pop(name)
        target = tables.setdefault(new_table, {})
        if isinstance(target, dict) and new_name not in target:
            target[new_name] = value
        said.append(f"{path}: {table}.{name} is now called {new_table}.{new_name}.")
    return said


def _named(tables: dict[str, Any], *parents: str) -> list[str]:
    """Return the dotted names of everything that is not a table itself."""
    found = []
    for name, value in tables.items():
        here = (*parents, name)
        found += _named(value, *here) if isinstance(value, dict) else [".".join(here)]
    return found


def template() -> str:
    """Return a settings file that says what can be set, with every default commented out."""
    lines = ["# Settings of kalshi-desk. Remove the # of a line to change it.", ""]
    lines += _described(Settings)
    for field in msgspec.structs.fields(Settings):
        section = field.type
        if isinstance(section, type) and issubclass(section, msgspec.Struct):
            lines += ["", f"[{field.name}]", *_described(section)]
    return "\n".join(lines) + "\n"


def write_template(path: Path) -> None:
    """Put the commented template where no settings file is."""
    if not path.exists():
        write_whole(path, template().encode(), _SETTINGS_MODE)


def _described(schema: type[msgspec.Struct]) -> list[str]:
    lines = []
    for field in msgspec.structs.fields(schema):
        if get_origin(field.type) is not Annotated:
            continue
        kind, meta = get_args(field.type)
        choices = f" One of {', '.join(get_args(kind))}." if get_origin(kind) is Literal else ""
        span = f" From {meta.ge} to {meta.le}." if meta.ge is not None else ""
        default = field.default if field.default is not msgspec.NODEFAULT else {}
        shown = "{}" if default == {} else msgspec.json.encode(default).decode()
        start = " Holds from the next start." if (meta.extra or {}).get("restart") else ""
        lines += [f"# {meta.description}{choices}{span}{start}", f"# {field.name} = {shown}"]
    return lines


def drop_unknown(
    table: dict[str, Any],
    schema: type[msgspec.Struct],
    path: Path,
    text: str,
    parents: tuple[str, ...],
) -> list[str]:
    """Take names that the schema doesn't know out of ``table`` and return what to say."""
    fields = {field.name: field.type for field in msgspec.structs.fields(schema)}
    warnings = []
    for name in list(table):
        dotted = ".".join((*parents, name))
        if name not in fields:
            del table[name]
            hint = did_you_mean(name, fields)
            line = line_of(text, dotted)
            at = f" line {line}" if line else ""
            shown = clean(dotted, 200)
            warnings.append(f'{path}{at}: unknown setting "{shown}" is ignored.{hint}')
            continue
        section = fields[name]
        if (
            isinstance(section, type)
            and issubclass(section, msgspec.Struct)
            and isinstance(table[name], dict)
        ):
            warnings += drop_unknown(table[name], section, path, text, (*parents, name))
    return warnings


def line_of(text: str, dotted: str) -> int | None:
    """Return the line on which a setting stands, as well as a search can tell."""
    wanted = dotted.split(".")
    current: list[str] = []
    around = None
    for number, line in enumerate(text.splitlines(), start=1):
        body = line.strip()
        header = re.match(r"\[{1,2}\s*([\w.\-\"' ]+?)\s*\]", body)
        key = re.match(r"([\w.\-\"' ]+?)\s*=", body)
        if header:
            here = current = _parts(header[1])
        elif key:
            here = [*current, *_parts(key[1])]
        else:
            continue
        if here == wanted:
            return number
        if key and here == wanted[: len(here)]:
            around = number  # a table on one line
    return around


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def unreadable(path: Path, line: int | None, why: str) -> Stop:
    """Return why a settings file can't be used, and what to do."""
    at = f" line {line}" if line else ""
    return Stop(
        f"Can't read the settings {path}{at}: {clean(why, 300)}.",
        code="bad_settings",
        money="Nothing was started and the file was left as it is.",
        todo="Correct the line, or move the file away to start with defaults. "
        "kalshi-desk config check lists every fault.",
    )
