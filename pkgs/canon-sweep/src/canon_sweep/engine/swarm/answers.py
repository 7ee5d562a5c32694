"""Answers of Docker's that are no success, and what is none the worse for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import docker.errors

from canon_sweep.core import names


def found(call: Callable[[], Any]) -> Mapping[str, Any] | None:
    """What is there; None if it is not."""
    try:
        answer: Mapping[str, Any] | None = call()
    except docker.errors.NotFound:
        return None
    return answer


def unless_busy(call: Callable[[], Any]) -> None:
    """Do it, unless the engine is at it already."""
    try:
        call()
    except docker.errors.APIError as error:
        # a network that only the node still has is "not found" with status 500
        if not error.is_client_error() and "not found" not in str(error.explanation):
            raise


def held(call: Callable[[], Any]) -> str:
    """Why something cannot be removed now; empty if it is gone."""
    try:
        found(call)
    except docker.errors.APIError as error:
        told = str(error.explanation)
        # a volume in use is a conflict, a secret an invalid argument
        if error.status_code == HTTPStatus.CONFLICT or "in use" in told:
            return names.plain(" ".join(told.split())[:300]) or "it is in use"
        raise
    return ""
