"""Starts keepers: it has Python up, and forks one for each order.

    starter.py ORDERS ROOM

A Python that starts costs more than all else that a service needs of us.  The starter is
started once, and ends with whoever has the other end of the socket ORDERS; what it has
forked does not need it.  ROOM is blank: what a keeper shows as its arguments goes there.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import socket
import sys
import traceback
from pathlib import Path

if __name__ == "__main__":
    # started without `site`, of which little is needed: the package is where this file is
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from canon_sweep.engine.local import keeper
from canon_sweep.engine.local.keeper import Order

# the descriptors that come with an order: its text, a keeper's gate, output and word
HANDED = 4


def serve(orders: socket.socket) -> None:
    """Fork a keeper for each order, until nobody can give one any more."""
    # the kernel buries our children: how its program ended says a keeper itself
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # a look for garbage would write to memory that we share with every keeper
    gc.disable()
    while True:
        message, handed, _, _ = socket.recv_fds(orders, 1, HANDED)
        if not message:
            return
        try:
            is_keeper = os.fork() == 0
        except OSError as error:
            is_keeper = False
            keeper.refuse(handed[-1], error)
        if is_keeper:
            orders.close()
            for descriptor in handed:
                # no program is to have them; Python 3.11 drops the flag that would say so above
                os.set_inheritable(descriptor, False)
            _keep(*handed)
        for descriptor in handed:
            os.close(descriptor)


def _keep(text: int, gate: int, output: int, word: int) -> None:
    """The child's part; it does not return."""
    try:
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        os.setsid()
        with open(text, "rb") as file:
            order = Order(*marshal.load(file))  # noqa: S302  # of our own parent
        keeper.show([*keeper.SHOWN, order.home])
        keeper.keep(order, gate, word)
    except (OSError, MemoryError) as error:
        keeper.refuse(word, error)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        serve(orders)
