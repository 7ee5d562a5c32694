"""Where a server is that is asked with a token: a URL of its own, without a login in it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def url_problem(url: str, example: str) -> str | None:
    """Say why a text is not where a server is that a token is sent to, or None."""
    expected = f"expected a URL such as {example}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return expected
    if parts.username is not None or parts.password is not None:
        return "a URL must not carry a login; the token is in tokenFile"
    is_whole = parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
    if not is_whole or " " in url or parts.query or parts.fragment:
        return expected
    if re.search(r"/api(/v\d+)?/*$", parts.path):
        return "is the server's own, without /api"
    return None
