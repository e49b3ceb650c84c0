"""Which hosts only this machine reaches, and with which nothing is overheard."""

import pytest

from beacon.model.hosts import is_loopback, is_private


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    """An address of the loopback network, and localhost, are this machine."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "0.0.0.0",  # noqa: S104 - nothing is bound to it
        "::",
        "10.0.0.1",
        "localhost.example",
        "127.0.0.1.nip",
    ],
)
def test_anything_else_may_be_another_machine(host: str) -> None:
    """What names every address, or has to be looked up, is not this machine."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("scheme", "host", "is_so"),
    [
        ("https", "x.example", True),
        ("https", "", False),
        ("http", "x.example", False),
        ("http", "127.0.0.1", True),
        ("http", "::1", True),
        ("http", "", False),
        ("ftp", "localhost", False),
        ("", "localhost", False),
    ],
)
def test_what_is_private_is_tls_or_stays_here(
    scheme: str, host: str, *, is_so: bool
) -> None:
    """Any other way can be listened to, and nowhere is no place to send a secret."""
    assert is_private(scheme, host) is is_so
