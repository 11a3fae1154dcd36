"""API keys: an id and a private key a venue, in files only their owner reads or the keyring.

A key that variables name comes before that of the home, for the environment it says.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import PRIVATE_FILE, make_folder, write_whole
from kalshi_desk.store.key_variables import KEY_ID, KEY_PATH, KEY_URL, named_key
from kalshi_desk.store.paths import APP_NAME, Home

_OTHERS = 0o077
IN_KEYRING = "keyring"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key id and its private key in PEM; printing it shows only the id."""

    key_id: str
    private_key_pem: bytes
    subaccount: int = 0
    venue: str = ""
    """The environment that it was stored for."""

    def __repr__(self) -> str:
        return f"ApiKey(key_id={self.key_id!r})"


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str
    private_key: str
    subaccount: Annotated[int, msgspec.Meta(ge=0, le=63)] = 0


def key_file(home: Home, venue: str) -> Path:
    """Return where a venue's key is described."""
    return home.keys / f"{venue}.toml"


def load_key(
    home: Home,
    venue: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> ApiKey:
    """Return the venue's key: the one that variables name, else the one stored in the home.

    Raises ``Stop`` when there is none, it can't be read, others may read it, or variables
    name one and do not say of which environment it is.
    """
    named = named_key(home, environment, folder)
    if named is not None and not named.venue:
        raise Stop(
            f"{KEY_ID} in {named.where} does not say whether it is a key of demo or of live.",
            code="no_address",
            money="No order was sent.",
            todo=f"Set {KEY_URL} to the address of its environment.",
        )
    if named is not None and named.venue == venue:
        key = load_key_pair(named.key_id, named.path)
        return msgspec.structs.replace(key, venue=venue)
    if named is not None and not key_file(home, venue).exists():
        raise Stop(
            f"There is no key for {venue}: {KEY_ID} in {named.where} is one of {named.venue}.",
            code="no_key",
            money="No order was sent.",
            todo=f"Store a key for {venue}, or choose the venue {named.venue}.",
        )
    return load_stored_key(home, venue)


def load_stored_key(home: Home, venue: str) -> ApiKey:
    """Return the key that the home keeps for a venue; raises ``Stop`` as :func:`load_key`."""
    path = key_file(home, venue)
    try:
        described = msgspec.convert(tomllib.loads(read_private(path).decode()), _KeyFile)
    except FileNotFoundError as error:
        raise Stop(
            f"There is no key for {venue}.",
            code="no_key",
            money="No order was sent.",
            todo=f'Write key_id = "..." and private_key = "/path/to/key.pem" to {path}, mode 0600, '
            f"or set {KEY_ID}, {KEY_PATH} and {KEY_URL}.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise Stop(
            f"Can't read the key file {path}.",
            code="bad_key",
            money="No order was sent.",
            todo="It needs two lines, key_id and private_key, and may have subaccount = 0 to 63.",
        ) from error
    if described.private_key == IN_KEYRING:
        key = ApiKey(
            key_id=described.key_id, private_key_pem=_from_keyring(venue, described.key_id)
        )
    else:
        key = load_key_pair(described.key_id, Path(described.private_key).expanduser())
    return msgspec.structs.replace(key, subaccount=described.subaccount, venue=venue)


def load_key_pair(key_id: str, private_key: Path) -> ApiKey:
    """Return a key from its id and the file of its private key; raises ``Stop``."""
    try:
        return ApiKey(key_id=key_id, private_key_pem=read_private(private_key))
    except FileNotFoundError as error:
        raise Stop(
            f"The private key {private_key} is not there.",
            code="no_key",
            money="No order was sent.",
            todo="Put the file back or correct its path.",
        ) from error


def save_key(home: Home, venue: str, key_id: str, private_key_pem: bytes) -> None:
    """Keep a key in private files of the home; raises ``Stop`` when they can't be written."""
    make_folder(home.keys)
    pem = home.keys / f"{venue}.pem"
    write_whole(pem, private_key_pem, PRIVATE_FILE)
    text = f"key_id = {_quoted(key_id)}\nprivate_key = {_quoted(str(pem))}\n"
    write_whole(key_file(home, venue), text.encode(), PRIVATE_FILE)


def save_key_in_keyring(home: Home, venue: str, key_id: str, private_key_pem: bytes) -> None:
    """Keep the private key in the keyring of the system and only its id in a file."""
    import keyring

    make_folder(home.keys)
    keyring.set_password(APP_NAME, f"{venue}:{key_id}", private_key_pem.decode("ascii"))
    text = f"key_id = {_quoted(key_id)}\nprivate_key = {_quoted(IN_KEYRING)}\n"
    write_whole(key_file(home, venue), text.encode(), PRIVATE_FILE)


def read_private(path: Path) -> bytes:
    """Return a file's bytes; raises ``Stop`` when others than its owner may read it."""
    try:
        with path.open("rb") as stream:
            if os.name == "posix" and os.fstat(stream.fileno()).st_mode & _OTHERS:
                raise Stop(
                    f"Others on this computer may read {path}.",
                    code="open_secret",
                    money="It was not used and no order was sent.",
                    todo=f"Run: chmod 600 {path}",
                )
            return stream.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Stop(
            f"Can't read {path}: {error.strerror}.",
            code="bad_key",
            money="No order was sent.",
            todo="Give yourself permission to read it.",
        ) from error


def _from_keyring(venue: str, key_id: str) -> bytes:
    import keyring
    from keyring.errors import KeyringError

    try:
        secret = keyring.get_password(APP_NAME, f"{venue}:{key_id}")
    except KeyringError as error:
        raise Stop(
            f"The keyring of this computer does not open: {type(error).__name__}.",
            code="no_keyring",
            money="No order was sent.",
            todo="Unlock it, or keep the private key in a file.",
        ) from error
    if secret is None:
        raise Stop(
            f"The keyring holds no private key for {venue}.",
            code="no_key",
            money="No order was sent.",
            todo="Store the key again.",
        )
    return secret.encode("ascii")


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
