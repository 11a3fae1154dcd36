"""The import contract sees what a room may not import; a contract that never breaks is none."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="comes with the dev extra")

from grimp import ImportGraph
from importlinter import output

from tests.imports.room_contract import RoomContract

ROOT = Path(__file__).parents[2]


def a_graph(*imports: tuple[str, str]) -> ImportGraph:
    graph = ImportGraph()
    for module, imported in imports:
        for name in (module, imported):
            squashed = not name.startswith("kalshi_desk")
            if name not in graph.modules:
                graph.add_module(name, is_squashed=squashed)
        graph.add_import(importer=module, imported=imported)
    graph.add_module("kalshi_desk.market")
    return graph


def breaks(pair: tuple[str, str], **options: object) -> bool:
    contract = RoomContract(
        name="market",
        session_options={"root_packages": ["kalshi_desk"]},
        contract_options={"room": "market", "rooms": ["core.types"], "packages": ["msgspec"]}
        | options,
    )
    check = contract.check(a_graph(pair), verbose=False)
    assert output.print is not None
    return not check.kept


@pytest.mark.parametrize(
    "pair",
    [
        ("kalshi_desk.market.live", "kalshi_desk.engine.shell"),
        ("kalshi_desk.market", "kalshi_desk.core.book"),
        ("kalshi_desk.market.live", "kalshi_desk.core.typesetting"),
        ("kalshi_desk.market.live", "httpx"),
        ("kalshi_desk.market.live", "asyncio"),
        ("kalshi_desk.market.live", "time"),
    ],
)
def test_what_no_row_names_is_broken(pair: tuple[str, str]) -> None:
    assert breaks(pair, pure="True")


@pytest.mark.parametrize(
    "pair",
    [
        ("kalshi_desk.market.live", "kalshi_desk.market.series"),
        ("kalshi_desk.market.live", "kalshi_desk.core.types"),
        ("kalshi_desk.market.live", "msgspec"),
        ("kalshi_desk.market.live", "bisect"),
        ("kalshi_desk.engine.shell", "httpx"),
    ],
)
def test_what_the_row_names_is_kept(pair: tuple[str, str]) -> None:
    assert not breaks(pair, pure="True")


def test_every_room_has_its_row() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    held = {name.rpartition(":")[2] for name in config.sections() if ":contract:" in name}
    rooms = {path.parent.name for path in (ROOT / "kalshi_desk").glob("*/__init__.py")}
    assert rooms - held == {"cli"}
