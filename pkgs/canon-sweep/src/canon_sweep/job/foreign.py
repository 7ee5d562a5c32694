"""Another tool's canonicals: whether they are followed, and each part asked where it is."""

from __future__ import annotations

from canon_sweep.core.adoption import disowned, gone, not_followed
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Note
from canon_sweep.core.foreign import Foreign, Mark
from canon_sweep.core.parts import Part, Tagged, Unseen, parts_of
from canon_sweep.core.release import Releases
from canon_sweep.state.store import State


def followed_of(
    state: State, recipe: str, releases: Releases | None
) -> tuple[Canonical | None, Note | None]:
    """The canonical that trigger and base go by, and why a record that there is, is none.

    ``releases`` None: upstream was not asked, so nobody knows whether a commit is its tag's.

    Raises:
        StateFault: there is a record, but it cannot be read; or our markers cannot.
    """
    record, followed = state.current.read(recipe), state.followed
    if followed is None:
        note = disowned(record, releases) if record and releases else None
        return (record if note is None else None), note
    found, known = followed.found(recipe).record, followed.known(recipe)
    if not isinstance(found, Mark):
        return record, gone(known)
    return record, not_followed(recipe, found, known, releases)


def parts_now(
    found: Foreign, releases: Releases | Unseen, there: frozenset[str] | Unseen
) -> tuple[Part, ...]:
    """Judge a canonical by what upstream and the engine have now."""
    if isinstance(releases, Unseen) or not isinstance(found.record, Mark):
        tag = releases if isinstance(releases, Unseen) else Tagged(None)
        return parts_of(found, tag, there)
    release = releases.of_tag(found.record.version)
    return parts_of(found, Tagged(release.commit if release else None), there)
