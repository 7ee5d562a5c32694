"""Where recipes come from: upstream, mirror, and the clone between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from canon_sweep import interrupt
from canon_sweep.core.decision import Note
from canon_sweep.core.release import Releases, releases
from canon_sweep.core.version import TagRule
from canon_sweep.errors import UsageFault
from canon_sweep.mirror.refusal import Role
from canon_sweep.mirror.survey import Survey
from canon_sweep.mirror.synced import Change, PartialSyncFault, Synced
from canon_sweep.report.records import Sync
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

if TYPE_CHECKING:
    from canon_sweep.job.pulls import Pulls
    from canon_sweep.mirror.upstream import Upstream


class Mirrors(Enum):
    """What a command does about mirrors that differ from their upstreams."""

    LEFT = "they stay as they are"
    SYNCED = "they are brought in step"
    OVERWRITTEN = "they are, also where they lose more than a few withdrawn tags by it"


def upstream_now(settings: Settings, recipe: Recipe) -> Upstream:
    """What upstream advertises at this moment; nothing is fetched, and the clone is left alone.

    Raises:
        SyncFault: it cannot be read, or has nothing that is mirrored.
    """
    with interrupt.Deferred():
        from canon_sweep.mirror.sync import advertised  # noqa: PLC0415 - start-up
    return advertised(
        recipe.settings.upstream,
        recipe.clone,
        credentials=settings.credentials,
        timeout=float(settings.sync_timeout),
        branch=recipe.settings.branch,
    )


class Sources(msgspec.Struct):
    """Reads remotes, and does about ``mirrors`` what the command is for.

    ``survey`` has what was seen of them all before, where somebody looked.  ``acts`` is told
    of a recipe whose remotes are about to be read by us, not by a process that may end.
    """

    settings: Settings
    say: Callable[[str, str], None]
    mirrors: Mirrors
    pulls: Pulls | None = None
    survey: Survey | None = None
    acts: Callable[[], None] = lambda: None
    _synced: dict[str, Synced] = msgspec.field(default_factory=dict)
    # whose sync was nothing but a look at what was seen before; known until the next is synced
    _remembered: str | None = None
    _last: tuple[Synced, TagRule, Releases] | None = None

    @property
    def only_looks(self) -> bool:
        """Whether mirrors are left as they are."""
        return self.mirrors is Mirrors.LEFT

    def begin(self, recipes: Iterable[Recipe]) -> None:
        """Ask for what all of these recipes need, while something else is done."""
        if self.pulls:
            self.pulls.begin(recipes)

    def begin_missing(self, recipes: Iterable[Recipe]) -> None:
        """Ask the forge for those of these recipes whose mirrors a survey could not read."""
        if self.pulls and self.survey:
            lacks = self.survey.lacks_mirror
            self.pulls.ask(tuple(each.name for each in recipes if lacks(each.name)))

    def sync(self, recipe: Recipe) -> Synced:
        """Bring the mirror to what upstream has, or see in what it differs.

        Where a survey saw that both sides agree, as they did the last time, that is all.

        Raises:
            SyncFault: a remote fails; what was pushed before is remembered all the same.
        """
        if self._remembered is not None:
            # its turn is over, and a fleet's tags together are many megabytes
            del self._synced[self._remembered]
            self._remembered = None
        known = self._surveyed(recipe)
        if known is None:
            return self._sync(recipe)
        self._remembered = recipe.name
        self._synced[recipe.name] = known
        return known

    def sync_anew(self, recipe: Recipe) -> bool:
        """As `sync`, where that was done without a look at the remotes; False if it was not.

        Raises:
            SyncFault: as for `sync`.
        """
        if recipe.name != self._remembered:
            return False
        self._remembered = None
        self._sync(recipe)
        return True

    def _surveyed(self, recipe: Recipe) -> Synced | None:
        if self.survey is None or self._lacks_mirror(recipe, self.survey):
            return None
        return self.survey.take(recipe.name, partial(self.say, recipe.name))

    def _lacks_mirror(self, recipe: Recipe, survey: Survey) -> bool:
        """Whether a mirror is missing, and may be made, or it is told how.

        An upstream that hangs is not waited for again by each recipe whose mirror is.
        """
        is_unread = survey.lacks_mirror(recipe.name)
        return is_unread and self.pulls is not None and self.pulls.is_missing(recipe.name)

    def await_looks(self) -> None:
        """Wait until all remotes were looked at: nothing is done to any before."""
        if self.survey:
            self.survey.await_all()

    def _sync(self, recipe: Recipe) -> Synced:
        self.await_looks()
        self.acts()
        try:
            with self.pulls.present(recipe) if self.pulls else nullcontext():
                synced = self._read(recipe, self.mirrors)
        except PartialSyncFault as fault:
            self._synced[recipe.name] = fault.taken  # pushed is pushed, also if not all was
            raise
        self._synced[recipe.name] = synced
        if not self.only_looks:
            for ref in synced.pushed:
                self.say(recipe.name, f"pushed {ref}")
        return synced

    def settle(self, recipe: Recipe) -> tuple[Note, ...]:
        """Close what upstream has merged of the mirror's pull requests; the recipe is synced.

        Gives what is to be said about it; one that only looks leaves them open.
        """
        if self.pulls is None:
            return ()
        return self.pulls.settle(recipe, self.synced(recipe).main, self.await_looks)

    def done(self, recipe: Recipe) -> Sync | None:
        """What the recipe's sync did, or None if there was none."""
        synced = self._synced.get(recipe.name)
        if synced is None:
            return None
        closed = self.pulls.closed.get(recipe.name, {}) if self.pulls else {}
        deleted = {entry.tag: entry.object_id for entry in synced.deleted}
        if self.only_looks:
            differs = (*synced.pushed, *(f"refs/tags/{tag}" for tag in deleted))
            return Sync(main=synced.main, fetched=synced.fetched, differs=differs, merged=closed)
        pushed = set(synced.pushed)
        return Sync(
            main=synced.main,
            fetched=synced.fetched,
            pushed=synced.pushed,
            deleted=deleted,
            overwritten={ref: old for ref, old in synced.overwritten.items() if ref in pushed},
            closed=closed,
            made=self.pulls is not None and recipe.name in self.pulls.made,
        )

    def synced(self, recipe: Recipe) -> Synced:
        """What upstream had when the recipe was synced."""
        return self._synced[recipe.name]

    def moved(self, recipe: Recipe) -> Mapping[Role, str]:
        """The new URL of a remote that has moved, by what it is to the recipe; it is synced.

        Of a mirror on the forge, the forge has told.
        """
        told = self.pulls is not None and recipe.name in self.pulls.places
        moved = self.synced(recipe).moved
        return {role: url for role, url in moved.items() if not (told and role == "mirror")}

    def releases(self, recipe: Recipe) -> Releases:
        """The releases that upstream had when the recipe was synced."""
        synced, rule = self.synced(recipe), recipe.rule
        # asked several times in a turn, and a recipe may have a hundred thousand tags
        if self._last is None or self._last[0] is not synced or self._last[1] != rule:
            self._last = (synced, rule, releases(synced.tags, rule, synced.branch))
        return self._last[2]

    def releases_now(self, recipe: Recipe) -> Releases:
        """The releases as upstream has them at this moment; the mirror is not asked.

        Raises:
            SyncFault: upstream cannot be read.
        """
        synced = self.synced(recipe)
        now = upstream_now(self.settings, recipe)
        tags = {tag.name: tag.object_id for tag in synced.tags if not tag.problem}
        if (now.main, now.tags) == (synced.main, tags):
            return self.releases(recipe)
        read = self._read(recipe, Mirrors.LEFT)
        return releases(read.tags, recipe.rule, read.branch)

    def commit_of(self, recipe: Recipe, ref: str) -> str:
        """The commit of a branch, a tag, ``pull/N/head`` or a commit id; the recipe is synced.

        Raises:
            UsageFault: neither the mirror nor upstream has it.
            SyncFault: a remote cannot be read.
        """
        with interrupt.Deferred():
            from canon_sweep.mirror.checkout import resolve  # noqa: PLC0415 - start-up
            from canon_sweep.mirror.sync import fetch_ref  # noqa: PLC0415 - start-up
        synced = self.synced(recipe)
        known = {tag.name: tag.commit for tag in synced.tags} | {"main": synced.main}
        if known.get(ref):
            return str(known[ref])
        for remote in (recipe.settings.mirror, recipe.settings.upstream):
            try:
                return fetch_ref(
                    remote,
                    recipe.clone,
                    ref,
                    credentials=self.settings.credentials,
                    timeout=float(self.settings.sync_timeout),
                )
            except UsageFault:
                continue
        return resolve(recipe.clone, ref)

    def _read(self, recipe: Recipe, mirrors: Mirrors) -> Synced:
        # an import that is interrupted would be half done, for all recipes to come
        with interrupt.Deferred():
            from canon_sweep.mirror.sync import look, sync  # noqa: PLC0415 - start-up
        read = look
        if mirrors is not Mirrors.LEFT:
            read = partial(
                sync,
                telling=lambda change: self._telling(recipe, change),
                accept_upstream=mirrors is Mirrors.OVERWRITTEN,
            )
        return read(
            recipe.settings.upstream,
            recipe.settings.mirror,
            recipe.clone,
            credentials=self.settings.credentials,
            timeout=float(self.settings.sync_timeout),
            branch=recipe.settings.branch,
        )

    def _telling(self, recipe: Recipe, change: Change) -> None:
        deed = "delete" if change.deleted else "overwrite"
        self.say(recipe.name, f"{deed} {change.ref} of the mirror, it is {change.old}")
