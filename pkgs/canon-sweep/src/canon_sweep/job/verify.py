"""Every record against what it names: the tag, the commit, the volumes, the secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.release import Releases
from canon_sweep.errors import Fault, HostFault, StateFault, SyncFault
from canon_sweep.harness.quick import lost_parts
from canon_sweep.job import strays
from canon_sweep.job.atwork import at_work
from canon_sweep.job.finding import Finding
from canon_sweep.job.finish import check_state
from canon_sweep.job.survey import surveyed
from canon_sweep.job.theirs import advice_now, configured, findings, kept, releases_now
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.settings.records import Settings
from canon_sweep.state.journal import QuickRun, unfinished
from canon_sweep.state.store import State

_STRAYS = "stacks, volumes and secrets that nothing names"


class _Subject(msgspec.Struct, frozen=True):
    """A record, and what upstream has now: why nobody can tell, None if it is not asked."""

    record: Canonical
    now: Releases | Fault | None


Check = Callable[[_Subject, Parts], Iterator[str]]


def verify(settings: Settings, around: Surroundings) -> tuple[Finding, ...]:
    """Check the record of every recipe that has one, every stray record, stack and volume.

    A finding of the recipe ``-`` is of no record: what cannot be read, what is unfinished,
    and what nothing names.

    Raises:
        UsageFault: the state is somebody else's.
        StateFault: the records cannot be listed.
    """
    check_state(settings)
    parts = parts_to_look(settings, around)
    known = sorted(set(settings.recipes) | set(parts.state.current.recipes()))
    followed = parts.state.followed
    if followed is not None:
        with surveyed(configured(kept(known, followed), parts), parts, around.say):
            found = (*findings(known, followed, parts), *_of_before(parts.state))
    else:
        found = tuple(_own(known, parts, around))
    return (*found, *_lost(parts.state), *_unread(parts.state), *_unnamed(parts))


def _own(names: Sequence[str], parts: Parts, around: Surroundings) -> Iterator[Finding]:
    """What our own engines keep."""
    read = {name: _record(name, parts) for name in names}
    kept_now = [name for name, record in read.items() if isinstance(record, Canonical)]
    with surveyed(configured(kept_now, parts), parts, around.say):
        for name, record in read.items():
            found = _subject(name, parts) if isinstance(record, Canonical) else record
            if isinstance(found, Fault):
                yield Finding(recipe=name, problems=(str(found),))
            elif found is not None:
                yield _find(found, parts)


def _subject(recipe: str, parts: Parts) -> _Subject | Fault | None:
    """Upstream comes first, which may take a while: a run may promote another record meanwhile.

    It is asked once, whatever has to be known of it.
    """
    now = releases_now(recipe, parts)
    record = _record(recipe, parts)
    return _Subject(record, now) if isinstance(record, Canonical) else record


def _record(recipe: str, parts: Parts) -> Canonical | Fault | None:
    try:
        return parts.state.canonicals.read(recipe)
    except Fault as fault:
        return fault


def _of_before(state: State) -> Iterator[Finding]:
    """What our own engines have kept, where a harness promotes by itself now."""
    records, problems = state.canonicals.read_all()
    for recipe, record in sorted(records.items()):
        yield Finding(
            recipe=recipe,
            remark="a canonical of our own is kept from before the harness,"
            f" {record.release_tag} in {record.stack}; nothing is decided by it, and without the"
            f" harness canon-sweep forget {recipe} takes it back",
        )
    for recipe, problem in sorted(problems.items()):
        yield Finding(recipe=recipe, problems=(problem,))


def _find(subject: _Subject, parts: Parts) -> Finding:
    record = subject.record
    problems: list[str] = []
    unchecked: list[str] = []
    checks: tuple[Check, ...] = (
        _history_problems,
        _configuration_problems,
        _kept_problems,
        _tag_problems,
    )
    # each by itself: a remote that is down must not hide a volume that is gone
    for check in checks:
        try:
            problems += check(subject, parts)
        except (HostFault, SyncFault) as fault:
            unchecked.append(str(fault))
        except Fault as fault:
            problems.append(str(fault))
    return Finding(
        recipe=record.recipe,
        canonical=record.release_tag,
        adopted=record.is_adopted,
        problems=tuple(problems),
        unchecked=(*unchecked, *_out_of_reach(record, parts)),
        remark=f"a record only: {record.data_lost}" if record.unkept else "",
    )


def _history_problems(subject: _Subject, parts: Parts) -> Iterator[str]:
    yield from parts.state.canonicals.history_problems(subject.record.recipe)


def _configuration_problems(subject: _Subject, parts: Parts) -> Iterator[str]:
    record = subject.record
    if record.recipe not in parts.settings.recipes:
        yield (
            "the configuration does not have this recipe; take its canonical back:"
            f" canon-sweep forget {record.recipe} --reason TEXT"
        )


def _out_of_reach(record: Canonical, parts: Parts) -> Iterator[str]:
    """What this configuration's engine cannot say anything of."""
    elsewhere = record.kept_elsewhere(parts.engine.name)
    if elsewhere:
        yield f"its volumes: {elsewhere}"


