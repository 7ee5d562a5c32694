"""The variables of one deployment; no file of the recipe is ever executed."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from canon_sweep.core import abrash, envfile, placeholder
from canon_sweep.core.envfile import Comment, EnvFile
from canon_sweep.core.unread import Unread

SAMPLE = ".env.sample"
ABRA_SH = "abra.sh"
CHAIN = "COMPOSE_FILE"
FIRST = "compose.yml"
# as an operator's value may name the recipe's own chain
_OWN_CHAIN = re.compile(r"\$\{COMPOSE_FILE\}|\$COMPOSE_FILE(?![A-Za-z0-9_])", re.ASCII)


class AppEnv(msgspec.Struct, frozen=True):
    """The variables of a deployment, the comments behind those of ``.env.sample``, and
    what of the recipe's files could not be read.
    """

    values: Mapping[str, str]
    comments: Mapping[str, Comment]
    unread: tuple[Unread, ...]


def app_env(
    sample: str, abra_sh: str, operator: Mapping[str, str], *, recipe: str, stack: str, domain: str
) -> AppEnv:
    """The variables that the compose files of one deployment are read with.

    The exports of ``abra.sh`` (config versions), the sample's values, the operator's on
    top, then the names of this deployment.  The sample can use the operator's values and
    those names; in the operator's values, ``{domain}`` and ``{stack}`` stand for them.

    Raises:
        RecipeFault: the sample's values grow without bound.
    """
    exports = abrash.read(ABRA_SH, abra_sh)
    ours = {"domain": domain, "stack": stack}
    fixed = {name: placeholder.filled(value, ours) for name, value in operator.items()}
    fixed |= {"TYPE": recipe, "DOMAIN": domain, "STACK_NAME": stack}
    asked = fixed.pop(CHAIN, None)
    own = _sample(sample, fixed)
    if asked is not None:
        fixed[CHAIN] = _OWN_CHAIN.sub(lambda _: own.values.get(CHAIN) or FIRST, asked)
        own = _sample(sample, fixed)
    return AppEnv(
        values={**exports.values, **own.values, **fixed},
        comments=own.comments,
        unread=(*own.unread, *exports.unread),
    )


def _sample(text: str, fixed: Mapping[str, str]) -> EnvFile:
    return envfile.read(SAMPLE, text, fixed=fixed, initial={CHAIN: FIRST})


def compose_files(values: Mapping[str, str]) -> tuple[str, ...]:
    """The compose files to deploy, in order (``COMPOSE_FILE``, colon-separated)."""
    chain = values.get(CHAIN) or FIRST
    return tuple(dict.fromkeys(part for part in chain.split(":") if part))
