"""Variables of the environment and of ``.env`` files, read without changing any process's own.

The environment wins over ``.env`` of the current folder, and that over ``.env`` of the home
(beside the settings file).  An empty value counts as not set.  Nothing of a file is put into
the environment, so that no other process inherits it.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from kalshi_desk.core.nearest import did_you_mean
from kalshi_desk.core.text import clean
from kalshi_desk.store.paths import Home

ENVIRONMENT = "environment"
DOT_ENV = ".env"
_MAX_BYTES = 256_000
_NEAR = 0.85
"""How like one of our names another one must be to be taken for a slip of the hand."""
_SETS = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w{0,59})\s*=", re.ASCII)
_WRITABLE_BY_OTHERS = 0o022
_READABLE_BY_OTHERS = 0o077


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One variable: its value, its source, where that is in words, and whose folder it is in.

    ``is_open``: others on this computer may read the file, so that no secret is taken from it.
    """

    name: str
    value: str
    source: str
    where: str
    folder: Path
    is_open: bool = False

    def __repr__(self) -> str:
        return f"Found(name={self.name!r}, where={self.where!r})"


class Variables(msgspec.Struct, frozen=True, kw_only=True):
    """The variables that are set, those that win only, and what is wrong with the files."""

    found: dict[str, Found]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


class _File(msgspec.Struct, kw_only=True):
    """What one file says, what is wrong with it, and what may be a slip of the hand."""

    said: list[Found] = []
    problems: list[str] = []
    warnings: list[str] = []


def env_paths(home: Home, folder: Path | None = None) -> list[Path]:
    """Return where ``.env`` files are looked for, the one that wins first."""
    try:
        here = Path.cwd() if folder is None else folder
    except OSError:
        # The folder that this process was started in is gone.
        return [home.config / DOT_ENV]
    paths = [here / DOT_ENV, home.config / DOT_ENV]
    return paths if paths[0].resolve() != paths[1].resolve() else paths[1:]


def read_variables(
    names: Collection[str],
    home: Home,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Variables:
    """Return those of ``names`` that are set, each where it wins; never raises.

    A file that concerns none of them may hold what it likes.
    """
    variables = os.environ if environment is None else environment
    found: dict[str, Found] = {}
    problems: list[str] = []
    warnings: list[str] = []
    files = []
    base = env_paths(home, folder)[0].parent
    for name in names:
        if value := variables.get(name, "").strip():
            found[name] = Found(
                name=name,
                value=value,
                source=ENVIRONMENT,
                where="the environment",
                folder=base,
            )
    for path in env_paths(home, folder):
        file = _read(path, names)
        problems += file.problems
        warnings += file.warnings
        if file.said:
            files.append(path)
        for one in file.said:
            found.setdefault(one.name, one)
    return Variables(
        found=found, problems=tuple(problems), warnings=tuple(warnings), files=tuple(files)
    )


def _read(path: Path, names: Collection[str]) -> _File:
    """Return the variables of one file; one that names none of them is left alone."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode if os.name == "posix" else 0
            raw = stream.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return _File()
    except OSError as error:
        why = error.strerror or type(error).__name__
        return _File(problems=[f"{path} can't be read: {why}."])
    # Some editors write two bytes a letter, with a mark in front.
    is_wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    letters = raw.decode("utf-16", "ignore") if is_wide else raw.decode("utf-8", "ignore")
    if not any(name in letters.upper() for name in names):
        # It may be of anything; but a limit that somebody meant to set must not go unnoticed.
        return _File(warnings=_slips(path, letters[:_MAX_BYTES], names))
    if len(raw) > _MAX_BYTES:
        return _File(problems=[f"{path} is too large: {_MAX_BYTES // 1_000} kB are the most."])
    if mode & _WRITABLE_BY_OTHERS:
        return _File(problems=[f"Others on this computer may change {path}. Run: chmod 600 {path}"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _File(problems=[f"{path} is not UTF-8 text."])
    return _parsed(path, text, names, is_open=bool(mode & _READABLE_BY_OTHERS))


def _parsed(path: Path, text: str, names: Collection[str], *, is_open: bool) -> _File:
    from dotenv.parser import parse_stream

    said: dict[str, tuple[int, str]] = {}
    file = _File()
    for binding in parse_stream(io.StringIO(text)):
        statement, key = binding.original.string, binding.key or ""
        line = binding.original.line + _blank_lines(statement)
        if binding.error:
            if any(name in statement.upper() for name in names):
                file.problems.append(f"{path} line {line} can't be read: {clean(statement, 20)} …")
        elif key in names:
            value = (binding.value or "").strip()
            before = said.get(key)
            if before is not None and before[1] != value:
                file.problems.append(
                    f"{path} says two things about {key}, in line {before[0]} and in line {line}."
                )
            said[key] = (line, value)
        else:
            file.warnings += _slip(path, line, key, names)
    for name, (line, value) in said.items():
        if value:
            where = f"{path} line {line}"
            file.said.append(
                Found(
                    name=name,
                    value=value,
                    source=DOT_ENV,
                    where=where,
                    folder=path.parent,
                    is_open=is_open,
                )
            )
    return file


def _slips(path: Path, letters: str, names: Collection[str]) -> list[str]:
    """Return a sentence for each line that sets nearly one of our names."""
    found: list[str] = []
    for number, line in enumerate(letters.lstrip("\ufeff").splitlines(), 1):
        if set_here := _SETS.match(line):
            found += _slip(path, number, set_here[1], names)
    return found


def _slip(path: Path, line: int, key: str, names: Collection[str]) -> list[str]:
    hint = did_you_mean(key.upper(), names, _NEAR)
    if not hint:
        return []
    word = clean(key, 60)
    return [f"{path} line {line}: {word} is none of the desk's variables and is ignored.{hint}"]


def _blank_lines(text: str) -> int:
    """Return how many lines of a statement come before its first word."""
    return text[: len(text) - len(text.lstrip())].count("\n")
