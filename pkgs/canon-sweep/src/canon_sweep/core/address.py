"""Where a remote or an engine is: its URL, read before anything looks at it."""

from __future__ import annotations

import functools
import ipaddress
import posixpath
import re
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from canon_sweep.core.names import printable

_SCHEMES = ("file", "git", "http", "https", "ssh")
# this machine, by whatever it answers to without being asked who it is
_HERE = re.compile(
    r"localhost(\.localdomain)?\.?|127(\.0){0,2}\.1|::1|::ffff:(127\.0\.0\.1|7f00:1)"
)
_DEFAULT_PORTS = {"git": 9418, "http": 80, "https": 443, "ssh": 22}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F]*:[0-9a-fA-F:.]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
# An ssh server hands the path to a shell, so nothing that a shell could read is let through.
_PATH = re.compile(r"[A-Za-z0-9._~/][A-Za-z0-9._~/%+,=@:-]*", re.ASCII)
_SCP = re.compile(r"(?:(?P<user>[^@:/]*)@)?(?P<host>[^@:/\[\]]+):(?P<path>[^/:].*|/(?!/).*)")
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_MAX_PORT = 65535

_ENGINE_SCHEMES = ("tcp", "http", "https")
_FORWARDING = "`ssh -NL 2375:/var/run/docker.sock USER@HOST`, then tcp://localhost:2375"


class Address(msgspec.Struct, frozen=True):
    """A remote's URL and its parts.

    ``shown`` is the URL as an error or a log may print it.  ``user`` is only
    known for ssh; ``host`` is empty for a folder of this machine.
    """

    url: str
    shown: str
    scheme: str
    path: str
    host: str = ""
    port: int | None = None
    user: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which its credential may be listed, the most exact first."""
        return (self.host,) if self.port is None else (f"{self.host}:{self.port}", self.host)

    def has_server_of(self, url: str) -> bool:
        """Whether this URL is on the same server: by the same scheme, host and port."""
        try:
            other = urlsplit(url)
            port = other.port
        except ValueError:
            return False
        default = _DEFAULT_PORTS.get(self.scheme)
        return (other.scheme, other.hostname, port or default) == (
            self.scheme,
            self.host.casefold(),
            self.port or default,
        )


def redacted(text: str) -> str:
    """The URL without user, password and query: good for one line of a log."""
    # no regular expression: a server may lead to anything, as long as it likes
    before, slashes, behind = text.partition("//")
    bare = before + slashes + (behind.rpartition("@")[2] if slashes else "")
    if bare == text and "://" not in text and not text.startswith("/"):
        bare = re.sub(r"^[^/]*@", "", text)
    return printable(bare.split("?")[0].split("#")[0])[1:-1]


# a recipe's two are read many times in a row
@functools.lru_cache(maxsize=64)
def read_address(text: str) -> Address:
    """Read the URL of a remote.

    Raises:
        ValueError: it is none of file, git, http, https, ssh or ``user@host:path``,
            carries a secret, or has a part that could be taken for an option.  The
            message says why, and nothing of the URL, which may be a secret.
    """
    if not text.isprintable() or text.startswith("-"):
        raise ValueError("it is not a URL")
    if text.startswith("/"):
        return Address(text, text, "file", text)
    if "://" not in text:
        return _scp(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("its scheme is none of " + ", ".join(_SCHEMES))
    if parts.scheme == "file":
        return _folder(text, parts)
    return _network(text, parts, port)


def address_problem(text: str) -> str | None:
    """Say why a text is no remote's URL, without the text, or None."""
    try:
        read_address(text)
    except ValueError as error:
        return str(error)
    return None


def same_place(text: str) -> str:
    """One spelling for all URLs of one repository, to be compared and never opened.

    A forge has one repository behind http, https and ssh, with and without ``.git``,
    in small letters and in large ones, whoever logs in.  Two folders of this machine
    are apart if only ``.git`` or the size of a letter keeps them so.

    Raises:
        ValueError: as for `read_address`.
    """
    address = read_address(text)
    folder = folder_of(text)
    if folder is not None:
        return "file:" + (_tidy(folder).removesuffix("/.git") or "/")
    # only a URL has escapes; after `host:` a % is a %
    path = unquote(address.path) if "://" in text else address.path
    path = _tidy(path.casefold()).removesuffix(".git").rstrip("/")
    if address.scheme == "ssh":
        path = re.sub("^/~/", "/", path)  # where `host:path` begins as well
    # ssh has a port of its own, whatever the port of the same forge's pages
    odd = address.scheme != "ssh" and address.port not in (None, _DEFAULT_PORTS[address.scheme])
    return f"{_one_host(address.host)}{f':{address.port}' if odd else ''}{path}"


