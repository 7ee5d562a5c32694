"""A recipe's line as it grows: decided, with its facts, tested, or broken off."""

from __future__ import annotations

import shlex

import msgspec

from canon_sweep.core import denial
from canon_sweep.core.adoption import NOT_FOLLOWED
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts
from canon_sweep.errors import Fault, HostFault, Interrupted, RoomFault, SyncFault, TimeFault
from canon_sweep.harness.tested import Tested
from canon_sweep.report.records import Entry, Ignored
from canon_sweep.settings.recipe import Recipe


def entry_of(recipe: Recipe, decision: Decision) -> Entry:
    """A recipe's line as far as it is decided."""
    return Entry(
        recipe=recipe.name,
        code=decision.code,
        sentence=decision.sentence,
        tag=decision.target.tag if decision.target else "",
        commit=decision.target.commit if decision.target else "",
        notes=(*decision.notes, *recipe.notes),
    )


def with_facts(entry: Entry, facts: Facts) -> Entry:
    """A line with what the decision rested on."""
    return msgspec.structs.replace(
        entry,
        canonical=facts.canonical.release_tag if facts.canonical else "",
        adopted=facts.canonical is not None and facts.canonical.is_adopted,
        ignored_tags=tuple(Ignored(tag=x.tag, reason=x.reason) for x in facts.releases.ignored),
    )


def with_tested(entry: Entry, tested: Tested) -> Entry:
    """A line with how its test ended."""
    result = tested.result
    # a record that was none so far is what counts from now on
    noted = (note for note in entry.notes if not (tested.record and note.code == NOT_FOLLOWED))
    return msgspec.structs.replace(
        entry,
        outcome=tested.outcome,
        reason=tested.reason or f"{entry.tag} is the canonical now",
        canonical=tested.record.release_tag if tested.record else entry.canonical,
        adopted=entry.adopted and not tested.record,
        canonical_writes=1 if tested.record else 0,
        base=result.base if result else None,
        broken_bases=result.broken_bases if result else (),
        stepped_back=result.stepped_back if result else False,
        tiers=result.tiers if result else (),
        images=result.images if result else (),
        refused=tested.refused,
        attempts=tested.attempts,
        flaky=tested.flaky,
        again=tested.again,
        repeat=_repetition(entry, tested) if tested.outcome is Outcome.RED else "",
        notes=(*noted, *tested.notes),
    )


def _repetition(entry: Entry, tested: Tested) -> str:
    """The command that tests the same once more."""
    commit = tested.result.commit if tested.result else entry.commit
    what = f"--version {shlex.quote(entry.tag)}" if entry.tag else f"--ref {commit}"
    how = f"{' --quick' * entry.quick}{' --without-pin' * entry.without_pin}"
    return f"canon-sweep test {entry.recipe} {what}{how}"


def broken_off(entry: Entry, why: BaseException) -> Entry:
    """A line that came to no end: what was known of the release stays, the verdict is new."""
    code, sentence = _verdict_on(why)
    return msgspec.structs.replace(entry, code=code, sentence=sentence)


# the most exact first
_CODES = (
    (RoomFault, Code.DISK),
    (HostFault, Code.HOST_ERROR),
    (SyncFault, Code.SYNC_ERROR),
    (Fault, Code.INTERNAL_ERROR),
)


def _verdict_on(why: BaseException) -> tuple[Code, str]:
    if isinstance(why, (TimeFault, Interrupted)):
        return Code.OUT_OF_TIME, f"broken off: {why}"
    for kind, code in _CODES:
        if isinstance(why, kind):
            return code, str(why)
    if exhaustion := denial.exhaustion(why):
        return Code.HOST_ERROR, str(exhaustion)
    bug = f"{type(why).__name__}: {why}".splitlines()[0]
    sentence = f"a bug in canon-sweep ({bug}); the recipe's log has the traceback"
    return Code.INTERNAL_ERROR, sentence
