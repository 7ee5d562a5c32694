"""``overrides``: all that is written against the rule, and what would happen without each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

import msgspec

from canon_sweep.core.decision import Policy
from canon_sweep.core.hold import Hold, has_ended
from canon_sweep.core.override import Kind, Override, days_left
from canon_sweep.core.without import Ground, without
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, Fault
from canon_sweep.job.finish import check_state
from canon_sweep.job.survey import surveyed
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.settings.recipe import Recipe, enrolled, recipe_of
from canon_sweep.settings.records import Settings
from canon_sweep.sweep import check_name


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One override.

    ``until`` is its last day or the last release for it; empty, it has no end.
    ``days_left`` is None where it does not end by the calendar.  ``in_force`` is
    whether it acts now: a pin that has ended does as long as it is needed.  ``without`` is
    what would happen now if it were gone, or why nobody can tell, which is a ``problem`` too.
    """

    recipe: str
    kind: Kind
    key: str
    reason: str
    until: str = ""
    days_left: int | None = None
    in_force: bool = True
    without: str = ""
    problem: str = ""


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by recipe; ``problems`` are those of no single one."""

    overrides: tuple[Line, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if of each it could be told what it does."""
        wrong = self.problems or any(line.problem for line in self.overrides)
        return EXIT_WRONG if wrong else EXIT_DONE


def overrides(settings: Settings, around: Surroundings) -> Overrides:
    """Look at the settings and the holds, and at the remotes of the recipes that have any.

    Raises:
        UsageFault: the state is somebody else's.
        StateFault: what is read for every recipe cannot be read.
    """
    check_state(settings)
    parts = parts_to_look(settings, around)
    holds, day = parts.state.holds.read(), around.clock().date()
    recipes = [recipe_of(settings, name, day) for name in sorted(settings.recipes)]
    concerned = [each for each in recipes if each.written or each.name in holds]
    with surveyed(concerned, parts, around.say):
        lines = [line for each in concerned for line in _lines(each, holds.get(each.name), parts)]
    # a hold may outlive its recipe
    lost = sorted(holds.keys() - settings.recipes.keys())
    problems = (f"{name} is held, and not in the configuration" for name in lost)
    return Overrides(overrides=tuple(lines), problems=tuple(problems))


def _lines(recipe: Recipe, hold: Hold | None, parts: Parts) -> Iterator[Line]:
    written = (*recipe.written, *(() if hold is None else (override_of(hold),)))
    try:
        check_name(recipe.name)
        parts.sources.sync(recipe)
        look = _Look.of(recipe, hold, parts)
    except Fault as fault:
        told = f"nobody can tell: {fault}"
        yield from (_line(recipe, each, told, problem=str(fault)) for each in written)
    else:
        yield from map(look.line, written)


class _Look(msgspec.Struct, frozen=True):
    """A recipe whose releases are known, as it is in force; ``held`` is whether its hold holds."""

    recipe: Recipe
    held: bool
    ground: Ground

    @classmethod
    def of(cls, recipe: Recipe, hold: Hold | None, parts: Parts) -> _Look:
        in_force = parts.records.in_force(recipe)
        # a refusal of who is left out says nothing of who takes part
        facts = parts.records.facts(enrolled(parts.settings, in_force))
        why, pin = in_force.settings.excepted, in_force.settings.pin
        ground = Ground(
            facts=facts,
            policy=Policy(timedelta(seconds=parts.settings.retry_red_after)),
            now=parts.world.now(),
            depth=parts.settings.base_depth,
            excepted=why.sentence if why else "",
            pin=pin.subject if pin else None,
        )
        latest = facts.releases.latest
        newest = latest.version if latest else None
        held = hold is not None and not has_ended(hold, newest, ground.now, facts.rule)
        return cls(in_force, held, ground)

    def line(self, override: Override) -> Line:
        if override.kind is Kind.HOLD:
            acts = self.held
        else:
            acts = override in self.recipe.settings.overrides
        told = without(override, self.ground) if acts else "the same: it has ended, remove it"
        return _line(self.recipe, override, told, in_force=acts)


def _line(
    recipe: Recipe, override: Override, told: str, *, in_force: bool = True, problem: str = ""
) -> Line:
    return Line(
        recipe=recipe.name,
        kind=override.kind,
        key=override.key,
        reason=override.reason,
        until=override.until,
        days_left=days_left(override, recipe.day),
        in_force=in_force,
        without=told,
        problem=problem,
    )


def override_of(hold: Hold) -> Override:
    """A hold as any other override: its last day is the last one on which it acts at all."""
    if hold.until is None:
        return Override(Kind.HOLD, hold.reason, hold.up_to, hold.tag or "")
    last = hold.until.astimezone(UTC) - timedelta(microseconds=1)
    return Override(Kind.HOLD, hold.reason, f"{last:%Y-%m-%d}", hold.tag or "")
