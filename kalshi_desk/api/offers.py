"""Everything that the API offers, in one table: routes, document, tests and parity read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kalshi_desk.api.bodies import (
    BalanceBody,
    ConfigBody,
    ConfigChange,
    HealthBody,
    PerformanceBody,
    PositionBody,
    Result,
    StatusBody,
)
from kalshi_desk.desk.automation import SetAuto, SetLimit, SetParameter
from kalshi_desk.desk.commands import Panic
from kalshi_desk.desk.service import AskSettings, SetSetting, SetSeveral

BASE = "/api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One route: what it takes and answers, and what it sends to the engine.

    ``answers`` is a type, or a media type for what is no JSON.  ``sends`` names the commands
    and queries behind it.  What is ``protective`` is never held back by the rate limit, and by no
    key of an earlier call.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: Any
    takes: type | None = None
    sends: tuple[type, ...] = ()
    protective: bool = False
    refused: int | None = None
    """The status of a refusal by the desk, None where it can't refuse."""


OFFERS: tuple[Offer, ...] = (
    Offer(
        method="GET",
        path="/health",
        name="health",
        summary="Whether the desk can trade on what it sees",
        answers=HealthBody,
    ),
    Offer(
        method="GET",
        path="/status",
        name="status",
        summary="What the desk is doing",
        answers=StatusBody,
    ),
    Offer(
        method="GET",
        path="/positions",
        name="positions",
        summary="What is held, by ticker",
        answers=list[PositionBody],
    ),
    Offer(method="GET", path="/balance", name="balance", summary="The money", answers=BalanceBody),
    Offer(
        method="GET",
        path="/performance",
        name="performance",
        summary="The record of the account",
        answers=PerformanceBody,
    ),
    Offer(
        method="GET",
        path="/config",
        name="config",
        summary="The settings",
        answers=ConfigBody,
        sends=(AskSettings,),
    ),
    Offer(
        method="POST",
        path="/config",
        name="set_config",
        summary="Change settings: all that are named, or none when one is refused",
        answers=Result,
        takes=ConfigChange,
        sends=(SetSeveral, SetLimit, SetParameter, SetSetting),
        refused=422,
    ),
    Offer(
        method="POST",
        path="/start-trading",
        name="start_trading",
        summary="AUTO on: strategies in mode trade may send orders",
        answers=Result,
        sends=(SetAuto,),
        refused=409,
    ),
    Offer(
        method="POST",
        path="/stop-trading",
        name="stop_trading",
        summary="AUTO off: strategies send nothing more, and their orders are canceled",
        answers=Result,
        sends=(SetAuto,),
        protective=True,
        refused=409,
    ),
    Offer(
        method="POST",
        path="/panic",
        name="panic",
        summary="Cancel every order, verify, and stay HALTED; positions are kept",
        answers=Result,
        sends=(Panic,),
        protective=True,
        refused=409,
    ),
    Offer(
        method="GET",
        path="/metrics",
        name="metrics",
        summary="For Prometheus",
        answers="text/plain",
    ),
    Offer(
        method="GET",
        path="/openapi.json",
        name="document",
        summary="This document",
        answers="application/json",
    ),
    Offer(method="GET", path="/docs", name="page", summary="This page", answers="text/html"),
)
EVERYWHERE = ("health", "metrics")
"""Served without :data:`BASE` too, where monitoring looks for them."""
FOR_BROWSERS = ("document", "page")
"""A browser may open these with the token as the password, any name before it."""


def offered() -> dict[type, str]:
    """Return which commands and queries of the desk the API offers, and by which routes."""
    found: dict[type, list[str]] = {}
    for offer in OFFERS:
        for kind in offer.sends:
            found.setdefault(kind, []).append(f"{offer.method} {offer.path}")
    return {kind: ", ".join(routes) for kind, routes in found.items()}
