"""One HTTP request to an app, with an end whatever the app does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import requests

MAX_BODY = 1024 * 1024

Answer = tuple[int, str]


class NotYetError(Exception):
    """A probe that did not pass this time; the text says why."""


class NotThereError(NotYetError):
    """Nothing answered at all, so that nothing can have been changed either."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; redirects are answers, not followed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def bounded_request(request: Request, seconds: float) -> Answer:
    """Send a request and return the status and the beginning of the body.

    A time limit of the socket bounds one read only, and an app that drips bytes
    would be waited for without end.  So another thread does the waiting; one that
    is given up ends with the app.

    Raises:
        NotThereError: nobody accepts the connection.
        NotYetError: there was no whole answer within ``seconds``.
    """
    answers: queue.SimpleQueue[Answer | NotYetError] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(_send(request, seconds))
        except NotYetError as problem:
            answers.put(problem)

    threading.Thread(target=work, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise NotYetError(f"no whole answer within {seconds:g} s") from None
    if isinstance(answer, NotYetError):
        raise answer
    return answer


def _send(request: Request, seconds: float) -> Answer:
    with requests.Session() as session:
        session.trust_env = False  # a proxy of ours is none of the app's business
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
            body = answer.raw.read(MAX_BODY, decode_content=True)
        except requests.exceptions.ConnectTimeout as error:
            raise NotThereError("nobody answers") from error
        except requests.exceptions.ConnectionError as error:
            raise _broken(error) from error
        except Exception as error:  # whatever an app's answer makes the library raise
            raise NotYetError(f"no proper answer ({type(error).__name__})") from error
    return answer.status_code, body.decode("utf-8", "replace")


def _broken(error: requests.exceptions.ConnectionError) -> NotYetError:
    """A connection that was refused is not one that was accepted and then broke off."""
    if "NewConnectionError" in repr(error):
        return NotThereError("nobody answers")
    return NotYetError("the connection broke off")
