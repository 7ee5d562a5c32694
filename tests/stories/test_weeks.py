"""The operator's weeks: sweep after sweep on the local engine and real git remotes."""

from __future__ import annotations

from datetime import timedelta

import pygit2
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.gate import Condition
from canon_sweep.core.hold import Hold
from canon_sweep.core.result import Status, Tier
from canon_sweep.errors import DeferredFault, UsageFault
from canon_sweep.state import lock
from stories.fleet import LOSES_DATA, NEVER_STARTS, REFUSES_OLD_DATA, WEEK, Fleet


def test_the_first_sweep_promotes_the_latest_release(fleet: Fleet) -> None:
    """The record names the tag's commit even when main is ahead, and its data is there."""
    fleet.publishes("notes", "1.0.0+1")
    tagged = fleet.publishes("notes", "1.1.0+1")
    ahead = fleet.publishes("notes", None)

    night = fleet.sweeps()

    entry = night["notes"]
    assert entry.code is Code.FIRST_CANONICAL
    assert entry.outcome is Outcome.PROMOTED
    assert [(tier.tier, tier.status) for tier in entry.tiers] == [
        (Tier.INSTALL, Status.PASS),
        (Tier.CUSTOM, Status.NA),
        (Tier.UPGRADE, Status.PASS),
        (Tier.REATTACH, Status.PASS),
    ]
    record = fleet.canonical("notes")
    assert (record.tag, record.commit) == ("1.1.0+1", tagged)
    assert record.commit != ahead
    assert record.base == "1.0.0+1"
    assert record.retained == "volume"
    assert (fleet.volume("notes") / "token").read_text().strip() == record.stack.split("_")[0]
    assert night.results.exit_code == 0
    assert fleet.running() == ()
    assert fleet.volumes() == {volume.name for volume in record.volumes}


def test_a_second_sweep_is_a_noop(fleet: Fleet) -> None:
    """Nothing is deployed, no ref is pushed, no file of a canonical changes."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    assert not fleet.sweeps().results.noop
    before = fleet.bytes_of("notes")

    night = fleet.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert night.results.noop
    assert night["notes"].deploys == 0
    assert night["notes"].sync is not None
    assert not night["notes"].sync.fetched
    assert fleet.bytes_of("notes") == before


def test_untagged_commits_are_synced_and_not_tested(fleet: Fleet) -> None:
    """The sweep tests releases, not commits; the mirror follows main all the same."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    ahead = fleet.publishes("notes", None)

    night = fleet.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert night["notes"].sync is not None
    assert night["notes"].sync.pushed == ("refs/heads/main",)
    mirror = pygit2.Repository(str(fleet.mirror("notes")))
    assert str(mirror.references["refs/heads/main"].target) == ahead


def test_a_new_release_replaces_the_canonical(fleet: Fleet) -> None:
    """It is upgraded to from the canonical, and the old volumes go."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    old = fleet.canonical("notes")
    fleet.publishes("notes", "2.0.0+1")

    night = fleet.sweeps()

    new = fleet.canonical("notes")
    assert night["notes"].code is Code.NEW_RELEASE
    assert (new.tag, new.base) == ("2.0.0+1", "1.1.0+1")
    assert new.previous is not None
    assert new.previous.version == "1.1.0+1"
    assert new.stack != old.stack
    assert fleet.volumes() == {volume.name for volume in new.volumes}
    assert [record.tag for record in fleet.state().canonicals.history("notes")] == [
        "1.1.0+1",
        "2.0.0+1",
    ]


@pytest.mark.parametrize(
    ("program", "tier", "why"),
    [
        (NEVER_STARTS, Tier.INSTALL, "no such table"),
        (REFUSES_OLD_DATA, Tier.UPGRADE, "from 1.1.0+1"),
        (LOSES_DATA, Tier.UPGRADE, "from 1.1.0+1"),
    ],
)
def test_a_red_release_keeps_the_canonical_byte_for_byte(
    fleet: Fleet, program: str, tier: Tier, why: str
) -> None:
    """A release that fails costs nothing: the last proven one stays usable."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    before, volumes = fleet.bytes_of("notes"), fleet.volumes()
    fleet.publishes("notes", "2.0.0+1", program)

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert night["notes"].tiers[-1].tier is tier
    assert why in night["notes"].reason
    assert night.results.exit_code == 1
    assert fleet.bytes_of("notes") == before
    assert fleet.volumes() == volumes
    assert fleet.running() == ()


