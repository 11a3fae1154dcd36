"""What every face says that it offers; ``python -m tests.parity.faces`` prints the table."""

from __future__ import annotations

import importlib
import importlib.util

from kalshi_desk.desk.parity import Face, Offered, markdown

TELEGRAM = "kalshi_desk.telegram.offered"
"""The module in which the bridge declares its commands, as ``OFFERED`` by type."""


def faces() -> dict[Face, Offered]:
    """Return the tables of all faces that are there."""
    from kalshi_desk.api.offers import offered as api
    from kalshi_desk.cli.offered import OFFERED as SHELL
    from kalshi_desk.tui.offered import offered as screen

    found: dict[Face, Offered] = {Face.SCREEN: screen(), Face.SHELL: SHELL}
    if importlib.util.find_spec(TELEGRAM) is not None:
        found[Face.TELEGRAM] = importlib.import_module(TELEGRAM).OFFERED
    found[Face.API] = api()
    return found


if __name__ == "__main__":
    print(markdown(faces()), end="")
