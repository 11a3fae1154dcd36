"""Markets of a stream find their place whatever an exchange allows on one socket."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.kalshi.decode import FrameReader
from kalshi_desk.kalshi.frames import ErrorBody, ErrorFrame, SubscribedBody, SubscribedFrame
from kalshi_desk.kalshi.subscriptions import BOOK, TAPE, Subscriptions

MARKET_CHANNELS = (BOOK, *TAPE)


class Allowing:
    """One socket of an exchange that allows ``limit`` markets a channel; None allows all."""

    def __init__(self, limit):
        self.limit = limit
        self.followed = {}
        self.sids = {}
        self.commands = 0

    def answer(self, text):
        """Return the frames that answer a command."""
        self.commands += 1
        command = json.loads(text)
        params, number = command["params"], command["id"]
        tickers = set(params.get("market_tickers", ()))
        if command["cmd"] == "subscribe":
            answers = []
            for channel in params["channels"]:
                if self._is_over(channel, tickers):
                    answers.append(error(26, number))
                    continue
                self.followed.setdefault(channel, set()).update(tickers)
                sid = self.sids.setdefault(channel, len(self.sids) + 1)
                answers.append(SubscribedFrame(SubscribedBody(channel, sid), number))
            return answers
        (sid,) = params["sids"]
        channel = next(name for name, known in self.sids.items() if known == sid)
        if params["action"] == "delete_markets":
            self.followed[channel] -= tickers
        elif self._is_over(channel, tickers):
            return [error(26, number)]
        else:
            self.followed[channel] |= tickers
        return []

    def _is_over(self, channel, tickers):
        found = len(self.followed.get(channel, set()) | tickers)
        return bool(tickers) and self.limit is not None and found > self.limit


def error(code, number):
    return ErrorFrame(ErrorBody(code, "no"), number)


def subscriptions(*, private=True, most=None):
    return Subscriptions(FrameReader(yes_prices=True), private=private, most=most)


def talk(here, exchange, commands, most_commands=5000):
    """Let both answer each other until nobody has anything to say."""
    waiting = list(commands)
    while waiting:
        assert exchange.commands < most_commands, "it never ends"
        for frame in exchange.answer(waiting.pop(0)):
            waiting.extend(here.answer(frame))


@given(
    limit=st.integers(1, 90) | st.none(),
    groups=st.lists(st.integers(1, 700), min_size=1, max_size=4),
    forgotten=st.integers(0, 400),
)
def test_every_market_is_followed_on_this_socket_or_handed_over(limit, groups, forgotten):
    here, exchange = subscriptions(), Allowing(limit)
    talk(here, exchange, here.begin())
    wanted, elsewhere = set(), set()
    for number, size in enumerate(groups):
        tickers = {f"M{number}-{index:03}" for index in range(size)}
        wanted |= tickers
        room = len(tickers) if here.room is None else here.room
        fitting = set(sorted(tickers)[:room])
        elsewhere |= tickers - fitting
        talk(here, exchange, here.watch(fitting))
        elsewhere |= here.take_crowded_out()
    gone = set(sorted(here.watched)[:forgotten])
    talk(here, exchange, here.forget(gone))
    for channel in MARKET_CHANNELS:
        assert exchange.followed.get(channel, set()) == here.watched
    assert here.watched | elsewhere | gone == wanted
    assert not here.watched & elsewhere
    assert here.watched or gone
    if limit is None:
        assert not elsewhere
        assert here.room is None


def test_an_exchange_that_follows_no_market_at_all_is_told_of_and_not_asked_for_ever():
    here, exchange = subscriptions(), Allowing(0)
    talk(here, exchange, here.begin())
    talk(here, exchange, here.watch(["A", "B", "C"]), most_commands=60)
    assert any("not even one market" in text for text in here.refusals)


def test_markets_forgotten_before_the_channel_opened_are_taken_back_once_it_is_open():
    here, exchange = subscriptions(), Allowing(None)
    first = here.begin() + here.watch(["A", "B"])
    assert here.forget(["B"]) == []
    talk(here, exchange, first)
    assert [exchange.followed[channel] for channel in MARKET_CHANNELS] == [{"A"}] * 3


def test_a_command_that_came_too_fast_is_sent_again_as_often_as_it_takes():
    here = subscriptions(private=False)
    (command, *_) = here.watch(["A"])
    for _ in range(3):
        assert here.answer(error(27, json.loads(command)["id"])) == []
        assert here.repair() == [command]
    assert here.repair() == []
    assert not here.refusals


def test_a_socket_for_books_only_opens_no_private_channel():
    here = subscriptions(private=False)
    here.watched.update(["A"])
    channels = Counter(c for text in here.begin() for c in json.loads(text)["params"]["channels"])
    assert channels == Counter(MARKET_CHANNELS)
    assert here.private_open.is_set()


def test_a_subscription_that_was_replaced_is_ended_and_books_begin_anew():
    here = subscriptions(private=False)
    here.watched.update(["A"])
    opened = {json.loads(text)["params"]["channels"][0] for text in here.begin()}
    assert opened == set(MARKET_CHANNELS)
    for sid, channel in enumerate(MARKET_CHANNELS, 1):
        assert here.answer(SubscribedFrame(SubscribedBody(channel, sid), sid)) == []
        assert here.answer(SubscribedFrame(SubscribedBody(channel, sid), sid)) == []
    (end, again) = map(json.loads, here.answer(SubscribedFrame(SubscribedBody(BOOK, 8), 9)))
    assert (end["cmd"], end["params"]["sids"]) == ("unsubscribe", [1, 8])
    assert (again["cmd"], again["params"]["channels"]) == ("subscribe", [BOOK])
    assert here.answer(SubscribedFrame(SubscribedBody(BOOK, 9), again["id"])) == []
    (end,) = map(json.loads, here.answer(SubscribedFrame(SubscribedBody(TAPE[0], 10), 9)))
    assert (end["cmd"], end["params"]["sids"]) == ("unsubscribe", [2])
