"""An import-linter contract: a room imports what its row names, and nothing else.

The rooms' own rows make it hold for indirect imports too, so only direct ones are looked at.
"""

from __future__ import annotations

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

ROOT = "kalshi_desk"
CLOCKS_AND_IO = frozenset(
    {
        *("asyncio", "multiprocessing", "subprocess", "threading", "time"),
        *("http", "select", "selectors", "socket", "sqlite3", "ssl", "urllib"),
    }
)
"""What pure rooms may not import from the standard library: time comes in as an argument."""


class RoomContract(Contract):  # type: ignore[misc]
    """Holds one room to its row of the table of rooms.

    ``room``: the package's name.  ``rooms``: rooms or modules of rooms it may import.
    ``packages``: external packages it may import.  ``pure``: no clock and no input or output.
    """

    type_name = "room"

    room = fields.StringField()
    rooms = fields.SetField(subfield=fields.StringField(), required=False)
    packages = fields.SetField(subfield=fields.StringField(), required=False)
    pure = fields.BooleanField(required=False, default=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every direct import of the room."""
        room = f"{ROOT}.{self.room}"
        modules = {room} | graph.find_descendants(room)
        broken = sorted(
            (module, imported)
            for module in modules
            for imported in graph.find_modules_directly_imported_by(module)
            if not self._may(room, imported)
        )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name every import that the row does not allow."""
        for module, imported in check.metadata["broken"]:
            output.print_error(f"{module} must not import {imported}")

    def _may(self, room: str, imported: str) -> bool:
        if imported == ROOT or _is_in(imported, room):
            return True
        if _is_in(imported, ROOT):
            return any(_is_in(imported, f"{ROOT}.{name}") for name in self.rooms or ())
        package = imported.partition(".")[0]
        if package in sys.stdlib_module_names:
            return not (self.pure and package in CLOCKS_AND_IO)
        return package in (self.packages or ())


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
