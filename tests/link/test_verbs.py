"""Commands typed by people mean one thing or are refused with how to write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Action, Count, Outcome, Price, TimeInForce
from kalshi_desk.desk.automation import (
    DropStop,
    SetAuto,
    SetImplication,
    SetLimit,
    SetMode,
    SetParameter,
    SetStop,
    StopKind,
)
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Panic,
    PlaceOrder,
    Resume,
)
from kalshi_desk.desk.verbs import USAGE, parse, parse_cents, parse_contracts


def order(**changes: object) -> PlaceOrder:
    fields: dict[str, object] = {
        "ticker": "FED-25",
        "action": Action.BUY,
        "outcome": Outcome.YES,
        "count": Count(1000),
        "price": Price(4700),
    }
    return PlaceOrder(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("buy FED-25 yes 10 @ 47", order()),
        ("BUY fed-25 Y 10.00 @47", order()),
        ("buy FED-25 yes 10@47c", order()),
        (
            "sell FED-25 no 0.25 @ 45.5",
            order(action=Action.SELL, outcome=Outcome.NO, count=25, price=4550),
        ),
        ("buy FED-25 yes 10 @ 0.01", order(price=1)),
        ("buy FED-25 yes 10 @ 47 --ioc", order(time_in_force=TimeInForce.IOC)),
        ("buy --fok FED-25 yes 10 @ 47", order(time_in_force=TimeInForce.FOK)),
        ("buy FED-25 yes 10 @ 47 --post-only", order(post_only=True)),
        ("cancel abc-1", CancelOrder(order="abc-1")),
        ("cancel all", CancelAll()),
        ("cancel ALL fed-25", CancelAll(ticker="FED-25")),
        ("flatten FED-25", Flatten(ticker="FED-25")),
        ("flatten all", Flatten()),
        ("panic", Panic()),
        ("resume", Resume()),
        ("auto on", SetAuto(on=True)),
        ("auto OFF", SetAuto(on=False)),
        ("strategy Arbitrage trade", SetMode(strategy="arbitrage", mode=Mode.TRADE)),
        (
            "strategy arbitrage set min_profit 0.2",
            SetParameter(strategy="arbitrage", name="min_profit", value="0.2"),
        ),
        ("implies a-1 b-2", SetImplication(cause="A-1", effect="B-2")),
        ("implies A-1 B-2 never", SetImplication(cause="A-1", effect="B-2", holds=False)),
        ("protect fed-25 fixed 20%", SetStop(ticker="FED-25", kind=StopKind.FIXED, amount="20%")),
        ("protect FED-25 Trailing", SetStop(ticker="FED-25", kind=StopKind.TRAILING)),
        ("protect FED-25 time 30m", SetStop(ticker="FED-25", kind=StopKind.TIME, amount="30m")),
        (
            "protect FED-25 volatility 2sd",
            SetStop(ticker="FED-25", kind=StopKind.VOLATILITY, amount="2sd"),
        ),
        ("unprotect 1A2B3C4D", DropStop(stop_id="1a2b3c4d")),
        ("limit event_percent 3.5", SetLimit(name="event_percent", value="3.5")),
    ],
)
def test_what_is_meant(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Try: buy"),
        ("bye FED yes 1 @ 1", "Did you mean buy?"),
        ("xyzzy", "Try: buy"),
        ("protect FED", "Usage: protect TICKER fixed|trailing|time|volatility"),
        ("protect FED fixed 20 % more", "Usage: protect"),
        ("protect FED trailling", "Did you mean trailing?"),
        ("unprotect", "Usage: unprotect STOP"),
        ("unprotect a b", "Usage: unprotect STOP"),
        ("buy FED yes 10 47", "Usage: buy"),
        ("limit event_percent", "Usage: limit NAME VALUE"),
        ("buy FED yes 10 @", "Usage: buy"),
        ("buy FED yes 10 @ 47 48", "Usage: buy"),
        ("buy FED maybe 10 @ 47", "must be yes or no"),
        ("buy FED yes ten @ 47", 'count "ten" must be a number'),
        ("buy FED yes 1.005 @ 47", "more than two decimals"),
        ("buy FED yes 0 @ 47", "more than 0"),
        ("buy FED yes -5 @ 47", "more than 0"),
        ("buy FED yes 10 @ 45.555", "more than two decimals"),
        ("buy FED yes 10 @ 0", "more than 0 and less than 100"),
        ("buy FED yes 10 @ 100", "more than 0 and less than 100"),
        ("buy FED yes 10 @ 1e1", "a number of cents"),
        ("buy FED yes 10 @ 47 --icc", "Did you mean --ioc?"),
        ("buy FED yes 10 @ 47 --ioc --fok", "exclude each other"),
        ("buy FED yes 10 @ 47 --ioc --post-only", "exclude each other"),
        ("buy ../x yes 10 @ 47", "no ticker"),
        ("cancel", "cancel all [TICKER]"),
        ("cancel a b", "cancel all [TICKER]"),
        ("flatten", "Usage: flatten"),
        ("panic now", "Usage: panic"),
    ],
)
def test_what_is_refused_and_how_it_is_explained(text: str, said: str) -> None:
    with pytest.raises(Refuse) as caught:
        parse(text)
    assert said in str(caught.value)


@given(st.integers(1, 9999))
def test_every_price_to_a_hundredth_of_a_cent(hundredths: int) -> None:
    assert parse_cents(f"{hundredths // 100}.{hundredths % 100:02d}") == hundredths


@pytest.mark.parametrize(
    "text", ["1000000000.01", "999999999999999999", "99999999999999999999", "9" * 400]
)
def test_a_count_that_no_order_can_mean_is_a_bad_size(text: str) -> None:
    with pytest.raises(Refuse) as caught:
        parse_contracts(text)
    assert caught.value.code == "bad_size"
    assert "more than 1,000,000,000 contracts" in caught.value.what


@given(st.integers(1, 10**11))
def test_every_count_to_a_hundredth(hundredths: int) -> None:
    assert parse_contracts(f"{hundredths // 100}.{hundredths % 100:02d}") == hundredths


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_a_refusal(text: str) -> None:
    for line in (text, *(f"{verb} {text}" for verb in USAGE)):
        with contextlib.suppress(Refuse):
            assert isinstance(parse(line), Command)
