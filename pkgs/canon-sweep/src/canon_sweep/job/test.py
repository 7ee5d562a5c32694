"""``test``: one version or commit of one recipe, because a person asked for it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from msgspec import structs
from msgspec.structs import replace

from canon_sweep.core import remake
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code, Decision, Facts, Note, Policy
from canon_sweep.core.image import image_notes
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import Version, ordered
from canon_sweep.errors import Fault, HostFault, Interrupted, RecipeFault, UsageFault
from canon_sweep.harness.order import Order
from canon_sweep.harness.quick import run_quick
from canon_sweep.harness.tested import Tested, attempt_of, note_attempt, why_red
from canon_sweep.job.advice import with_unasked
from canon_sweep.job.files import source_of
from canon_sweep.job.finish import finish, opened
from canon_sweep.job.orders import order_of
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.stop import stop_of
from canon_sweep.job.wiring import Parts, Surroundings
from canon_sweep.line import broken_off, entry_of, with_facts, with_tested
from canon_sweep.report.records import Entry, Results
from canon_sweep.settings.recipe import Recipe, recipe_of, unpinned
from canon_sweep.settings.records import Settings
from canon_sweep.sweep import check_name, each


class Wanted(msgspec.Struct, frozen=True):
    """What to test: a release by its tag, or any ref; neither means the latest release.

    ``quick`` tests on the canonical's own data, and promotes nothing.  ``wait`` queues
    behind a run that is at work, and a sweep lets it in between two recipes.  ``without_pin``
    tests as if the recipe's ``upgradeBase`` were removed already.  ``in_build`` is of a step of
    a build: that would wait for its own end, so servers of builds are not asked.
    """

    recipe: str
    version: str | None = None
    ref: str | None = None
    quick: bool = False
    wait: bool = False
    without_pin: bool = False
    in_build: bool = False


def run_test(settings: Settings, wanted: Wanted, around: Surroundings) -> Results:
    """Test what was asked for; only a cold run that passes all of the gate promotes.

    Raises:
        UsageFault: there is no such recipe, version or ref, or no canonical to test on.
        DeferredFault: another run is at work, and not waited for, or for too long.
        StateFault: the state folder cannot be used.
    """
    recipe = recipe_of(settings, wanted.recipe, around.clock().date())
    if wanted.without_pin and recipe.settings.pin is None:
        raise UsageFault(f"{recipe.name} has no upgradeBase", do="test it without --without-pin")
    if wanted.in_build:
        settings = structs.replace(settings, guard=settings.guard.within_build)
    patience = settings.max_runtime if wanted.wait else 0.0
    with opened(settings, around, Mirrors.LEFT, patience=patience) as (parts, run):
        parts.state.check_common()
        started = around.clock()
        entries = each(
            [recipe],
            lambda recipe, _world, _policy: _test_one(recipe, parts, wanted),
            parts.world,
            Policy(timedelta(0)),
            is_over=lambda _: stop_of(parts),
            progress=around.progress,
        )
        return finish(
            "test", [recipe], entries, started=started, parts=parts, run=run, named=[recipe.name]
        )


def _test_one(recipe: Recipe, parts: Parts, wanted: Wanted) -> Entry:
    check_name(recipe.name)
    parts.sources.sync(recipe)
    facts = parts.records.facts(recipe)
    entry = _asked_for(recipe, facts, wanted.ref or wanted.version or "the latest release", "")
    try:
        target = _target(recipe, parts, facts, wanted)
        recipe = _in_force(recipe, parts, target, wanted)
        facts = replace(facts, digest=recipe.digest)
        order = _order(recipe, parts, facts, target)
        asked = _asked_for(recipe, facts, order.label, order.tag)
        entry = structs.replace(
            asked,
            notes=(*asked.notes, *parts.records.of_files(recipe, order.commit, order.version)),
            without_pin=wanted.without_pin,
            quick=wanted.quick,
        )
        if wanted.quick:
            tested = _quick(recipe, parts, order, facts)
        else:
            tested = parts.trials.trial(recipe, facts, order)
    except HostFault as fault:
        tested = Tested(Outcome.INFRA, str(fault))
    except UsageFault:
        raise
    except (Fault, Interrupted) as why:
        return broken_off(entry, why)
    return with_tested(entry, tested)


def _asked_for(recipe: Recipe, facts: Facts, label: str, tag: str) -> Entry:
    code = Code.NEW_RELEASE if facts.canonical else Code.FIRST_CANONICAL
    target = facts.releases.of_tag(tag) if tag else None
    return with_facts(entry_of(recipe, Decision(code, f"asked for: {label}", target)), facts)


class _Target(msgspec.Struct, frozen=True):
    """What is tested; ``tag`` is empty for a ref, ``version`` None if that says none."""

    tag: str
    commit: str
    version: Version | None


def _target(recipe: Recipe, parts: Parts, facts: Facts, wanted: Wanted) -> _Target:
    if wanted.ref is not None:
        commit = parts.sources.commit_of(recipe, wanted.ref)
        return _Target("", commit, _labelled_version(recipe, parts, facts, commit))
    tag = wanted.version
    release = facts.releases.latest if tag is None else facts.releases.of_tag(tag)
    if release is not None:
        return _Target(release.tag, release.commit, release.version)
    known = ", ".join(release.tag for release in facts.releases.known[-10:]) or "none"
    name = recipe.name
    if tag is None:
        raise UsageFault(f"{name} has no release", do="test a commit of it: --ref main")
    raise UsageFault(f"{name} has no release {tag!r}", do=f"its releases are: {known}")


def _in_force(recipe: Recipe, parts: Parts, target: _Target, wanted: Wanted) -> Recipe:
    """The recipe as it is for this version, and maybe without its pin."""
    found = parts.records.in_force(recipe, target.version)
    return unpinned(parts.settings, found) if wanted.without_pin else found


def _order(recipe: Recipe, parts: Parts, facts: Facts, target: _Target) -> Order:
    return order_of(
        recipe,
        facts,
        parts.settings,
        parts.run_id,
        tag=target.tag,
        commit=target.commit,
        version=target.version,
    )


def _labelled_version(recipe: Recipe, parts: Parts, facts: Facts, commit: str) -> Version | None:
    """The version that a commit says it is; a pull request may say the canonical's own."""
    with parts.ground.checkouts(recipe) as checkout:
        try:
            source = source_of(recipe, commit, None, checkout(commit))
        except RecipeFault:
            return None  # the install tier says it better
    return ordered(facts.rule, source.compose.version)


