"""The one door to HTTP: every request has an end, in time and in size.

Nothing of our environment takes part: no proxy, no ``.netrc``.  A redirect is an answer;
it is followed only where a request asks for it, and never to another host, which would
get the request's token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from canon_sweep.bounded import OverdueError, bounded
from canon_sweep.core import names, weburl
from canon_sweep.errors import HostFault

if TYPE_CHECKING:
    import requests

MAX_BODY = 1024 * 1024
# read in small parts: a compressed one may be a thousand times larger than it looks
CHUNK = 16 * 1024
MAX_TOKEN = 4096
# a shorter one is a part of many words
_SHORTEST_SECRET = 6

T = TypeVar("T")


class WebFault(HostFault):
    """A request that was not answered as it should; each way has its own class."""


class NobodyFault(WebFault):
    """Nobody accepts the connection, so that nothing can have been changed either."""


class BrokenFault(WebFault):
    """The connection broke off, cannot be trusted, or the answer is no HTTP."""


class SlowFault(WebFault):
    """There was no whole answer in time."""


class LargeFault(WebFault):
    """The answer is larger than anything that is expected."""


class TokenFault(WebFault):
    """The file with the token cannot be used; nothing was asked."""


class LoginFault(WebFault):
    """401: the token is wrong, or there is none."""


class RightsFault(WebFault):
    """403: the token is right, and does not allow this."""


class MissingFault(WebFault):
    """404: there is no such thing, or it is hidden from us."""


class RedirectFault(WebFault):
    """The answer is somewhere else."""


class ServerFault(WebFault):
    """5xx, or 429: the server cannot answer now."""


class StatusFault(WebFault):
    """Any other status that is no success."""


class ShapeFault(WebFault):
    """The answer is no JSON, or JSON of another shape."""


class Request(msgspec.Struct, frozen=True):
    """What is sent.

    ``token_file`` has a token on one line, sent as ``Authorization: <token_kind> …``.
    Up to ``redirects`` redirects to the same host are followed, for GET and HEAD.
    """

    method: str
    url: str
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    token_file: Path | None = None
    token_kind: str = "Bearer"  # noqa: S105  # a word of HTTP
    redirects: int = 0

    @property
    def shown(self) -> str:
        """The URL without a login and without a query, for one line."""
        return weburl.shown(self.url)


class Answer(msgspec.Struct, frozen=True):
    """What came back; ``whole`` is false where the body was longer than we read.

    The names of ``headers`` are in small letters.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def text(self) -> str:
        """The body as text, with marks for what is none."""
        return self.body.decode("utf-8", "replace")


def send(request: Request, seconds: float, *, most: int = MAX_BODY) -> Answer:
    """Send a request; the answer has whatever status, and ``most`` bytes of body at most.

    A time limit of the socket bounds one read only, and a server that drips bytes would
    be waited for without end.  So another thread does the waiting.

    Raises:
        TokenFault: the token cannot be read; nothing was sent.
        NobodyFault: nobody accepts the connection.
        BrokenFault: the answer broke off or is none.
        SlowFault: there was no whole answer within ``seconds``.
        RedirectFault: a redirect that should be followed leads to another host, or on and on.
    """
    # in this thread: what is read is the caller's, whatever becomes of the request
    headers = {**request.headers, **_authorization(request)}
    full = replace(request, headers=headers)
    try:
        return _untold(bounded(lambda: _followed(full, seconds, most), seconds), full)
    except OverdueError:
        raise SlowFault(f"{request.shown}: no whole answer within {seconds:g} s") from None


