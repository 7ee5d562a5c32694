"""A wire that is long: a relay in which every byte travels for half of a round trip.

A program: the port of the server, the port that it has itself (0: any) and the round trip
in milliseconds; it prints its port, and ends with its input.  A connection is there at once,
other than on a long wire: so its first bytes leave a round trip later, as they would there.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

HOST = "127.0.0.1"
BACKLOG = 1000


class Lane:
    """One direction of a connection: what goes in comes out in order, ``delay`` seconds later."""

    def __init__(self, delay: float, opens: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay = delay
        self._opens = opens
        self._way: deque[tuple[float, bytes | None]] = deque()
        self._out: asyncio.Transport | None = None
        self._waits = False

    def leads_to(self, out: asyncio.Transport) -> None:
        """From now on there is somebody at the other end."""
        self._out = out
        self._arrive()

    def send(self, data: bytes | None) -> None:
        """Bytes, or the end of them."""
        self._way.append((max(self._loop.time(), self._opens) + self._delay, data))
        if not self._waits:
            self._arrive()

    def _arrive(self) -> None:
        self._waits = False
        if self._out is None:
            return
        now = self._loop.time()
        while self._way and self._way[0][0] <= now:
            data = self._way.popleft()[1]
            if data is None:
                self._out.close()
            else:
                self._out.write(data)
        if self._way:
            self._waits = True
            self._loop.call_at(self._way[0][0], self._arrive)


class End(asyncio.Protocol):
    """One end of a connection: what comes in here goes to ``onward``, what goes out is ``back``."""

    def __init__(self, onward: Lane, back: Lane) -> None:
        self._onward = onward
        self._back = back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """What was on its way here has arrived."""
        assert isinstance(transport, asyncio.Transport)
        self._back.leads_to(transport)

    def data_received(self, data: bytes) -> None:
        """Send it on."""
        self._onward.send(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever hangs up here is heard there, later."""
        self._onward.send(None)


async def serve(server: int, port: int, round_trip: float) -> None:
    """Relay between whoever connects and the server, until the input ends."""
    loop = asyncio.get_running_loop()
    pending: set[asyncio.Task[object]] = set()

    def accept() -> End:
        there = Lane(round_trip / 2, loop.time() + round_trip)
        back = Lane(round_trip / 2, 0.0)
        task = loop.create_task(loop.create_connection(lambda: End(back, there), HOST, server))
        pending.add(task)
        task.add_done_callback(pending.discard)
        return End(there, back)

    listening = await loop.create_server(accept, HOST, port, backlog=BACKLOG)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