def folder_of(text: str) -> str | None:
    """The folder of this machine that a remote's URL names, or None if it is elsewhere.

    Raises:
        ValueError: as for `read_address`.
    """
    address = read_address(text)
    if address.scheme != "file":
        return None
    # only a URL has escapes; in a folder's name a % is a %
    return address.path if text.startswith("/") else unquote(address.path)


def credential_problem(key: str) -> str | None:
    """Say why a credential's name can be that of no remote's host, or None."""
    if "://" in key or "/" in key or "@" in key:
        return "a login is listed by its host alone, e.g. git.example.org"
    if key != key.lower():
        return f"a host is written in small letters: {printable(key.lower())}"
    host, colon, port = key.rpartition(":")
    if _HOST.fullmatch(key):
        return None
    if not colon or not _HOST.fullmatch(host):
        return "it is no host name, e.g. git.example.org or git.example.org:8443"
    if not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
        return f"{printable(port)} is no port"
    return None


def engine_problem(text: str) -> str | None:
    """Say why a text is not where a Docker Engine may listen, or None."""
    expected = "expected a URL such as unix:///var/run/docker.sock or tcp://host:2375"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return expected
    if parts.password is not None:
        return "a URL must not carry a login"
    if not text.isprintable() or parts.query or parts.fragment:
        return expected
    if parts.scheme == "unix":
        return None if re.match(r"unix:///[^/]", text) else expected
    if parts.scheme not in (*_ENGINE_SCHEMES, "ssh") or not _HOST.fullmatch(parts.hostname or ""):
        return expected
    return _engine_host_problem(parts)


def _engine_host_problem(parts: SplitResult) -> str | None:
    if parts.scheme == "ssh":
        # the client's calls through it have no time limit, and it needs a library of its own
        return f"an engine is not reached by ssh; forward its socket: {_FORWARDING}"
    return (
        None if parts.port else f"{parts.scheme}:// needs a port, e.g. {parts.scheme}://host:2375"
    )


def _one_host(host: str) -> str:
    """A host in one spelling; an address of the sixth version has many, and so has this machine."""
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        host = host.lower()
    return "localhost" if _HERE.fullmatch(host) else host


def _tidy(path: str) -> str:
    """A path without ``.``, ``..``, doubled and trailing slashes."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _folder(text: str, parts: SplitResult) -> Address:
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("a file URL is file:///folder")
    if not unquote(parts.path).isprintable():
        raise ValueError("its folder's name has a character that nobody could see")
    return Address(text, text, "file", parts.path)


def _network(text: str, parts: SplitResult, port: int | None) -> Address:
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise ValueError("a URL must not carry a login: name a token file instead")
    if parts.query or parts.fragment:
        raise ValueError("it has a query or a fragment")
    host = parts.hostname or ""
    _check(host, parts.username, parts.path)
    where = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{where}{parts.path}"
    return Address(text, shown, parts.scheme, parts.path, host, port, parts.username)


def _scp(text: str) -> Address:
    found = _SCP.fullmatch(text)
    # A second `@` is somebody's `user:password@host`, not a path.
    if found is None or "@" in found["path"]:
        raise ValueError("it is neither a URL nor an absolute path")
    host, user, path = found["host"], found["user"], found["path"]
    if user is None and host.lower() in _SCHEMES:
        raise ValueError(f"after {host}: there are two slashes")
    _check(host, user, path)
    return Address(text, f"{host}:{path}", "ssh", path, host.lower(), None, user)


def _check(host: str, user: str | None, path: str) -> None:
    if not _HOST.fullmatch(host):
        raise ValueError("its host is not a host name")
    if user is not None and not _USER.fullmatch(user):
        raise ValueError("its user is not a user name")
    if not _PATH.fullmatch(path):
        raise ValueError("its path is empty or has characters that no forge uses")
