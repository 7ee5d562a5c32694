"""One HTTP request to an app, as a probe sees its answer."""

from __future__ import annotations

from canon_sweep import web
from canon_sweep.web import Request

__all__ = ["Answer", "NotThereError", "NotYetError", "Request", "bounded_request"]

Answer = tuple[int, str]


class NotYetError(Exception):
    """A probe that did not pass this time; the text says why."""


class NotThereError(NotYetError):
    """Nothing answered at all, so that nothing can have been changed either."""


def bounded_request(request: Request, seconds: float) -> Answer:
    """Send a request and return the status and the beginning of the body.

    Raises:
        NotThereError: nobody accepts the connection.
        NotYetError: there was no whole answer within ``seconds``.
    """
    try:
        answer = web.send(request, seconds)
    except web.NobodyFault as fault:
        raise NotThereError(_why(request, fault)) from fault
    except web.WebFault as fault:
        raise NotYetError(_why(request, fault)) from fault
    return answer.status, answer.text


def _why(request: Request, fault: web.WebFault) -> str:
    # the probe is named by whoever reports it
    return fault.what.removeprefix(f"{request.shown}: ")
