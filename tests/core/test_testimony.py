"""How much of what an outside harness says is believed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from canon_sweep.core import ccciform, ownform, testimony
from canon_sweep.core.result import CiResult, Status, Tier
from canon_sweep.core.testimony import Asked, Said, TierSaid, doubt, tiers_of, unknown
from core.examples import NOW, commit_of

TAG = "1.1.0+1"
ASKED = Asked(
    recipe="notes",
    runs=frozenset(["night-notes-1"]),
    tag=TAG,
    commit=commit_of(TAG),
    started=NOW,
    declared={},
    has_base=True,
)
OWN: dict[str, Any] = {
    "schema": "canon-sweep-1",
    "recipe": "notes",
    "run": "night-notes-1",
    "tag": TAG,
    "commit": commit_of(TAG),
    "cold": True,
    "base": "1.0.0+1",
    "tiers": [{"tier": "install", "status": "pass"}, {"tier": "upgrade", "status": "pass"}],
    "stack": "kept_ci_example",
    "domain": "kept.ci.example",
    "volumes": ["kept_ci_example_data"],
    "secrets": ["kept_ci_example_pw_v1"],
    "images": {"app:1": "sha256:1"},
}
CCCI: dict[str, Any] = {
    "schema": 2,
    "run_id": "night-notes-1",
    "recipe": "notes",
    "ref": "",
    "pr": "",
    "version": TAG,
    "finished": (NOW + timedelta(hours=1)).isoformat(),
    "flags": {"quick": False},
    "level": 4,
    "rungs": dict.fromkeys(["install", "upgrade", "backup", "restore", "custom"], "pass"),
    "skips": {},
    "stages": [{"name": "install", "seconds": 12.5}],
    "lint": {"x": [1]},
    "something_new": None,
}


def own(**changes: Any) -> testimony.Testimony:
    return ownform.read(json.dumps(OWN | changes).encode())


def ccci(**changes: Any) -> testimony.Testimony:
    return ccciform.read(json.dumps(CCCI | changes).encode())


def with_rungs(**rungs: str) -> testimony.Testimony:
    return ccci(rungs=CCCI["rungs"] | rungs)


def judged(told: testimony.Testimony, asked: Asked = ASKED) -> CiResult | str:
    """As the harness does it: what is believed, or why nothing is."""
    if why := doubt(told, asked):
        return why
    if (tier := unknown(told)) is not None:
        return f"{tier.tier} is not known"
    tiers = tiers_of(told, asked)
    return CiResult(
        tag=asked.tag, commit=asked.commit, cold=told.cold, tiers=tiers, wanted=told.promised
    )


def green(told: testimony.Testimony, asked: Asked = ASKED) -> bool:
    result = judged(told, asked)
    assert isinstance(result, CiResult), result
    return result.green


def test_both_forms_of_a_green_run_are_green() -> None:
    """With all that a record needs."""
    assert green(own())
    assert green(ccci())
    assert own().kept is not None
    assert own().base == "1.0.0+1"
    assert ccci().cold
    assert ccci().tiers[0].seconds == 12.5


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (own(recipe="site"), "of the recipe 'site'"),
        (own(run="night-notes-2"), "of another run, 'night-notes-2'"),
        (own(tag="1.0.0+1"), "it is of '1.0.0+1'"),
        (own(commit="f" * 40), "it is of the commit 'ffff"),
        (own(ended=(NOW - timedelta(hours=1)).isoformat()), "older than the test"),
        (own(tiers=OWN["tiers"][:1]), "it says nothing of upgrade"),
        (own(tiers=OWN["tiers"][1:]), "it says nothing of install"),
        (own(tiers=[]), "it says nothing of install, upgrade"),
        (ccci(recipe="site"), "of the recipe 'site'"),
        (ccci(run_id="12"), "of another run, '12'"),
        (ccci(run_id=12), "of another run, '12'"),
        (ccci(ref="f" * 40), "it is of 'ffff"),
        (ccci(ref="main"), "it is of 'main'"),
        (ccci(version="1.0.0+1"), "of the version '1.0.0+1'"),
        (ccci(finished=NOW.timestamp() - 60), "older than the test"),
        (ccci(rungs={"install": "pass"}), "nothing of upgrade, backup, restore, custom"),
        (with_rungs(install="skip"), "install does not apply"),
        (with_rungs(upgrade="skip"), "it skipped the upgrade by itself"),
    ],
    ids=range(18),
)
def test_a_doubt_is_told_and_nothing_is_believed(told: testimony.Testimony, why: str) -> None:
    """It is of another test, or says too little of this one."""
    assert why in str(judged(told))


@pytest.mark.parametrize("ref", ["", TAG, f"refs/tags/{TAG}", commit_of(TAG), commit_of(TAG)[:7]])
def test_a_release_may_be_named_by_tag_or_commit(ref: str) -> None:
    """A harness that says what it tested may say it in its own way."""
    assert green(ccci(ref=ref))


@pytest.mark.parametrize(("ref", "is_told"), [("pull/7/head", True), ("f" * 40, False)])
def test_the_name_of_a_pull_requests_head_is_the_harnesses_own(ref: str, is_told: bool) -> None:
    """But a commit is a commit."""
    asked = replace(ASKED, tag="")

    assert isinstance(judged(ccci(ref=ref), asked), CiResult) is is_told


def test_a_time_without_parts_of_a_second_is_no_older() -> None:
    """Of the second in which the test began."""
    asked = replace(ASKED, started=NOW.replace(microsecond=900_000))

    assert green(ccci(finished=NOW.timestamp()), asked)


def test_what_could_not_be_tested_is_no_failure_unless_one_came_before() -> None:
    """The first tier that did not pass decides."""
    assert judged(with_rungs(backup="unver", custom="fail")) == "backup is not known"
    red = judged(with_rungs(install="fail", upgrade="unver", backup="unver"))

    assert isinstance(red, CiResult)
    assert red.failed is not None
    assert red.failed.tier is Tier.INSTALL


def test_a_skip_counts_only_with_a_reason() -> None:
    """The harness's own, or the settings'."""
    declared = {"custom": {"kind": "declared", "reason": "no tests"}}
    with_reason = ccci(rungs=CCCI["rungs"] | {"custom": "skip"}, skips=declared)
    assert green(with_reason)
    result = judged(with_reason)
    assert isinstance(result, CiResult)
    assert [t.reason for t in result.tiers if t.status is Status.NA] == ["no tests"]

    bare = judged(with_rungs(custom="skip"))
    assert isinstance(bare, CiResult)
    assert bare.failed is not None
    assert bare.failed.reason == "it was skipped, and nothing says why"
    assert green(with_rungs(custom="skip"), replace(ASKED, declared={Tier.CUSTOM: "known"}))


def test_an_upgrade_that_nobody_declared_away_is_wanted_where_there_is_a_base() -> None:
    """A work tree without tags looks like a first release."""
    skips = {"upgrade": {"kind": "structural", "reason": "only one published version"}}
    skipped = ccci(rungs=CCCI["rungs"] | {"upgrade": "skip"}, skips=skips)

    assert "expectedNA.upgrade" in str(judged(skipped))
    assert green(skipped, replace(ASKED, has_base=False))
    assert green(skipped, replace(ASKED, declared={Tier.UPGRADE: "moving image"}))
    skips["upgrade"]["kind"] = "declared"
    assert green(ccci(rungs=CCCI["rungs"] | {"upgrade": "skip"}, skips=skips))


@pytest.mark.parametrize(
    "skips",
    [
        {"custom": "no tests"},
        {"custom": {"kind": "structural", "detail": "no tests"}},
        [{"rung": "custom", "reason": "no tests"}],
        [{"name": "custom", "kind": "declared", "message": "no tests"}],
    ],
)
def test_reasons_are_found_in_each_form_that_would_do(skips: object) -> None:
    """On record are the keys alone."""
    result = judged(ccci(rungs=CCCI["rungs"] | {"custom": "skip"}, skips=skips))

    assert isinstance(result, CiResult)
    assert result.tiers[-1].reason == "no tests"


def test_a_quick_run_is_never_cold() -> None:
    """Whatever was asked for."""
    assert not ccci(flags={"CCCI_QUICK": True}).cold
    assert not ccci(flags=["quick"]).cold
    assert ccci(flags=None).cold


def test_a_warm_test_has_the_tiers_that_it_has() -> None:
    """And one at least."""
    asked = replace(ASKED, warm=True)

    assert doubt(ccci(rungs={"upgrade": "pass"}), asked) == ""
    assert doubt(ccci(rungs={}), asked) == "it says nothing of any tier"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schema": "canon-sweep-2"}, "canon-sweep-2"),
        ({"surprise": 1}, "surprise"),
        ({"cold": "yes"}, "bool"),
        ({"commit": ""}, "commit is empty"),
        ({"ended": "2026-06-14T03:00:00"}, "no time zone"),
        ({"tiers": [*OWN["tiers"], OWN["tiers"][0]]}, "twice"),
        ({"tiers": [{"tier": "lint", "status": "pass"}]}, "lint"),
        ({"tiers": [{"tier": "install", "status": "ok"}]}, "ok"),
        ({"tiers": [{"tier": "install", "status": "pass", "seconds": -1}]}, ">= 0"),
        ({"stack": ""}, "none is named"),
        ({"stack": "-rm"}, "no stack name"),
        ({"domain": "A B"}, "no domain name"),
        ({"volumes": ["traefik_data"]}, "not the stack's"),
        ({"secrets": ["kept_ci_example_/x"]}, "no secret name"),
        ({"images": {"a": 1}}, "int"),
    ],
    ids=range(15),
)
def test_our_own_form_is_read_strictly(changes: dict[str, Any], why: str) -> None:
    """What it does not know would be a promise that nobody keeps."""
    with pytest.raises(ValueError, match=why):
        own(**changes)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schema": 3}, "schema: expected 2"),
        ({"recipe": None}, "recipe"),
        ({"run_id": ""}, "run_id"),
        ({"rungs": None}, "rungs"),
        ({"rungs": {"install": "ok"}}, "rungs.install"),
        ({"rungs": {"install": ["pass"]}}, "rungs.install"),
        ({"rungs": [{"status": "pass"}]}, "name"),
        ({"rungs": [{"name": "install"}, {"name": "install"}]}, "each once"),
        ({"skips": 1}, "skips"),
        ({"finished": "soon"}, "finished"),
        ({"finished": 1e300}, "finished"),
        ({"ref": {}}, "ref"),
    ],
    ids=range(12),
)
def test_what_is_not_understood_of_ccci_is_not_believed(changes: dict[str, Any], why: str) -> None:
    """Other keys are its own."""
    with pytest.raises(ValueError, match=why):
        ccci(**changes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([OWN, CCCI]), st.data())
def test_whatever_stands_in_a_file_it_is_read_or_a_value_error(
    form: dict[str, Any], data: st.DataObject
) -> None:
    """Never another exception, and never a green that the original was not."""
    key = data.draw(st.sampled_from(sorted(form)))
    content = json.dumps(form | {key: data.draw(JSON)}).encode()
    read = ownform.read if form is OWN else ccciform.read
    try:
        told = read(content)
    except ValueError:
        return
    assert isinstance(judged(told), str | CiResult)


@given(st.binary(max_size=200))
def test_any_bytes_are_no_result(content: bytes) -> None:
    """Each reader says so in the same way."""
    for read in (ownform.read, ccciform.read):
        with pytest.raises(ValueError, match=r"."):
            read(content)


@given(
    st.lists(
        st.tuples(st.sampled_from(Tier), st.sampled_from(Said), st.text()), unique_by=lambda t: t[0]
    )
)
def test_green_is_only_what_passed_or_does_not_apply(
    said: list[tuple[Tier, Said, str]],
) -> None:
    """In whichever order, and of install a pass alone."""
    tiers = tuple(TierSaid(*each) for each in said)
    told = testimony.Testimony(
        recipe="notes", run="night-notes-1", tiers=tiers, promised=(Tier.INSTALL, Tier.UPGRADE)
    )
    result = judged(told)

    is_green = isinstance(result, CiResult) and result.green
    by_tier = {each.tier: each for each in tiers}
    passed = all(
        each.said is Said.PASS or (each.said is Said.NA and each.reason.strip()) for each in tiers
    )
    there = {Tier.INSTALL, Tier.UPGRADE} <= by_tier.keys()
    assert is_green == (passed and there and by_tier[Tier.INSTALL].said is Said.PASS)


@given(st.text())
def test_a_reason_is_one_bounded_line(text: str) -> None:
    """It may be anybody's."""
    told = replace(own(), tiers=(TierSaid(Tier.INSTALL, Said.FAIL, text),))
    reason = tiers_of(told, ASKED)[0].reason

    assert reason
    assert reason.isprintable()
    assert len(reason) <= 500