def test_a_red_release_is_left_alone_until_the_next_week(fleet: Fleet) -> None:
    """Known red: not tested at once, tested a week later, or when a person asks."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", REFUSES_OLD_DATA)
    fleet.has_swept()

    again = fleet.sweeps()
    assert again["notes"].code is Code.KNOWN_RED
    assert again.results.noop
    assert again.results.exit_code == 0

    assert fleet.sweeps("notes", retry=True)["notes"].outcome is Outcome.RED

    fleet.now += WEEK
    assert fleet.sweeps()["notes"].outcome is Outcome.RED


def test_changed_settings_test_a_red_release_at_once(fleet: Fleet) -> None:
    """What was mended in the configuration needs no fake change of the recipe."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", REFUSES_OLD_DATA)
    fleet.has_swept()
    fleet.recipes["notes"]["expectedNA"] = {"upgrade": "1.1 cannot be upgraded to"}

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["notes"].base is None
    assert fleet.canonical("notes").tiers["upgrade"] == "n/a"


def test_the_only_release_is_promoted_and_the_second_is_upgraded_to(fleet: Fleet) -> None:
    """Upgrade coverage is not dropped in silence, and comes back without anybody's doing."""
    fleet.publishes("notes", "1.0.0+1")

    first = fleet.sweeps()["notes"]

    assert first.outcome is Outcome.PROMOTED
    upgrade = next(tier for tier in first.tiers if tier.tier is Tier.UPGRADE)
    assert upgrade.status is Status.NA
    assert upgrade.reason == "there is no older release to upgrade from"

    fleet.publishes("notes", "1.1.0+1")

    assert fleet.sweeps()["notes"].base == "1.0.0+1"


def test_the_same_commit_tagged_again_proves_no_upgrade(fleet: Fleet) -> None:
    """A release that cannot take over old data does not pass by being tagged twice."""
    fleet.publishes("notes", "1.0.0+1")
    commit = fleet.publishes("notes", "1.1.0+1", REFUSES_OLD_DATA)
    assert fleet.sweeps()["notes"].outcome is Outcome.RED
    fleet.repo("notes").references.create("refs/tags/1.2.0+1", pygit2.Oid(hex=commit))

    entry = fleet.sweeps()["notes"]

    assert entry.tag == "1.2.0+1"
    assert entry.outcome is Outcome.RED
    assert entry.reason.startswith("upgrade: from 1.0.0+1")


def test_a_broken_base_is_not_the_new_releases_fault(fleet: Fleet) -> None:
    """The next older base is tried, and the broken one is recorded."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", NEVER_STARTS)
    fleet.publishes("notes", "1.2.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.base == "1.0.0+1"
    assert [broken.tag for broken in entry.broken_bases] == ["1.1.0+1"]


def test_at_most_base_depth_bases_are_tried(fleet: Fleet) -> None:
    """Then the upgrade is red, and says which bases did not come up."""
    fleet.options["baseDepth"] = 2
    fleet.publishes("notes", "1.0.0+1")
    for number in (1, 2):
        fleet.publishes("notes", f"1.{number}.0+1", NEVER_STARTS)
    fleet.publishes("notes", "1.3.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert "no base came up (1.2.0+1" in entry.reason
    assert "1.0.0+1" not in entry.reason


def test_a_test_by_hand_pushes_nothing_and_says_so(fleet: Fleet) -> None:
    """It looks at upstream; the mirror is the sweep's to move."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    entry = fleet.tests("notes")

    assert entry.outcome is Outcome.PROMOTED
    assert entry.sync is not None
    assert entry.sync.pushed == ()
    assert list(pygit2.Repository(str(fleet.mirror("notes"))).references) == []


def test_a_ref_never_promotes_though_it_is_a_release_tag(fleet: Fleet) -> None:
    """--ref is for looking; --version is for releases."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    assert fleet.tests("notes", ref="1.1.0+1").outcome is Outcome.PASSED
    assert fleet.state().canonicals.read("notes") is None
    assert fleet.tests("notes", version="1.1.0+1").outcome is Outcome.PROMOTED


def test_a_canonical_never_goes_back_by_hand_either(fleet: Fleet) -> None:
    """Its tag withdrawn, the release before it is the latest; the gate still says no."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.publishes("notes", "1.2.0+1")
    fleet.has_swept()
    before = fleet.bytes_of("notes")
    fleet.repo("notes").references.delete("refs/tags/1.2.0+1")

    entry = fleet.tests("notes")

    assert entry.outcome is Outcome.REFUSED
    assert "never goes back" in entry.reason
    assert fleet.bytes_of("notes") == before


