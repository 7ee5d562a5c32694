"""Reads our own form of a harness's result: ``canon-sweep-1``, see docs/harness.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from canon_sweep.core import names
from canon_sweep.core.image import Image
from canon_sweep.core.result import Tier
from canon_sweep.core.testimony import Kept, Said, Testimony, TierSaid

FORMAT = "canon-sweep-1"
_PROMISED = (Tier.INSTALL, Tier.UPGRADE)
# a test is over within a year
_MOST_SECONDS = 366 * 86400

_Text = Annotated[str, Meta(max_length=4000)]
_Seconds = Annotated[float, Meta(ge=0, le=_MOST_SECONDS)]


class _Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tier: Tier
    status: Said
    reason: _Text = ""
    seconds: _Seconds = 0.0


class _Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal["canon-sweep-1"]
    recipe: _Text
    run: _Text
    commit: _Text
    cold: bool
    tiers: Annotated[tuple[_Tier, ...], Meta(max_length=len(Tier))]
    tag: _Text = ""
    base: _Text | None = None
    ended: datetime | None = None
    stack: _Text = ""
    domain: _Text = ""
    volumes: Annotated[tuple[_Text, ...], Meta(max_length=1000)] = ()
    secrets: Annotated[tuple[_Text, ...], Meta(max_length=1000)] = ()
    images: Annotated[dict[str, _Text], Meta(max_length=1000)] = {}


_DECODER = msgspec.json.Decoder(_Result)


def read(content: bytes) -> Testimony:
    """What a file says.

    Raises:
        ValueError: it is not of this form; the text says where.
    """
    said = _DECODER.decode(content)
    _check(said)
    return Testimony(
        recipe=said.recipe,
        run=said.run,
        tiers=tuple(TierSaid(t.tier, t.status, t.reason, t.seconds) for t in said.tiers),
        promised=_PROMISED,
        ref=said.tag,
        commit=said.commit,
        version=said.tag,
        cold=said.cold,
        base=said.base or None,
        ended=said.ended,
        kept=Kept(said.stack, said.domain, said.volumes, said.secrets) if said.stack else None,
        images=tuple(Image(name=name, digest=digest) for name, digest in said.images.items()),
    )


def _check(said: _Result) -> None:
    problems = [*_problems(said)]
    if problems:
        raise ValueError(problems[0])


def _problems(said: _Result) -> Iterator[str]:
    if not said.commit:
        yield "commit is empty"
    if len({each.tier for each in said.tiers}) != len(said.tiers):
        yield "tiers has one of them twice"
    if said.ended is not None and said.ended.tzinfo is None:
        yield "ended has no time zone"
    if said.stack:
        yield from _kept_problems(said)
    elif said.volumes or said.secrets or said.domain:
        yield "volumes, secrets and domain are of a stack, and none is named"


def _kept_problems(said: _Result) -> Iterator[str]:
    if problem := names.stack_problem(said.stack):
        yield problem
    if not names.is_domain(said.domain):
        yield f"{names.printable(said.domain)} is no domain name"
    for kind, each in [("volume", v) for v in said.volumes] + [("secret", s) for s in said.secrets]:
        if problem := names.part_problem(each, kind):
            yield problem
        elif not each.startswith(f"{said.stack}_"):
            yield f"{kind} {names.printable(each)} is not the stack's by its name"
