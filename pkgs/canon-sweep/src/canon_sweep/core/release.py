"""Refs become releases: which tags count, and which of them is the latest."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from canon_sweep.core.version import IgnoredTag, TagRule, Version, look_of


class Tag(msgspec.Struct, frozen=True):
    """A tag as upstream has it.

    ``object_id`` is what the ref names (a tag object when annotated), ``commit``
    the commit it leads to, None when it leads to something else, e.g. a blob.
    ``problem`` says why the tag is left alone, whatever its name looks like: it is
    not mirrored, and ``name`` is only good to be shown.
    """

    name: str
    object_id: str
    commit: str | None
    on_main: bool
    problem: str = ""


class Release(msgspec.Struct, frozen=True):
    """A tag that is a version and whose commit is reachable from the mirrored branch."""

    tag: str
    version: Version
    commit: str


class Releases(msgspec.Struct, frozen=True):
    """A recipe's releases from the oldest to the latest, and the tags that are none."""

    known: tuple[Release, ...] = ()
    ignored: tuple[IgnoredTag, ...] = ()

    @property
    def latest(self) -> Release | None:
        """The newest release, or None if there is none."""
        return self.known[-1] if self.known else None

    @property
    def outranking(self) -> tuple[IgnoredTag, ...]:
        """The ignored tags that look newer than the latest release, the newest first."""
        if self.latest is None:
            return ()
        latest = self.latest.version.recipe
        looks = [(look, tag) for tag in self.ignored if (look := look_of(tag.tag)) is not None]
        looks.sort(key=lambda pair: (pair[0], pair[1].tag), reverse=True)
        return tuple(tag for look, tag in looks if look > latest)

    def of_tag(self, tag: str) -> Release | None:
        """The release with exactly this tag, or None."""
        return next((release for release in self.known if release.tag == tag), None)

    def older_than(self, version: Version | None) -> tuple[Release, ...]:
        """Every release strictly older than ``version`` (None: all), the newest first."""
        return tuple(r for r in reversed(self.known) if version is None or r.version < version)


def releases(tags: Iterable[Tag], rule: TagRule, branch: str = "main") -> Releases:
    """Sort tags into releases and ignored tags.  Nothing in a tag is fatal.

    ``branch`` is what the mirrored branch is called, for the reasons.
    """
    known: list[Release] = []
    ignored: list[IgnoredTag] = []
    for tag in tags:
        if tag.problem:
            ignored.append(IgnoredTag(tag.name, tag.problem))
            continue
        version = rule.read(tag.name)
        if isinstance(version, IgnoredTag):
            ignored.append(version)
        elif tag.commit is None:
            ignored.append(IgnoredTag(tag.name, "it does not lead to a commit"))
        elif not tag.on_main:
            ignored.append(IgnoredTag(tag.name, f"its commit is not reachable from {branch}"))
        else:
            known.append(Release(tag.name, version, tag.commit))
    known.sort(key=_place)
    ignored.sort(key=lambda entry: entry.tag)
    return Releases(tuple(known), tuple(ignored))


def _place(release: Release) -> tuple[object, ...]:
    """As the order of versions, and faster than its own comparison: there may be many."""
    version = release.version
    return (version.recipe, version.app, version.tag)
