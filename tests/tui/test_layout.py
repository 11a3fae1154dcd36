"""The layout for every terminal size: what is shown fits, and no pane is too narrow to read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.tui.ladder_columns import columns_for, fill_cells, size_bar
from kalshi_desk.tui.layout import RIGHT_TABS, TABS, Pane, Tier, neighbour, plan, tier_of

panes = st.sampled_from(list(Pane))


@given(st.integers(1, 400), st.integers(1, 120), panes, st.booleans())
def test_a_layout_fits_its_terminal(
    width: int, height: int, current: Pane, ticket_open: bool
) -> None:
    tab = current if current in TABS else Pane.POSITIONS
    right = current if current in RIGHT_TABS else Pane.FILLS
    made = plan(
        width, height, current=current, left_tab=tab, right_tab=right, ticket_open=ticket_open
    )
    if made.tier is Tier.TINY:
        assert not made.shown
        return
    widths = {
        Pane.QUOTES: made.markets_width,
        Pane.LADDER: made.ladder_width,
        Pane.TICKET: made.ticket_width,
    }
    top = sum(widths[pane] for pane in widths if pane in made.shown)
    if made.tier is Tier.ONE:
        assert made.shown == {current}
    else:
        assert top == width
        assert made.bottom_height + made.chart_height + 12 <= height
    assert current in made.shown or current is Pane.TICKET or made.tier is Tier.SMALL
    assert all(widths[pane] >= 26 for pane in widths if pane in made.shown)


def test_tiers() -> None:
    sizes = {
        (59, 40): "tiny",
        (60, 20): "one",
        (79, 40): "one",
        (80, 23): "one",
        (80, 24): "small",
        (119, 24): "small",
        (120, 40): "wide",
        (160, 40): "full",
    }
    assert {size: tier_of(*size).value for size in sizes} == sizes


@given(st.sampled_from([(60, 20), (80, 24), (120, 40), (200, 55)]), st.booleans())
def test_tab_comes_round_to_where_it_began(size: tuple[int, int], ticket_open: bool) -> None:
    made = plan(
        *size,
        current=Pane.QUOTES,
        left_tab=Pane.ORDERS,
        right_tab=Pane.FILLS,
        ticket_open=ticket_open,
    )
    start = next(pane for pane in Pane if pane in made.shown)
    seen = [start]
    for _ in Pane:
        following = neighbour(made, seen[-1], 1, ticket_open=ticket_open)
        if following is start:
            break
        seen.append(following)
    assert following is start
    assert len(seen) == len(set(seen)) >= 3
    back = neighbour(
        made, neighbour(made, start, 1, ticket_open=ticket_open), -1, ticket_open=ticket_open
    )
    assert back is start


@given(st.integers(30, 200), st.booleans())
def test_ladder_columns_fit(width: int, has_position: bool) -> None:
    c = columns_for(width, has_position=has_position)
    used = 1 + c.my_bid + 1 + c.bids + 1 + c.price + 1 + c.offers
    used += c.no + 1 if c.no else 0
    used += c.my_ask + 1 if c.my_ask else 0
    used += c.pnl + 1 if c.pnl else 0
    assert used <= max(width, 32)
    assert not c.pnl or has_position


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 20), st.booleans())
def test_bars_stay_in_their_column(size: int, scale: int, width: int, from_right: bool) -> None:
    assert 1 <= len(size_bar(size, scale, width, from_right=from_right)) <= width
    assert 1 <= fill_cells(size, scale, width) <= width
    assert size_bar(0, scale, width, from_right=from_right) == ""
