"""A harness whose tests can be ended from outside: by who sees that the disk fills up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from canon_sweep.core.attempts import Took
from canon_sweep.core.result import CiResult
from canon_sweep.harness.order import Order
from canon_sweep.harness.protocol import Harness


class Watched(msgspec.Struct, frozen=True):
    """Does all that the harness does; each test within ``watch``."""

    harness: Harness
    watch: Callable[[], AbstractContextManager[None]]

    def test(self, order: Order) -> CiResult:
        """As `Harness`; a test that was ended is a `HostFault`, and is taken down."""
        with self.watch():
            return self.harness.test(order)

    def discard(self, result: CiResult) -> None:
        """As `Harness`."""
        self.harness.discard(result)

    def took(self) -> Took | None:
        """As `Harness`."""
        return self.harness.took()

    def unsettled(self) -> tuple[str, ...]:
        """As `Harness`."""
        return self.harness.unsettled()
