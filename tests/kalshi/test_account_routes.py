"""Order changes, groups, subaccounts, transfers, keys and history against the practice exchange."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from kalshi_desk.core.errors import Refuse, Unknown
from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    OrderAnswered,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.records import OrderIntent, OrderState
from kalshi_desk.core.types import BookSide, Money, Price, parse_count
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.api_keys import ApiKeys
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.history import History
from kalshi_desk.kalshi.order_groups import OrderGroups
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.rest_orders import OrderWrites
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from kalshi_desk.kalshi.transfers import Transfers
from tests.exchange.client import Exchange

DAY_S = 86_400
ONE = parse_count("1")


@pytest.fixture(scope="module")
def running() -> Iterator[Exchange]:
    """Return an exchange whose reads follow its writes at once."""
    exchange = Exchange("--history-min", "2", "--rule", "read_lag_ms=0")
    yield exchange
    assert exchange.stop() == 0


@pytest.fixture
async def rest(running: Exchange) -> AsyncIterator[RestClient]:
    """Return a client of a new member with $1,000."""
    made = running.admin("member", name=str(uuid.uuid4()), cash="1000")
    signer = Signer(made["key_id"], parse_private_key(made["private_key"].encode()))
    client = RestClient(practice(running.ready["rest"], running.ready["ws"]), signer, WallClock())
    await client.limits()
    yield client
    await client.close()


def intent(
    ticker: str, price: int = 100, count: str = "5", side: BookSide = BookSide.BID
) -> OrderIntent:
    return OrderIntent(
        client_order_id=str(uuid.uuid4()),
        ticker=ticker,
        side=side,
        price=Price(price),
        count=parse_count(count),
        created_ns=time.time_ns(),
    )


def quiet(running: Exchange, series: str = "KXRECSSNBER") -> str:
    return str(running.quiet_market(series)["ticker"])


class TestOrderWrites:
    async def test_an_amend_restates_the_whole_order(
        self, running: Exchange, rest: RestClient
    ) -> None:
        writes, ticker = OrderWrites(rest), quiet(running)
        placed = await rest.create_order(intent(ticker))
        changed = await writes.amend(
            placed.order_id,
            ticker=ticker,
            side=BookSide.BID,
            price=Price(200),
            total=parse_count("7"),
            new_client_order_id="renamed",
        )
        assert changed.remaining == parse_count("7")
        order = await rest.order(placed.order_id)
        assert (order.price, order.remaining, order.client_order_id) == (200, 700, "renamed")
        wrong = writes.amend(
            placed.order_id, ticker=ticker, side=BookSide.ASK, price=Price(200), total=ONE
        )
        with pytest.raises(Refuse):
            await wrong

    async def test_a_decrease_keeps_the_order(self, running: Exchange, rest: RestClient) -> None:
        ticker = quiet(running, "KXNBAGAME")
        running.admin("ledger")
        transfers = Transfers(rest)
        await transfers.between_shards(Money(100_000_000), 0, 3, client_id=str(uuid.uuid4()))
        await until_moved(rest)
        placed = await rest.create_order(intent(ticker))
        left = await OrderWrites(rest).decrease(placed.order_id, ticker=ticker, to=ONE)
        assert left == ONE
        assert await OrderWrites(rest).queue_position(placed.order_id) >= 0

    async def test_every_order_of_a_batch_has_its_own_outcome(
        self, running: Exchange, rest: RestClient
    ) -> None:
        writes, ticker = OrderWrites(rest), quiet(running)
        first = intent(ticker)
        outcomes = await writes.create_many(
            [first, intent(ticker, price=103), intent("KXNOTHING"), first]
        )
        assert [type(found) for found in outcomes] == [
            OrderAnswered,
            OrderRefused,
            OrderRefused,
            OrderUnknown,
        ]
        refused = outcomes[1]
        assert isinstance(refused, OrderRefused)
        assert refused.code == "invalid_price"
        placed = outcomes[0]
        assert isinstance(placed, OrderAnswered)
        canceled = await writes.cancel_many(
            [(placed.order_id, ticker), (str(uuid.uuid4()), ticker)]
        )
        assert canceled[0] == CancelAnswered(placed.order_id, parse_count("5"))
        assert isinstance(canceled[1], CancelFailed)
        assert canceled[1].is_gone

    async def test_a_batch_that_never_fits_is_not_sent_and_cancels_go_in_parts(
        self, running: Exchange, rest: RestClient
    ) -> None:
        writes, ticker = OrderWrites(rest), quiet(running)
        with pytest.raises(Refuse, match="At most 60 orders"):
            await writes.create_many([intent(ticker) for _ in range(61)])
        assert await rest.orders() == []
        placed = await writes.create_many([intent(ticker, count="1") for _ in range(3)])
        ids = [(answer.order_id, ticker) for answer in placed if isinstance(answer, OrderAnswered)]
        nobody = [(str(uuid.uuid4()), ticker)] * 300
        canceled = await writes.cancel_many([*nobody, *ids])
        assert [type(answer) for answer in canceled] == [CancelFailed] * 300 + [CancelAnswered] * 3

    async def test_a_batch_whose_answer_is_lost_is_unknown(
        self, running: Exchange, rest: RestClient
    ) -> None:
        running.admin("fault", kind="lose")
        with pytest.raises(Unknown):
            await OrderWrites(rest).create_many([intent(quiet(running))])
        assert len(await rest.orders(status="resting")) == 1


async def until_moved(rest: RestClient) -> None:
    transfers = Transfers(rest)
    deadline = time.monotonic() + 10
    while not all(move.is_complete for move in await transfers.moves()):
        assert time.monotonic() < deadline


async def test_an_order_group_from_its_first_day_to_its_last(
    running: Exchange, rest: RestClient
) -> None:
    groups = OrderGroups(rest)
    group = await groups.create(parse_count("2.5"), shard=3)
    assert [(found.group_id, found.limit, found.shard) for found in await groups.all()] == [
        (group.group_id, parse_count("2.5"), 3)
    ]
    await groups.set_limit(group, parse_count("4"))
    assert (await groups.get(group.group_id)).limit == parse_count("4")
    await groups.trigger(group)
    await groups.reset(group)
    await groups.delete(group)
    with pytest.raises(Refuse, match="refused"):
        await groups.get(group.group_id)


async def test_money_moves_between_shards_under_its_own_name(rest: RestClient) -> None:
    transfers = Transfers(rest)
    name = str(uuid.uuid4())
    moved = await transfers.between_shards(Money(25_000_000), 0, 2, client_id=name)
    assert await transfers.between_shards(Money(25_000_000), 0, 2, client_id=name) == moved
    await until_moved(rest)
    found = await transfers.move(moved)
    assert (found.amount, found.client_transfer_id) == (25_000_000, name)
    balance = await rest.balance()
    assert balance.by_shard == {0: 975_000_000, 2: 25_000_000}


async def test_a_move_whose_answer_is_lost_is_found_again(
    running: Exchange, rest: RestClient
) -> None:
    transfers = Transfers(rest)
    running.admin("fault", kind="lose")
    moved = await transfers.between_shards(Money(1_000_000), 0, 2, client_id=str(uuid.uuid4()))
    running.admin("fault", kind="refuse")
    with pytest.raises(Unknown):
        await transfers.between_shards(Money(1_000_000), 0, 2, client_id=str(uuid.uuid4()))
    assert [move.transfer_id for move in await transfers.moves()] == [moved]


async def test_subaccounts_hold_their_own_cash(rest: RestClient) -> None:
    transfers = Transfers(rest)
    number = await transfers.create_subaccount()
    name = str(uuid.uuid4())
    await transfers.between_subaccounts(Money(5_000_000), 0, number, client_id=name)
    with pytest.raises(Refuse):
        await transfers.between_subaccounts(Money(5_000_000), 0, number, client_id=name)
    cash = {row.subaccount: row.cash for row in await transfers.balances()}
    assert cash == {0: 995_000_000, 1: 5_000_000}
    assert [move.amount for move in await transfers.subaccount_transfers()] == [5_000_000]
    with pytest.raises(Refuse, match="whole cents"):
        await transfers.between_subaccounts(Money(1), 0, number, client_id=name)


async def test_keys_are_listed_made_and_ended(rest: RestClient) -> None:
    keys = ApiKeys(rest)
    made = await keys.generate("reader", scopes=["read"])
    assert "PRIVATE" in made.private_key_pem
    assert "PRIVATE" not in repr(made)
    found = await keys.all()
    assert {key.scopes for key in found.keys} == {("read",), ("read", "write")}
    assert found.attestation_ns == 0
    await keys.delete(made.key_id)
    assert made.key_id not in {key.key_id for key in (await keys.all()).keys}


async def test_candles_live_in_parts_and_of_whole_events(
    running: Exchange, rest: RestClient
) -> None:
    market = running.quiet_market("KXBTC")
    event = running.http.get(f"/events/{market['event_ticker']}").json()["event"]
    history, ticker = History(rest), market["ticker"]
    now_s = int(time.time())
    rows = await history.candles(event["series_ticker"], ticker, now_s - 7_200, now_s + 60)
    assert rows
    assert [row.end_s for row in rows] == sorted({row.end_s for row in rows})
    assert all(row.ask is None or row.ask.low <= row.ask.high for row in rows)
    year_s = 365 * DAY_S
    assert await history.candles(event["series_ticker"], ticker, now_s - year_s, now_s + 60)
    whole = await history.event_candles(
        event["series_ticker"], event["event_ticker"], now_s - 7_200, now_s + 60
    )
    assert ticker in whole
    many = await history.batch_candles(list(whole), now_s - 7_200, now_s + 60)
    assert set(many) == set(whole)


async def test_the_past_is_whole_across_the_cutoff() -> None:
    exchange = Exchange("--history-min", "2", "--rule", "read_lag_ms=0")
    try:
        made = exchange.admin("member", name="old", cash="1000")
        signer = Signer(made["key_id"], parse_private_key(made["private_key"].encode()))
        rest = RestClient(
            practice(exchange.ready["rest"], exchange.ready["ws"]), signer, WallClock()
        )
        ticker = quiet(exchange)
        seat = exchange.seat(made["key_id"], made["private_key"])
        bought = seat.order(ticker, "bid", "0.9900", "2", time_in_force="immediate_or_cancel")
        order_id = bought.json()["order_id"]
        exchange.admin("resolve", ticker=ticker, result="yes")
        for days in (30, 91):
            exchange.admin("advance", seconds=days * DAY_S)
            history = History(rest)
            assert order_id in {order.order_id for order in await history.orders()}
            assert sum(fill.count for fill in await history.fills()) == parse_count("2")
            assert (await history.market(ticker)).result == "yes"
            assert await history.trades(ticker, 0)
            assert ticker in {held.ticker for held in await history.settled_positions()}
        assert await rest.fills() == []
        assert await rest.orders() == []
        assert order_id in {order.order_id for order in await history.archived_orders()}
        assert (await history.archived_orders())[0].state is OrderState.EXECUTED
        now_s = int(time.time())
        assert await history.candles("KXRECSSNBER", ticker, now_s - 7_200, now_s + 60)
        await rest.close()
    finally:
        assert exchange.stop() == 0
