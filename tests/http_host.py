"""A server of HTTP, of which tests have several kinds."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class HttpHost(ThreadingHTTPServer):
    """Says little of a client that has hung up.

    That is no news where clients are killed; and a traceback that one thread prints while
    another has Python parsed trips over a bug of CPython 3.11's.
    """

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of what is wrong with the server itself."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError):
            print(f"{client_address} has hung up: {error!r}", file=sys.stderr)
        else:
            super().handle_error(request, client_address)
