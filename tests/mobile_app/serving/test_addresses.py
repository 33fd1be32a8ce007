"""Which addresses are printed, and which of them a browser gives a camera."""

import ipaddress

import pytest

from mobile_app.serving.addresses import browser_trusts, in_address, reachable_hosts


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7", "clinic.example", "fd00::7"])
def test_an_address_is_its_own_answer(host: str) -> None:
    assert reachable_hosts(host) == (host,)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_all_networks_are_addresses_that_can_be_opened(host: str) -> None:
    found = [ipaddress.ip_address(address) for address in reachable_hosts(host)]
    assert found
    assert not [address for address in found if address.is_unspecified or address.is_link_local]
    if host == "0.0.0.0":
        assert {address.version for address in found} == {4}


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert in_address("fd00::7") == "[fd00::7]"
    assert in_address("192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("ws://127.0.0.1:8550", True),
        ("ws://localhost:8550", True),
        ("ws://[::1]:8550", True),
        ("ws://app.localhost:8550", True),
        ("wss://192.0.2.7:8550", True),
        ("https://clinic.example", True),
        ("ws://192.0.2.7:8550", False),
        ("http://clinic.example", False),
        ("ws://localhost.example", False),
        ("", False),
    ],
)
def test_only_what_browsers_trust_has_a_camera(url: str, trusted: bool) -> None:
    assert browser_trusts(url) is trusted
