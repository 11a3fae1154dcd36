"""Predicts the fee of each fill as the exchange computes it, to be held against the charge."""

from __future__ import annotations

from kalshi_desk.core.fees import (
    DIRECT,
    NON_DIRECT,
    FeeGrid,
    FeeRule,
    PredictedFee,
    fill_fee,
    trade_fee,
)
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import NO_MONEY, Money


class FeeCheck:
    """Remembers what the rounding of an order's earlier fills left behind, by both precisions."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[Money, Money]] = {}

    def predict(self, fill: Fill, rule: FeeRule) -> PredictedFee | None:
        """Return what a new fill should be charged; None when the formula is not published.

        Fills of one order must come in the order in which they traded.
        """
        if not rule.is_known:
            return None
        direct_left, non_direct_left = self._left.get(fill.order_id, (NO_MONEY, NO_MONEY))
        direct, direct_left = _charge(fill, rule, DIRECT, direct_left)
        non_direct, non_direct_left = _charge(fill, rule, NON_DIRECT, non_direct_left)
        predicted = PredictedFee(
            trade_id=fill.trade_id,
            order_id=fill.order_id,
            direct=direct,
            non_direct=non_direct,
            direct_left=direct_left,
            non_direct_left=non_direct_left,
        )
        self.recall(predicted)
        return predicted

    def recall(self, predicted: PredictedFee) -> None:
        """Go on from an earlier prediction of the same order."""
        self._left[predicted.order_id] = (predicted.direct_left, predicted.non_direct_left)


def _charge(fill: Fill, rule: FeeRule, grid: FeeGrid, left: Money) -> tuple[Money, Money]:
    fee = trade_fee(
        rule,
        fill.price,
        fill.count,
        is_taker=fill.is_taker,
        now_ns=fill.executed_ns,
        step=grid.fee_step,
    )
    revenue = Money(-fill.side.sign * fill.price * fill.count)
    charged = fill_fee(fee, revenue, accumulator=left, grid=grid)
    return charged.net, charged.accumulator
