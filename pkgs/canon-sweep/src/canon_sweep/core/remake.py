"""How a canonical that lost a part is made whole again, where it can be."""

from __future__ import annotations

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.release import Releases
from canon_sweep.core.version import TagRule, ordered


def advice(record: Canonical, releases: Releases | None, rule: TagRule, *, enrolled: bool) -> str:
    """What to type: only the latest release of an enrolled recipe is ever promoted.

    ``releases`` None: they could not be read.
    """
    test, instead = f"canon-sweep test {record.recipe}", give_up(record)
    if not enrolled:
        return f"it takes no part in the sweep: enroll it again, or {instead}"
    if releases is None:
        return f"make the canonical anew: {test}; if that promotes nothing, {instead}"
    latest, proven = releases.latest, ordered(rule, record.release_tag)
    if latest is None or (proven is not None and proven > latest.version):
        return f"{record.release_tag} was withdrawn, so nothing can prove it anew; {instead}"
    if latest.tag == record.release_tag:
        return f"make the canonical anew: {test}; if that is red, {instead}"
    return (
        f"only {latest.tag} can be proven now, by the next run or {test}; if that is red, {instead}"
    )


def give_up(record: Canonical) -> str:
    """How to do without a canonical, which works whatever is known of its releases."""
    return f"give this canonical up: canon-sweep forget {record.recipe} --reason TEXT"
