"""Refusals in the three body shapes the exchange answers errors with."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An order or request that the exchange turns down; carries its HTTP answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body

    @property
    def code(self) -> str:
        """The error code, or the text when the shape has none."""
        inner = self.body.get("error", self.body)
        if isinstance(inner, str):
            return inner
        return str(inner.get("code") or inner.get("msg"))

    def as_item(self) -> dict[str, Any]:
        """Return the error of one batch item, which is always the flat shape."""
        inner = self.body.get("error", self.body)
        item = {"code": self.code, "message": inner.get("message", self.code)}
        if "details" in inner:
            item["details"] = inner["details"]
        return item


def refused(status: int, code: str, *, message: str = "", details: str = "") -> Refusal:
    """Return an exchange or authentication error: the fields inside ``error``."""
    inner = {"code": code, "message": message or code.lower().replace("_", " ")}
    if details:
        inner["details"] = details
    return Refusal(status, {"error": inner})


def bad_body(details: str, *, code: str = "bad_request") -> Refusal:
    """Return a request-decoding error: the fields at the top level."""
    return Refusal(400, {"code": code, "message": code.replace("_", " "), "details": details})


def bad_query(text: str) -> Refusal:
    """Return a query-parameter error: one ``msg``."""
    return Refusal(400, {"msg": text})


def not_found() -> Refusal:
    """Return the one answer for every unknown, canceled or executed order."""
    return refused(404, "not_found")


def too_many_requests() -> Refusal:
    """Return the answer of an empty token bucket, whose ``error`` is a string."""
    return Refusal(429, {"error": "too many requests"})