def test_a_canonical_that_lost_its_volume_is_loud(fleet: Fleet) -> None:
    """Nothing is new, but the night is not green: the record is not whole."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    fleet.engine().remove_volume(fleet.canonical("notes").volumes[0].name)

    night = fleet.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert [note.code for note in night["notes"].notes] == ["canonical-lost"]
    assert night.results.exit_code == 1
    assert fleet.tests("notes").outcome is Outcome.PROMOTED
    assert fleet.sweeps().results.exit_code == 0


@pytest.mark.parametrize("command", ["run", "verify", "quick"])
@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("nothing", "canon-sweep test notes"),
        ("a red release", "if that is red, give this canonical up: canon-sweep forget notes"),
        (
            "withdrawn",
            "nothing can prove it anew; give this canonical up: canon-sweep forget notes --reason",
        ),
    ],
)
def test_the_way_to_make_a_lost_canonical_whole_is_one_that_works(
    fleet: Fleet, change: str, advice: str, command: str
) -> None:
    """Only the latest release is ever promoted, so `test` is no way for an older one."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    fleet.engine().remove_volume(fleet.canonical("notes").volumes[0].name)
    if change == "a red release":
        fleet.publishes("notes", "2.0.0+1", NEVER_STARTS)
        fleet.sweeps()
    elif change == "withdrawn":
        fleet.repo("notes").references.delete("refs/tags/1.1.0+1")

    match command:
        case "run":
            said = [note.text for note in fleet.sweeps()["notes"].notes]
        case "verify":
            said = [text for found in fleet.verifies() for text in found.problems]
        case _:
            with pytest.raises(UsageFault, match="lost volume") as caught:
                fleet.tests("notes", ref="main", quick=True)
            said = [caught.value.do]

    assert any(advice in text for text in said), said


@pytest.mark.parametrize(
    ("change", "advice", "useless"),
    [
        (
            "excepted",
            "enroll it again, or give this canonical up: canon-sweep forget notes --reason",
            "test",
        ),
        (
            "no recipe any more",
            "gone; give this canonical up: canon-sweep forget notes --reason",
            "test",
        ),
        (
            "upstream is down",
            "if that promotes nothing, give this canonical up: canon-sweep forget",
            "-",
        ),
    ],
)
def test_verify_advises_what_works_whatever_became_of_the_recipe(
    fleet: Fleet, change: str, advice: str, useless: str
) -> None:
    """An excepted recipe's test is refused, an unknown one's cannot be asked for."""
    fleet.publishes("site", "1.0.0+1")
    fleet.publishes("notes", "1.0.0+1")
    fleet.has_swept()
    fleet.engine().remove_volume(fleet.canonical("notes").volumes[0].name)
    match change:
        case "excepted":
            fleet.add("notes", enroll=False, exception="not now")
            with pytest.raises(UsageFault, match="enroll it again"):
                fleet.tests("notes", quick=True)
        case "no recipe any more":
            del fleet.recipes["notes"]
        case _:
            fleet.upstream("notes").rename(fleet.folder / "moved")

    said = [text for found in fleet.verifies() for text in found.problems if " is gone" in text]

    assert len(said) == 1
    assert advice in said[0]
    assert f"canon-sweep {useless}" not in said[0]


def test_an_untagged_commit_never_promotes(fleet: Fleet) -> None:
    """It has passed, and is told that it promotes nothing, and why; a red one is red."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    before = fleet.bytes_of("notes")
    fleet.publishes("notes", None)

    entry = fleet.tests("notes", ref="main")

    assert entry.outcome is Outcome.PASSED
    assert not entry.is_wrong
    assert "a ref never promotes" in entry.reason
    assert "not tested as a release tag" in entry.reason
    assert Condition.TAGGED in {failed.condition for failed in entry.refused}
    assert all(tier.status is not Status.FAIL for tier in entry.tiers)
    assert fleet.bytes_of("notes") == before
    assert fleet.volumes() == {volume.name for volume in fleet.canonical("notes").volumes}
    fleet.publishes("notes", None, NEVER_STARTS)
    assert fleet.tests("notes", ref="main").outcome is Outcome.RED
    assert fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION


def test_a_tagged_release_promotes_by_hand_too(fleet: Fleet) -> None:
    """The same gate: a person's test of the latest release is as good as a sweep's."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    assert fleet.tests("notes", version="1.0.0+1").outcome is not Outcome.PROMOTED
    assert fleet.tests("notes").outcome is Outcome.PROMOTED


