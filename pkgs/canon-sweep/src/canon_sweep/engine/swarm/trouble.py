"""What the Docker SDK raises, and what of it is told."""

from __future__ import annotations

import http.client
import json

import docker.errors
import urllib3.exceptions

from canon_sweep.core import names

# what the SDK raises when the engine cannot be spoken with
TROUBLE = (
    docker.errors.DockerException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    json.JSONDecodeError,
    OSError,
)


def told(error: docker.errors.APIError) -> str:
    """What the engine said when it refused, in one line."""
    return names.plain(" ".join(str(error.explanation or error).split()))


def innermost(error: BaseException) -> str:
    """The cause without the layers of libraries around it."""
    while isinstance(error.__cause__ or error.__context__, BaseException):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return names.plain(str(error)) or type(error).__name__
