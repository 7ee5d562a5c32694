"""A test that a person asked for: one version or commit of one recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts, Policy
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import Version, ordered
from canon_sweep.engine.protocol import App
from canon_sweep.errors import HostFault, RecipeFault, StateFault, UsageFault
from canon_sweep.harness.order import Order
from canon_sweep.harness.quick import run_quick
from canon_sweep.harness.trial import Ended, attempt_of, note_attempt
from canon_sweep.mirror import sync as mirrors
from canon_sweep.report.records import Entry, Results
from canon_sweep.run import Means, encoded, opened, results_of
from canon_sweep.settings.records import Settings
from canon_sweep.sweep import check_name, each, entry_of, with_ended, with_facts
from canon_sweep.world import RealWorld


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to test: a release by its tag, or any ref; neither means the latest release.

    ``quick`` tests on the canonical's own data, and promotes nothing.
    """

    recipe: str
    version: str | None = None
    ref: str | None = None
    quick: bool = False


def run_test(settings: Settings, wanted: Wanted, means: Means) -> Results:
    """Test what was asked for; only a cold run that passes all of the gate promotes.

    Raises:
        UsageFault: there is no such recipe, version or ref.
        DeferredFault: another run is at work.
        StateFault: the state folder cannot be used.
    """
    recipe = wanted.recipe
    settings.recipe(recipe)
    with opened(settings, means, mirrors.look) as (world, run):
        started = means.clock()
        entries = each(
            [recipe],
            lambda name, _world, _policy: _test_one(name, world, wanted),
            world,
            Policy(timedelta(0)),
            is_over=lambda: None,
            progress=means.progress,
        )
        results = results_of("test", [recipe], entries, world, started)
        run.write_results(encoded(results))
    return results


def _test_one(recipe: str, world: RealWorld, wanted: Wanted) -> Entry:
    check_name(recipe)
    world.sync(recipe)
    facts = world.facts(recipe)
    order = _order(recipe, world, facts, wanted)
    entry = with_facts(entry_of(recipe, _asked_for(order, facts)), facts)
    try:
        ended = _quick(order, facts, world) if wanted.quick else world.trial(order, facts)
    except HostFault as fault:
        ended = Ended(Outcome.INFRA, str(fault))
    return with_ended(entry, ended)


def _asked_for(order: Order, facts: Facts) -> Decision:
    code = Code.NEW_RELEASE if facts.canonical else Code.FIRST_CANONICAL
    target = facts.releases.of_tag(order.tag) if order.tag else None
    return Decision(code, f"asked for: {order.label}", target)


def _order(recipe: str, world: RealWorld, facts: Facts, wanted: Wanted) -> Order:
    if wanted.ref is not None:
        return _order_of_ref(recipe, world, facts, wanted.ref)
    tag = wanted.version
    release = facts.releases.latest if tag is None else facts.releases.of_tag(tag)
    if release is not None:
        return world.order_of(recipe, facts, release)
    known = ", ".join(release.tag for release in facts.releases.known[-10:]) or "none"
    if tag is None:
        raise UsageFault(f"{recipe} has no release", do="test a commit of it: --ref main")
    raise UsageFault(f"{recipe} has no release {tag!r}", do=f"its releases are: {known}")


def _order_of_ref(recipe: str, world: RealWorld, facts: Facts, ref: str) -> Order:
    commit = world.commit_of(recipe, ref)
    version = _labelled_version(recipe, world, facts, commit)
    return world.order(recipe, facts, tag="", commit=commit, version=version)


def _labelled_version(recipe: str, world: RealWorld, facts: Facts, commit: str) -> Version | None:
    """The version that a commit says it is; a pull request may say the canonical's own."""
    env = world.settings.recipes[recipe].env
    with world.checkouts(recipe) as checkout:
        try:
            names = ("version", "version")
            label = App.read(recipe, commit, names, checkout(commit), env).source.compose.version
        except RecipeFault:
            return None  # the install tier says it better
    return ordered(facts.rule, label)


def _quick(order: Order, facts: Facts, world: RealWorld) -> Ended:
    if facts.canonical is None:
        raise StateFault(
            f"{order.recipe} has no canonical to test on",
            do=f"test it cold first: canon-sweep test {order.recipe}",
        )
    with world.stage(order.recipe) as (stage, checkout):
        try:
            result = run_quick(order, facts.canonical, stage, checkout)
        except HostFault as fault:
            ended = Ended(Outcome.INFRA, str(fault))
        else:
            ended = _judged(result)
    attempt = attempt_of(
        order, ended, facts.digest, run_id=world.run_id, now=world.now(), quick=True
    )
    return replace(ended, notes=(*ended.notes, *note_attempt(attempt, world.state.ledger)))


def _judged(result: CiResult) -> Ended:
    failed = result.failed
    if failed is not None:
        return Ended(Outcome.RED, f"{failed.tier}: {failed.reason}", result)
    reason = f"green on the data of {result.base}; a quick run never promotes"
    return Ended(Outcome.PASSED, reason, result)
