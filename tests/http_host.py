"""A server of HTTP, of which tests have several kinds."""

from __future__ import annotations

import logging
import socket
import struct
import sys
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any

# where the kernel has the bytes of a connection that came, and that went
_RECEIVED, _SENT, _INFO = 128, 200, 208
# shown with a test that fails, and not on stderr, which is what a later test may look at
_log = logging.getLogger(__name__)


class HttpHost(ThreadingHTTPServer):
    """Says little of a client that has hung up, and names one that has got no answer.

    That is no news where clients are killed; and a traceback that one thread prints while
    another has Python parsed trips over a bug of CPython 3.11's.
    """

    daemon_threads = True
    # whoever finds no place here comes again a second later
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of what is wrong with the server itself."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError):
            _log.warning("%s has hung up: %r", client_address, error)
        else:
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Hang up; a client that is told nothing else would not know whose fault that is."""
        with suppress(OSError, struct.error):  # a kernel may say less
            info = request.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO)
            received, sent = (struct.unpack_from("=Q", info, at)[0] for at in (_RECEIVED, _SENT))
            if not sent:
                who = request.getpeername()
                _log.warning("%s has said %d bytes and got no answer", who, received)
        super().shutdown_request(request)