def json_of(answer: Answer, shape: type[T]) -> T:
    """The answer's JSON as a value of the type ``shape``.

    Raises:
        WebFault: the status is no success, the body too large, or no such JSON; each has
            its own class.
    """
    _check_status(answer)
    if not answer.whole:
        raise LargeFault(f"{answer.url} answers more than {len(answer.body)} bytes")
    if _is_html(answer):
        raise ShapeFault(
            f"{answer.url} answers with a page for people, not with JSON",
            do="see whether the URL is the server's own, or a login page in front of it",
        )
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except msgspec.ValidationError as error:
        raise ShapeFault(f"{answer.url} answers with JSON of another shape: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ShapeFault(f"{answer.url} answers with what is no JSON: {error}") from error


def _check_status(answer: Answer) -> None:
    status, said = answer.status, f"{answer.url} answers {answer.status}{_words(answer)}"
    if status == 401:
        raise LoginFault(said, do="make a new token, and write it into the token file")
    if status == 403:
        raise RightsFault(said, do="give the token's owner the right to this")
    if status == 404:
        raise MissingFault(said, do="see whether the URL is right and the token may see it")
    if status == 429 or status >= 500:
        raise ServerFault(said, do="try again later")
    if 300 <= status < 400:
        location = weburl.joined(answer.url, answer.headers.get("location", ""))
        raise RedirectFault(f"{said}: it is at {weburl.shown(location)}", do="use that URL")
    if not 200 <= status < 300:
        raise StatusFault(said)


def _words(answer: Answer) -> str:
    """The beginning of what a server says to a program; a page for people says nothing."""
    line = "" if _is_html(answer) else " ".join(answer.text[:1000].split())
    return f": {names.plain(line[:200])}" if line else ""


def _is_html(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") or answer.body.lstrip()[:1] == b"<"


def _authorization(request: Request) -> dict[str, str]:
    if request.token_file is None:
        return {}
    try:
        with request.token_file.open("rb") as file:
            token = file.read(MAX_TOKEN).strip()
    except OSError as error:
        raise TokenFault(
            f"the token file {request.token_file} cannot be read: {error.strerror}",
            do="put the token there, readable for the service",
        ) from error
    if not token or not all(0x21 <= byte <= 0x7E for byte in token):
        # the token itself is never told
        what = f"{request.token_file} has no token: one line without spaces is expected"
        raise TokenFault(what, do="write the token into it, and nothing else")
    return {"Authorization": f"{request.token_kind} {token.decode('ascii')}"}


def _untold(answer: Answer, request: Request) -> Answer:
    """An answer without our secret: a server may repeat what it was asked with, to complain."""
    secret = request.headers.get("Authorization", "").partition(" ")[2].encode()
    if len(secret) < _SHORTEST_SECRET or secret not in answer.body:
        return answer
    return replace(answer, body=answer.body.replace(secret, b"..."))


def _followed(request: Request, seconds: float, most: int) -> Answer:
    left = request.redirects if request.method in ("GET", "HEAD") else 0
    url = request.url
    while True:
        answer = _send(replace(request, url=url), seconds, most)
        location = answer.headers.get("location")
        if not request.redirects or answer.status not in (301, 302, 303, 307, 308) or not location:
            return answer
        if left == 0:
            raise RedirectFault(f"{request.shown} redirects without end")
        left, before, url = left - 1, url, weburl.joined(url, location)
        if weburl.origin(url) != weburl.origin(before):
            raise RedirectFault(
                f"{request.shown} redirects to another host: {weburl.shown(url)}", do="use that URL"
            )


def _send(request: Request, seconds: float, most: int) -> Answer:
    # a quarter of a program's start, for what most runs never ask
    import requests  # noqa: PLC0415

    with requests.Session() as session:
        session.trust_env = False
        # also of a redirect that it does not follow it would read the whole body, to look where
        session.get_redirect_target = _nowhere  # type: ignore[method-assign]
        try:
            answer = session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            )
            body, whole = _body(answer, most)
        except requests.exceptions.ConnectTimeout as error:
            raise NobodyFault(f"{request.shown}: nobody answers") from error
        except requests.exceptions.SSLError as error:
            why = names.plain(str(error))[-200:]
            raise BrokenFault(f"{request.shown}: it cannot be trusted ({why})") from error
        except requests.exceptions.ReadTimeout:
            raise SlowFault(f"{request.shown}: no whole answer within {seconds:g} s") from None
        except requests.exceptions.ConnectionError as error:
            raise _broken(request, error) from error
        except Exception as error:  # whatever an answer makes the library raise
            kind = type(error).__name__
            raise BrokenFault(f"{request.shown}: no proper answer ({kind})") from error
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(request.shown, answer.status_code, headers, body, whole)


def _nowhere(resp: requests.Response) -> str | None:  # noqa: ARG001 - as the library has it
    return None


def _body(answer: requests.Response, most: int) -> tuple[bytes, bool]:
    body = bytearray()
    while len(body) <= most:
        part = answer.raw.read(CHUNK, decode_content=True)
        if not part:
            return bytes(body), True
        body += part
    return bytes(body[:most]), False


def _broken(request: Request, error: requests.exceptions.ConnectionError) -> WebFault:
    """A connection that was refused is not one that was accepted and then broke off."""
    if any(name in repr(error) for name in ("NewConnectionError", "NameResolutionError")):
        return NobodyFault(f"{request.shown}: nobody answers")
    return BrokenFault(f"{request.shown}: the connection broke off")
