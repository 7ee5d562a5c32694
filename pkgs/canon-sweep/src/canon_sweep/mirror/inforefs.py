"""What libgit2 asks a remote over HTTP first, asked by ourselves.

It shows neither an answer's headers nor where it was redirected to.
"""

from __future__ import annotations

from collections.abc import Mapping

from canon_sweep import web

ASKED = "/info/refs?service=git-upload-pack"
MOST_SECONDS = 5.0
"""How long anybody waits for what is only asked beside a sync."""


def ask(url: str, headers: Mapping[str, str], seconds: float) -> web.Answer:
    """The answer's head, whatever it says; no redirect is followed.

    Raises:
        WebFault: there is none within ``seconds``.
    """
    request = web.Request("GET", url.rstrip("/") + ASKED, headers=headers)
    return web.send(request, seconds, most=1024)
