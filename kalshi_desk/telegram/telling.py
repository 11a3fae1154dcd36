"""How commands ended, and what went wrong, in words."""

from __future__ import annotations

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.reasons import Reason
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.markup import Html, code, escape, lines
from kalshi_desk.telegram.words import Words

_MOST_ORDERS = 10
_TEXT = 600


def answer_text(words: Words, answer: Answer) -> Html:
    """Return how a command ended: done, refused and why, or not known."""
    head = {
        Outcomes.DONE: "answer.done",
        Outcomes.REFUSED: "answer.refused",
        Outcomes.UNKNOWN: "answer.unknown",
    }[answer.outcome]
    orders = [
        words(
            "answer.order",
            ticker=code(order.ticker),
            filled=n.count(order.filled),
            left=n.count(order.remaining),
            state=words.engine(order.state),
        )
        for order in answer.orders[:_MOST_ORDERS]
    ]
    more = words("list.more") if len(answer.orders) > _MOST_ORDERS else ""
    text = escape(words.engine(answer.text), _TEXT) if answer.text else ""
    return lines(
        words(head), *orders, more, text, *(reason_text(words, why) for why in answer.reasons)
    )


def reason_text(words: Words, why: Reason) -> Html:
    """Return one reason: its name in this language and the desk's sentence."""
    name = f"reason.{why.code.value}"
    label = words.plain(name) if words.has(name) else why.code.value
    return words("answer.reason", label=label, text=escape(words.engine(why.text), _TEXT))


def error_text(words: Words, error: DeskError) -> Html:
    """Return an expected failure: what happened, what it means for the money, what to do."""
    name = f"error.{error.code}"
    if words.has(name):
        return words(name)
    return escape(str(error), _TEXT)