def _canonical_to_test_on(facts: Facts, order: Order) -> Canonical:
    if facts.canonical is None:
        raise UsageFault(
            f"{facts.recipe} has no canonical to test on",
            do=f"test it cold first: canon-sweep test {facts.recipe}",
        )
    proven = ordered(facts.rule, facts.canonical.release_tag)
    if order.version is not None and proven is not None and order.version < proven:
        raise UsageFault(
            f"{order.label} is version {order.version.tag}, older than the canonical {proven.tag}"
            f" of {facts.recipe}: on its data that is no upgrade",
            do="test it cold, without --quick",
        )
    return facts.canonical


def _quick(recipe: Recipe, parts: Parts, order: Order, facts: Facts) -> Tested:
    canonical = _canonical_to_test_on(facts, order)
    harnesses = parts.trials.harnesses
    was = harnesses.record(recipe)
    remedy = remake.advice(canonical, facts.releases, facts.rule, enrolled=recipe.settings.enroll)
    with parts.ground.stage(recipe) as (stage, checkout):
        parts.room.check(recipe.name)
        try:
            result = parts.trials.quick_by_harness(recipe, order, stage, checkout)
            if result is None:
                with parts.trials.watched(recipe):
                    result = run_quick(order, canonical, stage, checkout, remedy=remedy)
            tested = _judged(result, canonical, order)
        except HostFault as fault:
            tested = Tested(Outcome.INFRA, str(fault))
    tested = with_unasked(tested, was, harnesses.record(recipe))
    attempt = attempt_of(
        order,
        tested,
        recipe.digest,
        run_id=parts.run_id,
        now=parts.world.now(),
        took=stage.scale.took,
        quick=True,
    )
    return replace(tested, notes=(*tested.notes, *note_attempt(attempt, parts.state.ledger)))


def _same_version(order: Order) -> tuple[Note, ...]:
    # there is one base on its data, so no other can stand in for it
    if not order.bases.stepped_back:
        return ()
    text = (
        "it has the canonical's own version, and was put on its data: that shows no upgrade from"
        " another version; a test without --quick starts from an older release"
    )
    return (Note(code="same-version", text=text),)


def _judged(result: CiResult, canonical: Canonical, order: Order) -> Tested:
    notes = (*image_notes(result.all_images), *_same_version(order))
    if not result.green:
        return Tested(Outcome.RED, why_red(result), result, notes=notes)
    reason = f"green on the data of {canonical.release_tag}; a quick run never promotes"
    return Tested(Outcome.PASSED, reason, result, notes=notes)
