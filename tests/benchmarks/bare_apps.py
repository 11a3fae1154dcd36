"""Textual apps to compare the desk with: one line of text, and a DataTable that changes."""

import random
import sys

from textual.app import App
from textual.widgets import DataTable, Static

ROWS, COLUMNS = 104, 8


class Bare(App):
    """One Static; every j counts up."""

    count = 0

    def compose(self):
        yield Static("pressed 0 times", id="line")

    def on_key(self, event):
        if event.key == "j":
            self.count += 1
            self.query_one("#line", Static).update(f"pressed {self.count} times")


class Table(App):
    """What most would write: a DataTable with ``cells`` numbers changed eight times a second."""

    def __init__(self, cells):
        super().__init__()
        self.cells = cells

    def compose(self):
        yield DataTable(zebra_stripes=False)

    def on_mount(self):
        table = self.query_one(DataTable)
        self.columns = table.add_columns(*(f"column {n}" for n in range(COLUMNS)))
        self.rows = [
            table.add_row(f"Load {n:03d}", *["48.0¢"] * (COLUMNS - 1)) for n in range(ROWS)
        ]
        if self.cells:
            self.set_interval(1 / 8, self.change)

    def change(self):
        table = self.query_one(DataTable)
        for cell in range(self.cells):
            row, column = divmod(cell, 2)
            value = f"{random.randrange(10, 99)}.0¢"
            table.update_cell(self.rows[row], self.columns[1 + column], value)


if __name__ == "__main__":
    (Bare() if sys.argv[1] == "bare" else Table(int(sys.argv[2]))).run()
