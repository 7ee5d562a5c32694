"""Where a remote is: its URL, checked before anything else looks at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from canon_sweep.core.names import printable
from canon_sweep.errors import SyncFault

_SCHEMES = ("file", "git", "http", "https", "ssh")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F]*:[0-9a-fA-F:.]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
# An ssh server hands the path to a shell, so nothing that a shell could read is let through.
_PATH = re.compile(r"[A-Za-z0-9._~/][A-Za-z0-9._~/%+,=@:-]*", re.ASCII)
_SCP = re.compile(r"(?:(?P<user>[^@:/]*)@)?(?P<host>[^@:/\[\]]+):(?P<path>[^/:].*|/(?!/).*)")


@dataclass(frozen=True, slots=True)
class Address:
    """A remote's URL and its parts.

    ``shown`` is the URL as an error or a log may print it.  ``user`` is only
    known for ssh; ``host`` is empty for a folder of this machine.
    """

    url: str
    shown: str
    scheme: str
    host: str = ""
    port: int | None = None
    user: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which its credential may be listed, the most exact first."""
        return (self.host,) if self.port is None else (f"{self.host}:{self.port}", self.host)


def redacted(text: str) -> str:
    """The URL without user, password and query: good for one line of a log."""
    bare = re.sub(r"//.*@", "//", text, flags=re.DOTALL)
    if bare == text and "://" not in text and not text.startswith("/"):
        bare = re.sub(r"^[^/]*@", "", text)
    return printable(bare.split("?")[0].split("#")[0])[1:-1]


def address(text: str) -> Address:
    """Read the URL of a remote.

    Raises:
        SyncFault: it is none of file, git, http, https, ssh or ``user@host:path``,
            carries a secret, or has a part that could be taken for an option.
    """
    if not text.isprintable() or text.startswith("-"):
        raise _refused(text, "it is not a URL")
    if text.startswith("/"):
        return Address(text, text, "file")
    if "://" not in text:
        return _scp(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refused(text, "it is not a URL") from None
    if parts.scheme not in _SCHEMES:
        raise _refused(text, "its scheme is none of " + ", ".join(_SCHEMES))
    if parts.scheme == "file":
        return _folder(text, parts)
    return _network(text, parts, port)


def _folder(text: str, parts: SplitResult) -> Address:
    if parts.netloc or not parts.path.startswith("/"):
        raise _refused(text, "a file URL is file:///folder")
    return Address(text, text, "file")


def _network(text: str, parts: SplitResult, port: int | None) -> Address:
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise _refused(text, "a URL must not carry a login: name a token file instead")
    if parts.query or parts.fragment:
        raise _refused(text, "it has a query or a fragment")
    _check(text, parts.hostname or "", parts.username, parts.path)
    where = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{where}{parts.path}"
    return Address(text, shown, parts.scheme, parts.hostname or "", port, parts.username)


def _scp(text: str) -> Address:
    found = _SCP.fullmatch(text)
    # A second `@` is somebody's `user:password@host`, not a path.
    if found is None or "@" in found["path"]:
        raise _refused(text, "it is neither a URL nor an absolute path")
    _check(text, found["host"], found["user"], found["path"])
    shown = f"{found['host']}:{found['path']}"
    return Address(text, shown, "ssh", found["host"].lower(), None, found["user"])


def _check(text: str, host: str, user: str | None, path: str) -> None:
    if not _HOST.fullmatch(host):
        raise _refused(text, "its host is not a host name")
    if user is not None and not _USER.fullmatch(user):
        raise _refused(text, "its user is not a user name")
    if not _PATH.fullmatch(path):
        raise _refused(text, "its path is empty or has characters that no forge uses")


def _refused(text: str, why: str) -> SyncFault:
    return SyncFault(
        f"the remote {redacted(text) or 'without a URL'} is refused: {why}",
        do="correct the recipe's upstream or mirror URL",
    )
