"""A canonical that a harness has made by itself: seen to be there, then written down as promoted.

Nothing is written where the harness keeps it; it is followed from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from canon_sweep.core.budget import MORE_THAN, Budget, excess, total
from canon_sweep.core.canonical import Canonical, KeptVolume, Previous
from canon_sweep.core.decision import Note
from canon_sweep.core.foreign import Foreign, Mark
from canon_sweep.core.parts import Unseen, named_volumes
from canon_sweep.core.result import CiResult
from canon_sweep.core.shown import not_shown
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.harness.promote import Promoted
from canon_sweep.state.followed import Followed
from canon_sweep.state.runs import Log

_VOLUME = "volume "


class Shown(msgspec.Struct, frozen=True):
    """What a recipe's harness shows of its promotions; ``before`` is the canonical until now."""

    recipe: str
    before: Canonical | None
    followed: Followed
    engine: Engine
    log: Log
    run_id: str
    now: Callable[[], datetime]
    budget: Budget

    def of(self, result: CiResult, started: datetime) -> Promoted:
        """The promotion of a green result by a test that began at ``started``.

        Raises:
            StateFault: something of it is missing, and what; or it cannot be written down.
        """
        found, there = self.followed.found(self.recipe), volumes_there(self.engine)
        missing = not_shown(found, there, result.tag, result.commit, started)
        folder = self.followed.theirs.folder
        if missing and not os.path.lexists(folder):
            # what is wrong may be the setting, and no part of the promotion
            missing = (f"canonicalsDir {folder} is not there", *missing)
        if missing:
            raise StateFault(
                f"green, but the harness has not promoted it: {'; '.join(missing)}",
                do="see its log",
            )
        record = self._record(found, result)
        # what is promoted is what is followed from now on
        self.followed.note_promotion(record)
        self.log.say(f"promoted by the harness: {record.tag} ({record.commit})")
        more = excess(total(self.followed.sizes()), self.budget)
        notes = (Note(code=MORE_THAN, text=more),) if more else ()
        return Promoted(record, notes)

    def _record(self, found: Foreign, result: CiResult) -> Canonical:
        mark, before = found.record, self.before
        assert isinstance(mark, Mark), "nothing of it is missing"
        assert mark.at is not None, "nothing of it is missing"
        volumes = named_volumes(found)
        return Canonical(
            recipe=self.recipe,
            version=mark.version,
            commit=mark.commit,
            ts=mark.at.strftime("%Y%m%dT%H%M%SZ"),
            tag=result.tag,
            run_id=self.run_id,
            promoted_at=self.now().astimezone(UTC).isoformat(timespec="seconds"),
            base=result.base,
            tiers={tier.tier: str(tier.status) for tier in result.tiers},
            domain=mark.domain,
            images={image.name: image.digest for image in result.images},
            volumes=tuple(KeptVolume(name=name, bytes=None) for name in volumes),
            retained="volume" if volumes else "record-only",
            retained_reason="" if volumes else "its snapshot names no volume",
            previous=Previous(version=before.version, commit=before.commit, run_id=before.run_id)
            if before
            else None,
        )


def volumes_there(engine: Engine) -> frozenset[str] | Unseen:
    """Every volume of an engine by its full name, whoever made it; or why nobody can say."""
    try:
        present = engine.present()
    except HostFault as fault:
        return Unseen(str(fault))
    return frozenset(thing.removeprefix(_VOLUME) for thing in present if thing.startswith(_VOLUME))
