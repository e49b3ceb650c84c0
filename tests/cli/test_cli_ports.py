"""One port with several sockets, which nobody else can take."""

from __future__ import annotations

import socket

import pytest

from beacon.cli.ports import Port
from beacon.model.errors import BeaconError, UsageError

HERE = "127.0.0.1"


def test_a_taken_port_is_refused_before_and_while_it_listens() -> None:
    """To a server like this one, and to any other program."""
    with Port(HERE, 0) as port:
        for workers in (0, 3):
            port.listen(workers)
            with pytest.raises(BeaconError, match="address already in use"):
                Port(HERE, port.number)
        with pytest.raises(OSError, match="in use"):
            socket.create_server((HERE, port.number), reuse_port=False)


def test_connections_wait_in_sockets_that_stay() -> None:
    """Each goes to one of them; more sockets do not disturb what waits."""
    with Port(HERE, 0) as port:
        port.listen(2)
        clients = [socket.create_connection((HERE, port.number)) for _ in range(20)]
        port.listen(4)
        accepted = []
        for listener in port.sockets:
            listener.setblocking(False)
            accepted += _accepted(listener)

        assert (len(port.sockets), len(accepted)) == (4, 20)
    for each in (*clients, *accepted):
        each.close()


def _accepted(listener: socket.socket) -> list[socket.socket]:
    found = []
    while True:
        try:
            found.append(listener.accept()[0])
        except BlockingIOError:
            return found


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5, 7])
def test_every_socket_is_served_and_every_worker_serves(workers: int) -> None:
    """However many there are of either."""
    with Port(HERE, 0) as port:
        port.listen(4)
        served = [port.served_by(worker, workers) for worker in range(workers)]

    assert {number for each in served for number in each} == {0, 1, 2, 3}
    assert all(served)


def test_a_port_can_be_taken_again_at_once() -> None:
    """Connections of the server before may linger."""
    with Port(HERE, 0) as port:
        port.listen(1)
        client = socket.create_connection((HERE, port.number))
        accepted, _ = port.sockets[0].accept()
        accepted.close()  # the server's end lingers
        client.close()
        number = port.number

    with Port(HERE, number) as again:
        again.listen(2)

        assert again.number == number


def test_a_host_that_is_none_is_refused() -> None:
    """In a sentence."""
    with pytest.raises(UsageError, match="is not an address of this machine"):
        Port("no host", 0)
