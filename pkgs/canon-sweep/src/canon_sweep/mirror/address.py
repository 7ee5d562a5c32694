"""A remote's URL, refused with its recipe's next step."""

from __future__ import annotations

from canon_sweep.core.address import Address, read_address, redacted
from canon_sweep.errors import SyncFault

__all__ = ["Address", "address", "redacted"]


def address(text: str) -> Address:
    """Read the URL of a remote.

    Raises:
        SyncFault: it is none that `core.address` reads.
    """
    try:
        return read_address(text)
    except ValueError as error:
        raise SyncFault(
            f"the remote {redacted(text) or 'without a URL'} is refused: {error}",
            do="correct the recipe's upstream or mirror URL",
        ) from None
