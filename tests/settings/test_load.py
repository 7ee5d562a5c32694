"""The configuration, right and wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import EXIT_USAGE, SettingsFault
from canon_sweep.settings.load import digest_of, load, read, seconds
from canon_sweep.settings.records import ExecProbe, HttpProbe, Settings

NOTES = {"upstream": "https://up.example/notes", "mirror": "https://mirror.example/notes"}


def settings(**recipe: Any) -> Settings:
    return read({"recipes": {"notes": NOTES | recipe}}, "config.toml")


def problems(tree: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsFault) as caught:
        read(tree, "config.toml")
    assert caught.value.exit_code == EXIT_USAGE
    return list(caught.value.problems)


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    """camelCase in the file, records in the program."""
    file = tmp_path / "config.toml"
    file.write_text(
        """
        stateDir = "/srv/state"
        canonicalsDir = "/var/lib/ci-warm"
        engine = "local"
        retryRedAfter = "1d 12h"
        maxRuntime = 60
        [credentials."git.example"]
        username = "bot"
        tokenFile = "/run/token"
        [recipes.notes]
        upstream = "https://up.example/notes"
        mirror = "https://mirror.example/notes"
        tagPattern = "v(?P<version>.*)"
        expectedNA.upgrade = "one release only"
        timeouts.deploy = "10m"
        [[recipes.notes.probes]]
        type = "http"
        port = 80
        [[recipes.notes.data.seed]]
        type = "exec"
        command = ["touch", "x"]
        """
    )

    found = load(file)

    notes = found.recipe("notes")
    assert found.state_dir == Path("/srv/state")
    assert found.canonicals_dir == Path("/var/lib/ci-warm")
    assert found.retry_red_after == 36 * 3600.0
    assert found.max_runtime == 60.0
    assert found.credentials["git.example"].token_file == Path("/run/token")
    assert notes.probes == (HttpProbe(port=80),)
    assert notes.data.seed == (ExecProbe(command=("touch", "x")),)
    assert notes.timeouts.deploy == 600.0
    assert notes.expected_na.upgrade == "one release only"
    assert notes.enroll


def test_every_mistake_is_reported_at_once_with_its_key() -> None:
    """One look at the message is enough to mend the whole file."""
    found = problems(
        {
            "engin": "local",
            "engine": "podman",
            "retryRedAfter": "soon",
            "stateDir": "here",
            "domain": "Not A Domain",
            "credentials": {"h": {"tokenfile": "/x"}},
            "recipes": {
                "notes": {
                    "upstream": 3,
                    "tagPattern": "(",
                    "probes": [{"type": "htp"}, {"type": "http", "port": 0}],
                    "timeouts": {"deploy": "-1s"},
                },
                "mail": NOTES | {"enroll": False},
                "site": NOTES | {"exception": "but it is enrolled"},
                "wiki": NOTES | {"branch": "+refs/heads/*"},
                "docs": NOTES | {"branch": ""},
            },
        }
    )

    keys = [problem.partition(":")[0] for problem in found]
    assert sorted(keys) == sorted(
        [
            "engin",
            "engine",
            "retryRedAfter",
            "stateDir",
            "domain",
            "credentials.h.tokenfile",
            "recipes.notes.upstream",
            "recipes.notes.mirror",
            "recipes.notes.tagPattern",
            "recipes.notes.probes[1].type",
            "recipes.notes.probes[2].port",
            "recipes.notes.timeouts.deploy",
            "recipes.mail.exception",
            "recipes.site.exception",
            "recipes.wiki.branch",
            "recipes.docs.branch",
        ]
    )
    assert "did you mean engine" in found[keys.index("engin")]


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"recipes": {}},
        {"recipes": {"notes": NOTES | {"enroll": False, "exception": "no stable health"}}},
    ],
)
def test_an_empty_enrolment_is_an_error(tree: dict[str, Any]) -> None:
    """The hollow sweep: nothing would be tested, and every night would look green."""
    assert any(problem.startswith("recipes: no recipe") for problem in problems(tree))


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "cannot be read"), (b"= x", "not TOML"), (b"\xff", "UTF-8")],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes | None, cause: str) -> None:
    """The file is named, and what is wrong with it."""
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsFault, match=cause) as caught:
        load(file)

    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"), [("90s", 90), ("1h 30m", 5400), ("6d", 518400), (5, 5), ("500ms", 0.5)]
)
def test_durations(text: object, wanted: float) -> None:
    """Written as systemd writes them."""
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "soon", "5", "1x", "-1s", 0, True, None, "1s;", "9999999w"])
def test_what_is_no_duration(text: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


def test_the_digest_changes_with_anything_that_decides_a_test() -> None:
    """Changed settings test a known red again at once; the same ones do not."""
    plain = settings().recipe("notes")

    assert digest_of(plain, "1") == digest_of(settings().recipe("notes"), "1")
    assert digest_of(plain, "1") != digest_of(plain, "2")
    changed = settings(env={"A": "1"}).recipe("notes")
    assert digest_of(plain, "1") != digest_of(changed, "1")
