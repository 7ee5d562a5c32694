"""What is told of a test has none of its secrets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from canon_sweep.errors import Fault
from canon_sweep.settings.secretenv import SecretEnv


class _WithSecrets(Protocol):
    secrets: SecretEnv


_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S", bound=_WithSecrets)


def hiding(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """What a fault quotes of the secrets is taken out before anybody records it."""

    @functools.wraps(method)
    def call(self: _S, /, *words: _P.args, **more: _P.kwargs) -> _R:
        try:
            return method(self, *words, **more)
        except Fault as fault:
            self.secrets.hide_in(fault)
            raise

    return call