def _kept_problems(subject: _Subject, parts: Parts) -> Iterator[str]:
    record = subject.record
    if not record.kept_by(parts.engine.name):
        return
    _check_not_in_use(record, parts)
    problems = [f"{part} is gone" for part in lost_parts(record, parts.engine)]
    sizes = {volume.name: volume.bytes for volume in parts.engine.volumes(record.stack)}
    for volume in record.volumes:
        size = sizes.get(volume.name, volume.bytes)
        if size is None and volume.bytes is not None:
            raise HostFault(f"the size of volume {volume.name} cannot be found out")
        if volume.bytes not in (None, size) and not _is_kept_elsewhere(volume.name, record, parts):
            problems.append(f"volume {volume.name} has {size} bytes, had {volume.bytes}")
    if problems:
        # that upstream cannot be asked is what another line says
        now = None if isinstance(subject.now, Fault) else subject.now
        advice = advice_now(record, now, parts)
        yield from (f"{problem}; {advice}" for problem in problems)


def _check_not_in_use(record: Canonical, parts: Parts) -> None:
    """See that no quick run has changed the volumes, or has left them changed."""
    try:
        entries = parts.state.journal.entries()
    except StateFault as fault:
        raise HostFault(f"its volumes, which may be in use: {fault.what}") from fault
    if any(isinstance(entry, QuickRun) and entry.stack == record.stack for entry in entries):
        raise HostFault("its volumes, until they are put back")


def _is_kept_elsewhere(volume: str, record: Canonical, parts: Parts) -> bool:
    """Whether the settings say that others write to a volume too, so that its size says nothing."""
    settings = parts.settings.recipes.get(record.recipe)
    key = volume.removeprefix(f"{record.stack}_")
    return settings is not None and settings.declared.names_host(key)


def _tag_problems(subject: _Subject, _parts: Parts) -> Iterator[str]:
    if isinstance(subject.now, Fault):
        raise subject.now
    if subject.now is None:
        return
    record, release = subject.record, subject.now.of_tag(subject.record.release_tag)
    if release is None:
        yield f"upstream has no release {record.release_tag} on main"
    elif release.commit != record.commit:
        now, then = release.commit[:12], record.commit[:12]
        if record.is_adopted:
            yield f"made by another tool: its commit, {then}, is not the tag's, {now}"
        else:
            yield f"{record.release_tag} is commit {now} now, the record has {then}"


def _lost(state: State) -> Iterator[Finding]:
    """Of recipes that should have a record."""
    try:
        for recipe, problem in state.lost().items():
            yield Finding(recipe=recipe, problems=(problem,))
    except StateFault as fault:
        yield Finding(recipe="-", unchecked=(f"whether a record is gone: {fault}",))


def _unread(state: State) -> Iterator[Finding]:
    """Of the holds and of the ledger: both decide what is tested."""
    for problems in (state.holds.problems, state.ledger.problems):
        try:
            yield from (Finding(recipe="-", problems=(problem,)) for problem in problems())
        except StateFault as fault:
            yield Finding(recipe="-", problems=(str(fault),))


def _unnamed(parts: Parts) -> Iterator[Finding]:
    """What is unfinished; and only if nothing is, can what nothing names be told."""
    try:
        entries = parts.state.journal.entries()
    except StateFault as fault:
        why = f"{_STRAYS}, until the journal can be read"
        yield Finding(recipe="-", problems=(str(fault),), unchecked=(why,))
        return
    running = at_work(parts.state) if entries else ""
    if running:
        # nothing is wrong: what it is at has its entry, and nobody can tell yet what stays
        yield Finding(recipe="-", remark=f"{running}: {_STRAYS} are looked at when it has ended")
        return
    for entry in entries:
        yield Finding(recipe="-", problems=(unfinished(entry),))
    if entries:
        yield Finding(recipe="-", unchecked=(f"{_STRAYS}, until that is finished",))
        return
    yield from _strays(parts)


def _strays(parts: Parts) -> Iterator[Finding]:
    try:
        found = strays.look(parts.state, parts.engine)
        for stray in found.found:
            then = stray.doubt or "canon-sweep prune removes it"
            yield Finding(recipe="-", problems=(f"{stray.what} {stray.why}; {then}",))
        if found.unread:
            until = f"until {', '.join(found.unread)} can be read"
            why = f"volumes and secrets that nothing names, {until}"
            yield Finding(recipe="-", unchecked=(why,))
    except HostFault as fault:
        yield Finding(recipe="-", unchecked=(str(fault),))
    except Fault as fault:
        yield Finding(recipe="-", problems=(str(fault),))
