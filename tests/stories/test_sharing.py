"""What recipes share with the host and with each other: named by the operator, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.gate import Condition
from canon_sweep.errors import UsageFault
from canon_sweep.job.verify import verify
from stories.fleet import Fleet, compose

ON_A_NAS = {"driver_opts": {"type": "nfs", "o": "addr=192.0.2.1", "device": ":/srv/data"}}
NAMED = {"hostPaths": {"data": "the scans lie on the NAS", "/srv/in": "scanners write there"}}


def files(tag: str, **top: Any) -> dict[str, str]:
    """A recipe that runs, with other top-level tables."""
    return {"compose.yml": json.dumps(json.loads(compose("exec sleep 1000", tag)) | top)}


def mounting(tag: str, mount: str) -> dict[str, str]:
    tree = json.loads(compose("exec sleep 1000", tag))
    tree["services"]["app"]["volumes"].append(mount)
    return {"compose.yml": json.dumps(tree)}


@pytest.fixture
def scans(fleet: Fleet) -> Fleet:
    """A recipe with a release whose data lies on a file server."""
    fleet.commits("scans", "1.0.0+1", files("1.0.0+1", volumes={"data": ON_A_NAS}))
    return fleet


def test_a_volume_that_nobody_named_is_red_before_anything_is_deployed(scans: Fleet) -> None:
    """The next test, and the canonical, would have the same data."""
    entry = scans.sweeps()["scans"]

    assert entry.outcome is Outcome.RED
    assert entry.reason.startswith("install: ")
    assert "volume data" in entry.reason
    assert "recipes.scans.hostPaths" in entry.reason
    assert entry.deploys == 0


def test_named_it_is_tested_and_refused(scans: Fleet) -> None:
    """Changed settings test it again at once, but such a test is not cold."""
    scans.sweeps()
    scans.add("scans", **NAMED)

    entry = scans.sweeps()["scans"]

    assert entry.outcome is Outcome.REFUSED
    assert [failed.condition for failed in entry.refused] == [Condition.COLD]
    assert "it shares data" in entry.reason
    assert scans.volumes() == set()


def test_stateless_it_is_promoted(scans: Fleet) -> None:
    """The operator's word that nothing there matters."""
    scans.add("scans", **NAMED, stateless=True)

    assert scans.sweeps()["scans"].outcome is Outcome.PROMOTED


def test_verify_lets_others_write_where_the_settings_say_that_they_do(scans: Fleet) -> None:
    """Such a volume's size is no promise of the canonical's."""
    scans.add("scans", **NAMED, stateless=True)
    scans.sweeps()
    (scans.volume("scans") / "a scan").write_text("of another deployment")

    (finding,) = verify(scans.settings(), scans.means())

    assert finding.problems == ()


def test_a_writable_folder_is_refused_and_a_read_only_one_is_none(fleet: Fleet) -> None:
    """Of two neighbours only the one that can write is asked for a reason."""
    fleet.commits("writes", "1.0.0+1", mounting("1.0.0+1", "/srv/in:/in"))
    fleet.commits("reads", "1.0.0+1", mounting("1.0.0+1", "/srv/in:/in:ro"))

    night = fleet.sweeps()

    assert night["writes"].outcome is Outcome.RED
    assert "'/srv/in'" in night["writes"].reason
    assert night["reads"].outcome is Outcome.PROMOTED


def test_a_base_that_shares_what_nobody_named_is_a_broken_base(fleet: Fleet) -> None:
    """It says nothing of the release that does not share it any more."""
    fleet.commits("scans", "1.0.0+1", files("1.0.0+1"))
    fleet.commits("scans", "1.1.0+1", mounting("1.1.0+1", "/srv/in:/in"))
    fleet.commits("scans", "1.2.0+1", files("1.2.0+1"))

    entry = fleet.sweeps()["scans"]

    assert entry.outcome is Outcome.PROMOTED
    assert [broken.tag for broken in entry.broken_bases] == ["1.1.0+1"]
    assert entry.base == "1.0.0+1"


