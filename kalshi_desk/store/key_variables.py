"""An API key named by variables: its id, the file of its private key, and whose key it is.

The address says which environment the key belongs to, ``demo`` or ``live``, and nothing
else: it chooses no venue, and the desk connects to its own addresses of that environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from kalshi_desk.core.addresses import HOSTS
from kalshi_desk.core.errors import Stop
from kalshi_desk.store.env_files import Found, Variables, read_variables
from kalshi_desk.store.paths import Home
from kalshi_desk.store.setting_values import quoted

KEY_ID = "KALSHI_API_KEY"
KEY_PATH = "KALSHI_PRIVATE_KEY_PATH"
KEY_URL = "KALSHI_API_URL"
KEY_VARIABLES = (KEY_ID, KEY_PATH, KEY_URL)
ADDRESS_PATH = "/trade-api/v2"
_LONGEST_ID = 100


class NamedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as variables name it; ``venue`` is empty where no address says whose it is."""

    key_id: str
    path: Path
    venue: str
    where: str

    def __repr__(self) -> str:
        return f"NamedKey(venue={self.venue!r}, where={self.where!r})"


def named_key(
    home: Home, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> NamedKey | None:
    """Return the key that variables name, None where they name none.

    Raises ``Stop`` when half of it is missing or wrong.
    """
    variables = read_variables(KEY_VARIABLES, home, environment, folder)
    problems = [*variables.problems, *key_problems(variables), *half_key(variables)]
    if problems:
        raise Stop(
            " ".join(problems),
            code="bad_key",
            money="No order was sent.",
            todo="Correct it, or take these variables away to use the key file of the home.",
        )
    return key_of(variables)


def key_of(variables: Variables) -> NamedKey | None:
    """Return the key of variables that were checked."""
    one, file = (variables.found.get(name) for name in (KEY_ID, KEY_PATH))
    if one is None or file is None:
        return None
    address = variables.found.get(KEY_URL)
    return NamedKey(
        key_id=one.value,
        path=private_key_path(file),
        venue="" if address is None else venue_of_address(address.value),
        where=one.where,
    )


def private_key_path(found: Found) -> Path:
    """Return the file that a variable names; a relative one starts where the variable stands."""
    return found.folder / Path(found.value).expanduser()


def venue_of_address(url: str) -> str:
    """Return the environment of an address of the exchange; raises ``ValueError`` in words."""
    known = ", ".join(
        f"https://{host}{ADDRESS_PATH} ({venue})"
        for venue, hosts in HOSTS.items()
        for host in sorted(hosts)
        if "-ws." not in host
    )
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    is_plain = parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc
    is_whole = parts.path.rstrip("/") in ("", ADDRESS_PATH) and not parts.query
    for venue, hosts in HOSTS.items():
        if host in hosts and is_plain and is_whole and "-ws." not in host:
            return venue
    raise ValueError(
        f"{quoted(url)} is no address of the exchange that is known; there are {known}."
    )


def key_problems(variables: Variables) -> list[str]:
    """Return a sentence for each variable whose value can't be right."""
    problems = []
    one, address = variables.found.get(KEY_ID), variables.found.get(KEY_URL)
    if one is not None:
        is_word = one.value.isprintable() and len(one.value.split()) == 1
        if not is_word or len(one.value) > _LONGEST_ID:
            problems.append(f"{KEY_ID} in {one.where} is no id of a key: it is one word.")
    file = variables.found.get(KEY_PATH)
    if file is not None and not file.value.isprintable():
        problems.append(f"{KEY_PATH} in {file.where} is no path: it names the PEM file.")
    if address is not None:
        try:
            venue_of_address(address.value)
        except ValueError as error:
            problems.append(f"{KEY_URL} in {address.where}: {error}")
    return problems


def half_key(variables: Variables) -> list[str]:
    """Return a sentence when a part of the key is named and another one is not."""
    found = [name for name in (KEY_ID, KEY_PATH) if name in variables.found]
    if len(found) == 1:
        missing = KEY_PATH if found == [KEY_ID] else KEY_ID
        return [f"{found[0]} is set without {missing}: a key needs both."]
    return []
