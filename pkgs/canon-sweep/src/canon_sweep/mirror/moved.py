"""Where a remote has moved to: a forge goes on answering at the old address for a while.

libgit2 follows its redirect and does not tell.  When somebody else makes a repository of
the old name, the redirect ends, and that one is what is read.
"""

from __future__ import annotations

from urllib.parse import urljoin

from canon_sweep import web
from canon_sweep.core.address import read_address
from canon_sweep.mirror import inforefs
from canon_sweep.mirror.address import Address
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.inforefs import ASKED
from canon_sweep.mirror.login import header
from canon_sweep.settings.credential import Credential

# a redirect that is for good; any other may be somewhere else tomorrow
_MOVED = (301, 308)
_MOST_STEPS = 4


def moved_to(where: Address, credential: Credential | None, deadline: Deadline) -> str:
    """The URL that its server says a remote has now; empty if it is where it was.

    Whatever cannot be found out is no move: the remote has just been read.
    """
    if where.scheme not in ("http", "https"):
        return ""
    now = where
    for _ in range(_MOST_STEPS):
        # a login is for its server alone
        login = header(credential) if where.has_server_of(now.url) else {}
        following = _next(now, login, min(inforefs.MOST_SECONDS, deadline.left()))
        if following is None:
            break
        now = following
    return now.url if now != where else ""


def _next(where: Address, login: dict[str, str], seconds: float) -> Address | None:
    """Where a server says that a remote is instead, if that is a remote as well."""
    if not seconds:
        return None
    try:
        answer = inforefs.ask(where.url, login, seconds)
        location = answer.headers.get("location", "")
        if answer.status not in _MOVED or not location.endswith(ASKED):
            return None
        asked = where.url.rstrip("/") + ASKED
        found = read_address(urljoin(asked, location).removesuffix(ASKED))
    except (web.WebFault, ValueError):
        return None
    # never from a line that nobody can read to one that everybody can
    return found if found.scheme in ("https", where.scheme) else None
