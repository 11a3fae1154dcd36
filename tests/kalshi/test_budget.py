"""The token budget paces before sending and keeps room for cancels; the clock offset is honest."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.kalshi.budget import Budget
from kalshi_desk.kalshi.clock_offset import ClockOffset

SECOND = 1_000_000_000
ORDERS = "/portfolio/events/orders"


class SteadyClock:
    def __init__(self):
        self.now_s = 0.0
        self.slept = []

    def __call__(self):
        return self.now_s

    async def sleep(self, seconds):
        assert seconds > 0
        self.slept.append(seconds)
        self.now_s += seconds


def budget_of(clock, rate=100.0, capacity=100.0):
    budget = Budget(sleep=clock.sleep, steady=clock)
    budget.set_limits(rate, capacity, rate, capacity)
    return budget


async def test_creates_leave_room_for_cancels():
    clock = SteadyClock()
    budget = budget_of(clock)
    for _ in range(8):
        await budget.pace("POST", ORDERS)
    assert clock.slept == []
    for _ in range(10):
        await budget.pace("DELETE", f"{ORDERS}/some-id")
    assert clock.slept == []
    await budget.pace("POST", ORDERS)
    assert clock.now_s > 0


async def test_cancel_everything_always_fits():
    clock = SteadyClock()
    budget = budget_of(clock, 100.0, 100.0)
    for _ in range(40):
        await budget.pace("POST", ORDERS)
    waited = clock.now_s
    await budget.pace("DELETE", ORDERS)
    for _ in range(9):
        await budget.pace("DELETE", f"{ORDERS}/some-id")
    assert clock.now_s == waited


async def test_a_batch_pays_for_each_of_its_orders():
    clock = SteadyClock()
    budget = budget_of(clock, 100.0, 100.0)
    await budget.pace("POST", f"{ORDERS}/batched", 8)
    assert clock.slept == []
    await budget.pace("POST", f"{ORDERS}/batched", 3)
    assert clock.now_s >= 0.3 - 1e-9
    assert budget.most_items("POST", f"{ORDERS}/batched") == 10
    assert budget.most_items("DELETE", f"{ORDERS}/batched") == 50


async def test_requests_never_exceed_the_refill_rate():
    clock = SteadyClock()
    budget = budget_of(clock)
    for _ in range(110):
        await budget.pace("GET", "/markets")
    assert clock.now_s >= 10.0 - 1e-9


async def test_the_balance_is_asked_once_a_second():
    clock = SteadyClock()
    budget = budget_of(clock, 10_000.0, 10_000.0)
    for _ in range(4):
        await budget.pace("GET", "/portfolio/balance")
    assert clock.now_s >= 3.0 - 1e-9


async def test_a_cost_above_the_capacity_does_not_wait_for_ever():
    clock = SteadyClock()
    budget = budget_of(clock, 10.0, 5.0)
    await budget.pace("GET", "/markets")
    await budget.pace("GET", "/markets")
    assert clock.now_s < 5


async def test_after_429_nothing_is_left():
    clock = SteadyClock()
    budget = budget_of(clock)
    budget.punish("GET", "/markets")
    assert budget.left()[0] == 0
    await budget.pace("GET", "/markets")
    assert clock.now_s >= 0.1 - 1e-9


def test_costs_match_placeholders_with_and_without_the_root():
    budget = Budget()
    budget.set_costs(
        10,
        [
            ("DELETE", "/trade-api/v2/portfolio/events/orders/:order_id", 3),
            ("GET", "/portfolio/orders/{order_id}", 4),
        ],
    )
    assert budget.cost("DELETE", f"{ORDERS}/abc") == 3
    assert budget.cost("GET", "/portfolio/orders/abc") == 4
    assert budget.cost("GET", "/portfolio/orders") == 10


def date_of(server_s):
    from email.utils import formatdate

    return formatdate(server_s, usegmt=True)


@given(
    st.integers(-600_000, 600_000),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 400)), min_size=1, max_size=20),
)
def test_the_offset_is_within_a_second_and_zero_for_a_good_clock(ahead_ms, asks):
    offset = ClockOffset()
    for at_ms, trip_ms in asks:
        sent = 1_790_000_000_000 + at_ms
        server_ms = sent + trip_ms // 2 + ahead_ms
        offset.observe(date_of(server_ms // 1000), sent * 10**6, (sent + trip_ms) * 10**6)
    assert abs(offset.ns - ahead_ms * 10**6) <= 1.2 * SECOND
    if ahead_ms == 0:
        assert offset.ns == 0


def test_a_clock_that_was_set_gives_new_bounds():
    offset = ClockOffset()
    offset.observe(date_of(1_790_000_000), 1_790_000_000 * SECOND, 1_790_000_000 * SECOND)
    assert offset.ns == 0
    offset.observe(date_of(1_790_000_100), 1_790_000_000 * SECOND, 1_790_000_000 * SECOND)
    assert offset.ns == 100 * SECOND + SECOND // 2
    offset.observe("nonsense", 0, 0)
    offset.observe(None, 0, 0)
    assert offset.ns == 100 * SECOND + SECOND // 2
