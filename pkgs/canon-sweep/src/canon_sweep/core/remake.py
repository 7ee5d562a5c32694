"""How a canonical that lost a part is made whole again, where it can be."""

from __future__ import annotations

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.release import Releases
from canon_sweep.core.version import TagRule, ordered


def advice(record: Canonical, releases: Releases, rule: TagRule, *, enrolled: bool) -> str:
    """What to type: only the latest release of an enrolled recipe is ever promoted."""
    test = f"canon-sweep test {record.recipe}"
    forget = f"canon-sweep forget {record.recipe} --reason TEXT"
    latest, proven = releases.latest, ordered(rule, record.release_tag)
    if not enrolled:
        return f"it takes no part in the sweep: enroll it again, or give it up: {forget}"
    if latest is None or (proven is not None and proven > latest.version):
        return f"{record.release_tag} was withdrawn, so nothing can prove it anew: {forget}"
    if latest.tag == record.release_tag:
        return f"make the canonical anew: {test}"
    return (
        f"only {latest.tag} can be proven now, by the next run or {test};"
        f" if that is red, give the lost one up: {forget}"
    )
