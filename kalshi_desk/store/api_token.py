"""The secret that callers of the API must know: made once, kept in a private file."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import cannot_write, make_folder, write_whole
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import read_private

_SECRET_BYTES = 32
_SHAPE = re.compile(r"[A-Za-z0-9_\-]{32,200}")


def api_token(home: Home) -> str:
    """Return the token of this home's API and make one where there is none.

    Raises ``Stop`` when others may read it, when it is no token, or when it can't be kept.
    """
    path = home.api_token_path
    try:
        body = read_private(path)
    except FileNotFoundError:
        _make(path)
        body = read_private(path)
    found = body.decode("ascii", "replace").strip()
    if not _SHAPE.fullmatch(found):
        raise Stop(
            f"What {path} holds is no token.",
            code="bad_token",
            money="The API does not start; trading does not depend on it.",
            todo="Delete the file: a new one is made.",
        )
    return found


def _make(path: Path) -> None:
    """Put a new token there, unless another process was first: then its token holds."""
    make_folder(path.parent)
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    write_whole(own, f"{secrets.token_urlsafe(_SECRET_BYTES)}\n".encode())
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        own.unlink(missing_ok=True)
