"""The desk works whichever way a behaviour goes that the exchange's documentation leaves open."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.exchange.rules import DEFAULT_RULES, Rules, read_rules
from tests.seams.contract import desk_on, keep_contract

pytestmark = pytest.mark.timeout(120)

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "fee_step": ("0.01",),
    "member_precision": ("0.01",),
    "rebate_step": ("0.0001",),
    "fee_cost_is_net": ("false",),
    "reserves_fees": ("true",),
    "dead_client_ids_refused": ("false",),
    "killed_client_ids_refused": ("false",),
    "reduce_to_zero_cancels": ("false",),
    "empty_ioc_is_created": ("false",),
    "post_only_cross_cancels": ("true",),
    "reduce_only_takes_fill_or_kill": ("true",),
    "smaller_amend_keeps_queue": ("false",),
    "amend_restates_initial": ("false",),
    "self_trade_spans_subaccounts": ("false",),
    "remainder_reason": ("Trade",),
    "fill_or_kill_status": ("400",),
    "trading_paused_status": ("400",),
    "shard_balance_status": ("400",),
    "market_inactive_code": ("MARKET_INACTIVE", "MARKET_NOT_ACTIVE"),
    "scope_code": ("forbidden",),
    "skew_past_s": ("10",),
    "skew_future_s": ("60",),
    "usage_tier": ("basic",),
    "read_refill": ("200",),
    "write_refill": ("100",),
    "bucket_seconds": ("1", "3"),
    "balance_refill": ("5",),
    "balance_capacity": ("5",),
    "unsigned_refill": ("200",),
    "read_lag_ms": ("0", "1500"),
    "shard_zero_is_absent": ("true",),
    "open_includes_inactive": ("true",),
    "depth_keeps_best": ("false",),
    "portfolio_value_has_cash": ("true",),
    "realized_is_net_of_fees": ("true",),
    "revenue_rounding": ("nearest",),
    "sharding": ("false",),
    "close_sweep_ms": ("5000",),
    "transfer_ms": ("5000",),
    "amendment_is_told": ("true",),
    "listing_lag_ms": ("0", "1500"),
    "market_history_days": ("60",),
    "order_history_days": ("30",),
    "control_takes_seq": ("false",),
    "snapshot_reply_takes_seq": ("false",),
    "yes_price_by_default": ("true",),
    "private_first": ("true",),
    "private_snapshots": ("true",),
    "markets_per_subscription": ("5000",),
    "commands_per_s": ("20",),
    "maintenance_close_code": ("1012",),
    "stream_queue_frames": ("2000",),
    "step_ms": ("50",),
}
"""Every field of ``Rules`` with the other values that the sources leave possible."""


@contextmanager
def exchange_with(*rules: str) -> Iterator[dict[str, Any]]:
    """Return the addresses of an exchange that behaves otherwise."""
    command = [sys.executable, "-m", "kalshi_desk", "exchange", "--port", "0", "--seed", "7"]
    chosen = [part for rule in rules for part in ("--rule", rule)]
    process = subprocess.Popen([*command, "--json", *chosen], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(15) == 0
        process.stdout.close()


def test_every_rule_has_an_alternative_that_differs() -> None:
    assert set(ALTERNATIVES) == set(Rules.__struct_fields__)
    for name, values in ALTERNATIVES.items():
        for value in values:
            changed = read_rules([f"{name}={value}"])
            assert getattr(changed, name) != getattr(DEFAULT_RULES, name)


@pytest.mark.rules
@pytest.mark.parametrize(
    "rule", [f"{name}={value}" for name, values in ALTERNATIVES.items() for value in values]
)
async def test_the_desk_keeps_the_contract_under(rule: str, tmp_path: Path) -> None:
    with exchange_with(rule) as address:
        async with desk_on("practice", address, tmp_path) as shell:
            await keep_contract(shell, "practice")


@pytest.mark.rules
async def test_the_desk_keeps_the_contract_when_everything_is_otherwise(tmp_path: Path) -> None:
    rules = [f"{name}={values[0]}" for name, values in ALTERNATIVES.items()]
    with exchange_with(*rules) as address:
        async with desk_on("practice", address, tmp_path) as shell:
            await keep_contract(shell, "practice")
