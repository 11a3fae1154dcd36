"""Carries out a layout: shows, hides and sizes the panes of the Desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.tui.confirm import is_open
from kalshi_desk.tui.layout import Pane, Plan, Tier

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen


def arrange(screen: DeskScreen, new: Plan) -> None:
    """Show, hide and size every pane as planned."""
    is_tiny = new.tier is Tier.TINY
    screen.too_small.display = is_tiny
    one = new.tier is Tier.ONE
    body, bottom, left = (screen.query_one(f"#{name}") for name in ("body", "bottom", "left"))
    for pane in Pane:
        screen.pane(pane).display = pane in new.shown
    left.display = Pane.QUOTES in new.shown
    left.styles.width = new.markets_width
    screen.chart.display = new.chart_height > 0
    screen.chart.styles.height = max(new.chart_height, 1)
    screen.ladder.styles.width = new.ladder_width
    screen.ticket.styles.width = new.ticket_width
    bottom.styles.height = new.bottom_height or 1
    bottom.display = new.bottom_height > 0
    body.display = bool(new.shown & {Pane.QUOTES, Pane.LADDER, Pane.TICKET})
    screen.query_one("#tabs").display = not one and not is_tiny
    screen.tabs["tabs-right"].display = bool(new.right_tabs)
    screen.tabs["pane-tabs"].display = one
    for widget in (screen.status_line, screen.keys):
        widget.display = not is_tiny
    if is_tiny:
        screen.bar.display = False
        # Nothing that cannot be read may be one key away from being sent.
        screen.ticket.form.edited()
    screen.set_class(one, "-one")
    screen.set_class(new.tier is Tier.SMALL, "-ticket-left")
    after = left if new.tier is Tier.SMALL else screen.ladder
    body.move_child(screen.ticket, after=after)


def show_tabs(screen: DeskScreen, new: Plan) -> None:
    """Name the tabs of the layout with their numbers of rows."""
    open_orders = sum(is_open(row) for row in screen.orders.rows.values())
    counts: dict[str, int] = {
        Pane.POSITIONS: sum(bool(row.position) for row in screen.positions.rows.values()),
        Pane.ORDERS: open_orders,
        Pane.FILLS: len(screen.fills.rows),
    }
    one = new.tier is Tier.ONE
    left = screen.tabs["pane-tabs" if one else "tabs-left"]
    active = (
        screen.current
        if one
        else next((pane for pane in new.left_tabs if pane in new.shown), Pane.POSITIONS)
    )
    left.show(new.left_tabs, active, counts, is_focused=screen.current is active)
    if new.right_tabs:
        right = next((p for p in new.right_tabs if p in new.shown), Pane.FILLS)
        screen.tabs["tabs-right"].show(
            new.right_tabs, right, counts, is_focused=screen.current is right
        )
