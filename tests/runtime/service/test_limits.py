"""The rate limit's laws, and whose address it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.service.limits import ClientRates, client_of

RATES = st.floats(0.5, 600)
PAUSES = st.lists(st.floats(0, 30), min_size=1, max_size=200)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(rate=RATES, pauses=PAUSES)
def test_never_more_than_a_full_bucket_and_what_ran_in(rate: float, pauses: list[float]) -> None:
    clock = Clock()
    rates = ClientRates(per_minute=rate, clock=clock)
    allowed = 0
    for pause in pauses:
        clock.now += pause
        allowed += rates.seconds_to_wait("a") == 0
        assert allowed <= max(rate, 1) + (clock.now - 1000) * rate / 60 + 1e-5


@given(rate=RATES, pauses=PAUSES)
def test_who_waits_as_long_as_told_is_let_in(rate: float, pauses: list[float]) -> None:
    clock = Clock()
    rates = ClientRates(per_minute=rate, clock=clock)
    for pause in pauses:
        clock.now += pause
        wait = rates.seconds_to_wait("a")
        if wait:
            clock.now += wait
            assert rates.seconds_to_wait("a") == 0


@given(rate=RATES, others=st.lists(st.sampled_from("bcd"), max_size=100))
def test_others_take_nothing_from_a_client(rate: float, others: list[str]) -> None:
    rates = ClientRates(per_minute=rate, clock=Clock())
    for other in others:
        rates.seconds_to_wait(other)
    assert all(rates.seconds_to_wait("a") == 0 for _ in range(int(max(rate, 1) + 1e-6)))  # as the bucket rounds
    assert rates.seconds_to_wait("a") > 0


def test_memory_is_bounded_and_the_busiest_is_not_forgotten() -> None:
    rates = ClientRates(per_minute=1, clock=Clock(), max_clients=10)
    assert rates.seconds_to_wait("busy") == 0
    for number in range(1000):
        assert rates.seconds_to_wait(str(number)) == 0
        assert rates.seconds_to_wait("busy") > 0
    assert len(rates) == 10


def test_no_limit() -> None:
    rates = ClientRates(per_minute=0, clock=Clock())
    assert {rates.seconds_to_wait("a") for _ in range(1000)} == {0}


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("203.0.113.9", [], False, "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], False, "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], True, "198.51.100.1"),
        ("127.0.0.1", ["10.0.0.1, 198.51.100.1"], True, "198.51.100.1"),
        ("127.0.0.1", ["10.0.0.1", "198.51.100.1"], True, "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, not an address"], True, "127.0.0.1"),
        ("127.0.0.1", [""], True, "127.0.0.1"),
        ("127.0.0.1", [], True, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", [], False, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", [], False, "203.0.113.9"),
        (None, [], False, "unknown"),
        ("testclient", ["198.51.100.1"], False, "unknown"),
    ],
)
def test_whose_address_counts(peer: str | None, forwarded: list[str], trusted: bool, client: str) -> None:
    assert client_of(peer, forwarded, trust_proxy=trusted) == client