def test_a_branch_of_a_pull_request_on_the_mirror_is_tested(fleet: Fleet) -> None:
    """With the canonical's own version label, the base steps back to the release before."""
    fleet.publishes("notes", "1.0.0+1")
    tagged = fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    mirror = pygit2.Repository(str(fleet.mirror("notes")))
    mirror.references.create("refs/pull/7/head", pygit2.Oid(hex=tagged))

    entry = fleet.tests("notes", ref="pull/7/head")

    assert entry.outcome is Outcome.PASSED
    assert entry.base == "1.0.0+1"
    assert "refs/pull/7/head" in mirror.references


def test_an_unknown_version_or_ref_is_the_persons_mistake(fleet: Fleet) -> None:
    """Exit code 2, and what there is to choose from."""
    fleet.publishes("notes", "1.0.0+1")

    with pytest.raises(UsageFault, match=r"1\.0\.0\+1"):
        fleet.tests("notes", version="9.9.9+1")
    with pytest.raises(UsageFault, match="nosuch"):
        fleet.tests("notes", ref="nosuch")
    with pytest.raises(UsageFault, match="no recipe 'mail'"):
        fleet.sweeps("mail")


def test_a_hold_is_kept_and_ends(fleet: Fleet) -> None:
    """A held recipe is synced and not tested, and says why."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    hold = Hold(recipe="notes", reason="moving house", until=fleet.now + timedelta(days=3))
    fleet.state().holds.put(hold)

    night = fleet.sweeps()
    assert night["notes"].code is Code.HELD
    assert "moving house" in night["notes"].sentence

    fleet.now += WEEK
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_moved_tag_and_a_withdrawn_tag_change_no_canonical(fleet: Fleet) -> None:
    """Both are attention notes; a canonical never goes back."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    before = fleet.bytes_of("notes")

    fleet.repo("notes").references.delete("refs/tags/1.1.0+1")
    fleet.publishes("notes", "1.1.0+1")
    moved = fleet.sweeps()["notes"]
    fleet.repo("notes").references.delete("refs/tags/1.1.0+1")
    withdrawn = fleet.sweeps()["notes"]

    assert moved.code is Code.NO_NEW_VERSION
    assert [note.code for note in moved.notes] == ["tag-moved"]
    assert withdrawn.code is Code.CANONICAL_AHEAD
    assert withdrawn.sync is not None
    assert list(withdrawn.sync.deleted) == ["1.1.0+1"]
    assert fleet.bytes_of("notes") == before


def test_a_plan_takes_the_same_decisions_and_changes_nothing(fleet: Fleet) -> None:
    """Neither the mirror nor a record nor the state folder."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    plan = fleet.plans()

    assert plan["notes"].code is Code.FIRST_CANONICAL
    assert plan["notes"].outcome is None
    assert plan["notes"].sync is not None
    assert "refs/heads/main" in plan["notes"].sync.differs
    assert plan["notes"].sync.pushed == ()
    assert plan.results.totals.pushed_refs == 0
    assert list(pygit2.Repository(str(fleet.mirror("notes"))).references) == []
    assert not (fleet.folder / "state" / "runs").exists()
    assert fleet.sweeps()["notes"].code is Code.FIRST_CANONICAL


def test_a_second_run_at_the_same_time_is_deferred(fleet: Fleet) -> None:
    """One sweep at a time."""
    fleet.publishes("notes", "1.0.0+1")
    with lock.held(fleet.folder / "state" / "lock"), pytest.raises(DeferredFault):
        fleet.sweeps()


def test_a_run_is_bounded_in_time_and_says_whom_it_did_not_reach(fleet: Fleet) -> None:
    """A recipe that was dropped for time has a line, and the run does not exit 0."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("site", "1.0.0+1")
    fleet.options["maxRuntime"] = "1ms"

    night = fleet.sweeps()

    assert night["site"].code is Code.OUT_OF_TIME
    assert "maxRuntime" in night["site"].sentence
    assert night.results.exit_code == 1
    assert len(night.results.entries) == 2


def test_an_excepted_recipe_has_its_line_and_is_not_touched(fleet: Fleet) -> None:
    """The written reason is what the line says."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("mail", "1.0.0+1")
    fleet.add("mail", enroll=False, exception="mail store without bound")

    night = fleet.sweeps()

    assert night["mail"].code is Code.EXCEPTED
    assert "mail store without bound" in night["mail"].sentence
    assert list(pygit2.Repository(str(fleet.mirror("mail"))).references) == []


def test_records_may_be_kept_where_others_read_them(fleet: Fleet) -> None:
    """By canonicalsDir: a folder of its own, which another tool's canonicals are not in."""
    warm = fleet.folder / "canonicals"
    fleet.options["canonicalsDir"] = str(warm)
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    fleet.sweeps()

    assert (warm / "notes" / "canonical.json").exists()
    assert fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION
