"""URLs of answers: a server may say anything there, and no secret may follow it elsewhere."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from canon_sweep.core import names


def joined(url: str, location: str) -> str:
    """Where a redirect leads; what is no URL is shown as it came, and is nobody's."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: those of one server."""
    parts = _split(url)
    if "\\" in parts.netloc:
        # for the library the host ends there, for us behind it: two who may not be mixed up
        return parts.scheme, None, -1
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


def shown(url: str) -> str:
    """A URL without a login and without a query, for one line."""
    parts = _split(url)
    host = parts.netloc.rpartition("@")[2]
    return names.plain(f"{parts.scheme}://{host}{parts.path}")[:200]


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
