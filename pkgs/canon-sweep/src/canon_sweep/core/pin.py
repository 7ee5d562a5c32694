"""Whether a pinned base is still needed: what the next upgrade would start from without it.

What counts is the release after the latest.  It is upgraded from the canonical, so a pin is
redundant from the day on which a canonical is proven that is not older than the pinned base.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.override import Override
from canon_sweep.core.release import Releases
from canon_sweep.core.result import BrokenBase, Status, Tier
from canon_sweep.core.version import TagRule, ordered

NOT_SHOWN = "not shown"
"""Of a base: the results of the run that upgraded from it do not tell."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the results of one run tell of a recipe's bases.

    ``tag`` is what was tested, ``base`` what its upgrade started from (empty: not told),
    ``upgraded`` whether that tier passed; ``broken`` are the bases that did not come up.
    """

    run_id: str
    tag: str = ""
    base: str = ""
    upgraded: bool = False
    broken: tuple[BrokenBase, ...] = ()
    without_pin: bool = False


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has shown."""

    run_id: str
    shows: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a pin is needed, why, and which runs show it.

    ``dynamic`` is what the next release would be upgraded from without it, empty if nothing
    or if nobody knows.
    """

    needed: bool
    why: str
    dynamic: str = ""
    evidence: tuple[Evidence, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """What is known of a recipe's bases; ``seen`` has the newest run first.

    ``releases`` None: upstream was not asked.
    """

    rule: TagRule
    canonical: Canonical | None = None
    releases: Releases | None = None
    seen: Sequence[Seen] = ()
    attempts: Sequence[Attempt] = ()


def standing(pin: Override, known: Known) -> Standing:
    """Judge a pin."""
    if known.releases is not None and known.releases.of_tag(pin.subject) is None:
        return Standing(needed=False, why="it is no release, so every test puts it aside")
    if known.canonical is None:
        latest = known.releases.latest if known.releases else None
        dynamic = latest.tag if latest else ""
        needed, why = True, _unproven(pin, known, dynamic)
    else:
        dynamic = known.canonical.release_tag
        needed, why = _against(pin, known, known.canonical)
    # what was shown again and again is shown by the newest run
    evidence: dict[str, Evidence] = {}
    for each in _evidence(pin, known, dynamic, needed=needed):
        evidence.setdefault(each.shows, each)
    return Standing(needed=needed, why=why, dynamic=dynamic, evidence=tuple(evidence.values()))


def last_base(seen: Sequence[Seen]) -> str:
    """What the last upgrade started from, as far as its results tell; empty without one."""
    last = next((each for each in seen if each.upgraded), None)
    return "" if last is None else last.base or NOT_SHOWN


def _against(pin: Override, known: Known, canonical: Canonical) -> tuple[bool, str]:
    """Whether it is needed beside a canonical, and why."""
    dynamic = canonical.release_tag
    proven, pinned = ordered(known.rule, dynamic), ordered(known.rule, pin.subject)
    if proven is None or pinned is None:
        return True, f"the canonical {dynamic} has no place in the order of versions"
    if proven < pinned:
        return True, f"without it an upgrade would start from the canonical {dynamic}, an older one"
    since = [each for each in known.seen if each.run_id > canonical.run_id]
    about = [each for each in since if _tells_of(each, dynamic)]
    if about and _broken(about[0], dynamic):
        return True, f"the canonical {dynamic} did not come up the last time it was a base"
    if not (canonical.run_id or about):
        made = f"the canonical {dynamic} was made by another tool"
        return True, f"{made}, and that it comes up as a base is {NOT_SHOWN}"
    same = "the pinned one" if proven == pinned else "newer than the pinned one"
    return False, f"an upgrade starts from the canonical {dynamic}, {same}, without it too"


def _unproven(pin: Override, known: Known, dynamic: str) -> str:
    """Why it is needed where no canonical says what comes up."""
    why = "there is no canonical, so no base is proven"
    red = next(_reds({pin.subject, dynamic}, known.attempts), None)
    if red is not None:
        return f"{why}: {red.key.tag} was red ({red.reason})"
    return f"{why}: nothing shows that {dynamic} comes up" if dynamic else why


def _evidence(pin: Override, known: Known, dynamic: str, *, needed: bool) -> Iterator[Evidence]:
    """What runs have shown: of what is needed why, of what is redundant what proves its base."""
    if needed:
        for red in _reds({pin.subject, dynamic}, known.attempts):
            yield Evidence(run_id=red.run_id, shows=f"{red.key.tag} was red: {red.reason}")
    if dynamic:
        yield from _shown(dynamic, known)
    if needed:
        for each in known.seen:
            yield from (_failed(each, base) for base in each.broken if base.tag != dynamic)


def _reds(tags: set[str], attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The cold reds of these tags, the last first; none of a tag that was green since."""
    settled: set[str] = set()
    for attempt in reversed(attempts):
        tag = attempt.key.tag
        if tag not in tags or tag in settled or attempt.quick:
            continue
        if attempt.outcome is Outcome.RED:
            yield attempt
        if attempt.outcome not in (Outcome.INFRA, Outcome.OUT_OF_TIME):
            settled.add(tag)


def _shown(tag: str, known: Known) -> Iterator[Evidence]:
    """What runs have shown of a base, the newest first."""
    for each in known.seen:
        broken = _broken(each, tag)
        if broken is not None:
            yield _failed(each, broken)
        elif _tells_of(each, tag):
            how = ", without the pin" if each.without_pin else ""
            yield Evidence(run_id=each.run_id, shows=f"{_what(each)} was upgraded from {tag}{how}")
        elif each.upgraded and not each.base:
            shows = f"what {_what(each)} was upgraded from is {NOT_SHOWN}"
            yield Evidence(run_id=each.run_id, shows=shows)
    record = known.canonical
    if record is not None and record.release_tag == tag and record.run_id:
        again = record.tiers.get(Tier.REATTACH) == Status.PASS
        shows = f"{tag} was promoted: it came up from nothing{', and was taken up again' * again}"
        yield Evidence(run_id=record.run_id, shows=shows)


def _tells_of(seen: Seen, tag: str) -> bool:
    return (seen.upgraded and seen.base == tag) or _broken(seen, tag) is not None


def _broken(seen: Seen, tag: str) -> BrokenBase | None:
    return next((broken for broken in seen.broken if broken.tag == tag), None)


def _failed(seen: Seen, base: BrokenBase) -> Evidence:
    return Evidence(
        run_id=seen.run_id, shows=f"{base.tag} did not come up as a base: {base.reason}"
    )


def _what(seen: Seen) -> str:
    return seen.tag or "a commit"