def test_a_test_from_a_base_that_shares_is_not_cold_either(fleet: Fleet) -> None:
    """The release itself shares nothing, but its upgrade began on shared data."""
    fleet.commits("scans", "1.0.0+1", mounting("1.0.0+1", "/srv/in:/in"))
    fleet.commits("scans", "1.1.0+1", files("1.1.0+1"))
    fleet.add("scans", hostPaths={"/srv/in": "scanners write there"})

    entry = fleet.sweeps()["scans"]

    assert entry.outcome is Outcome.REFUSED
    assert "it shares /srv/in" in entry.reason


def test_a_quick_run_says_what_it_could_not_put_back(fleet: Fleet) -> None:
    """Before the canonical's volumes are touched, of either version."""
    fleet.commits("scans", "1.0.0+1", files("1.0.0+1"))
    fleet.sweeps()
    before = fleet.bytes_of("scans")
    fleet.commits("scans", None, mounting("1.0.0+1", "/srv/in:/in"))
    fleet.add("scans", **NAMED)

    with pytest.raises(UsageFault, match="/srv/in of scans cannot be copied aside"):
        fleet.tests("scans", ref="main", quick=True)

    assert fleet.bytes_of("scans") == before
    fleet.add("scans", **NAMED, stateless=True)
    assert fleet.tests("scans", ref="main", quick=True).outcome is Outcome.PASSED


def test_a_quick_run_on_a_volume_that_cannot_be_copied_says_so(scans: Fleet) -> None:
    """Also where its data does not matter: there is nothing to put back from."""
    scans.add("scans", **NAMED, stateless=True)
    scans.sweeps()

    with pytest.raises(UsageFault, match="data of scans cannot be copied aside"):
        scans.tests("scans", quick=True)


def test_a_quick_red_names_the_setting_too(fleet: Fleet) -> None:
    """What nobody named is the commit's fault, and is not deployed."""
    fleet.commits("scans", "1.0.0+1", files("1.0.0+1"))
    fleet.sweeps()
    fleet.commits("scans", None, mounting("1.0.0+1", "/srv/in:/in"))

    entry = fleet.tests("scans", ref="main", quick=True)

    assert entry.outcome is Outcome.RED
    assert entry.reason.startswith("upgrade: it would share '/srv/in'")


def test_an_external_secret_that_nobody_named_is_infra(fleet: Fleet) -> None:
    """It is the host's to have: nothing is said of the recipe, and nothing deployed."""
    fleet.commits("mail", "1.0.0+1", files("1.0.0+1", secrets={"smtp": {"external": True}}))

    entry = fleet.sweeps()["mail"]

    assert entry.outcome is Outcome.INFRA
    assert "recipes.mail.externalSecrets = ['smtp']" in entry.reason
    assert entry.deploys == 0
    fleet.add("mail", externalSecrets=["smtp"])
    assert fleet.sweeps()["mail"].outcome is Outcome.PROMOTED


@pytest.fixture
def thief(fleet: Fleet) -> Fleet:
    """A recipe that wants the secret of another one's canonical, and may have it."""
    own = {"pw": {"external": True, "name": "${STACK_NAME}_pw_v1"}}
    fleet.commits("victim", "1.0.0+1", files("1.0.0+1", secrets=own))
    fleet.sweeps()
    (secret,) = fleet.canonical("victim").secrets
    wanted = {"pw": {"external": True, "name": secret}}
    fleet.commits("thief", "1.0.0+1", files("1.0.0+1", secrets=wanted))
    fleet.add("thief", externalSecrets=[secret])
    return fleet


def test_a_canonicals_secret_is_handed_to_nobody(thief: Fleet) -> None:
    """Whatever the settings say."""
    entry = thief.sweeps()["thief"]

    assert entry.outcome is Outcome.RED
    assert "belongs to the canonical of victim" in entry.reason
    assert entry.deploys == 0


def test_an_unreadable_record_may_keep_any_secret(thief: Fleet) -> None:
    """A doubt is never a yes."""
    (thief.state().canonicals.folder / "victim" / "canonical.json").write_text("{")

    night = thief.sweeps()

    assert night["thief"].outcome is Outcome.INFRA
    assert "nothing external is used" in night["thief"].reason
    assert night["victim"].code is Code.INTERNAL_ERROR
