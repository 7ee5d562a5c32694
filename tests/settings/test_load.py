"""The configuration, right and wrong."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import EXIT_USAGE, SettingsFault
from canon_sweep.settings.duration import seconds, written
from canon_sweep.settings.load import load, read
from canon_sweep.settings.recipes import ExecProbe, HttpProbe
from canon_sweep.settings.records import Settings
from canon_sweep.settings.values import SecretFile


def remotes(name: str) -> dict[str, Any]:
    return {"upstream": f"https://up.example/{name}", "mirror": f"https://mirror.example/{name}"}


NOTES = remotes("notes")


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
    assert notes.expected_na.reasons == {"upgrade": "one release only"}
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
            "credentials": {"h": {"tokenfile": "/x"}, "https://h": {"tokenFile": "/x"}},
            "swarm": {"host": "/var/run/docker.sock"},
            "recipes": {
                "notes": {
                    "upstream": 3,
                    "tagPattern": "(",
                    "probes": [{"type": "htp"}, {"type": "http", "port": 0}],
                    "timeouts": {"deploy": "-1s"},
                },
                "mail": remotes("mail") | {"enroll": False},
                "site": remotes("site") | {"exception": "but it is enrolled"},
                "wiki": remotes("wiki") | {"branch": "+refs/heads/*"},
                "docs": remotes("docs") | {"branch": ""},
                "Upper": remotes("upper"),
                "far": {
                    "upstream": "../far.git",
                    "mirror": "https://bot:secret@git.example.org/far",
                },
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
            "recipes.Upper",
            "recipes.far.upstream",
            "recipes.far.mirror",
            "credentials.'https",
            "swarm.host",
        ]
    )
    assert "did you mean engine" in found[keys.index("engin")]
    assert not any("secret@" in problem for problem in found)


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


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors begin every file with one, and nobody can see it."""
    file = tmp_path / "config.toml"
    lines = [f'{key} = "{url}"' for key, url in NOTES.items()]
    file.write_text("\n".join(["[recipes.notes]", *lines]), "utf-8-sig")

    assert load(file).recipe("notes").upstream == NOTES["upstream"]


@pytest.mark.parametrize("name", ["../../etc", "Notes", "a b", "", ".notes", "n" * 63])
def test_a_name_that_can_never_be_a_recipe_is_a_mistake(name: str) -> None:
    """It would be an error of every night."""
    (problem,) = problems({"recipes": {name: NOTES}})

    assert problem.startswith("recipes.")
    assert "is no recipe name" in problem


@pytest.mark.parametrize(
    ("key", "body", "cause"),
    [
        ("https://git.example.org", {"tokenFile": "/t"}, "by its host alone"),
        ("git.example.org/team", {"tokenFile": "/t"}, "by its host alone"),
        ("git@git.example.org", {"tokenFile": "/t"}, "by its host alone"),
        ("GIT.example.org", {"tokenFile": "/t"}, "'git.example.org'"),
        ("git.example.org:", {"tokenFile": "/t"}, "no port"),
        ("git.example.org:0", {"tokenFile": "/t"}, "no port"),
        ("git.example.org:99999", {"tokenFile": "/t"}, "no port"),
        ("git.example.org:https", {"tokenFile": "/t"}, "no port"),
        ("git example", {"tokenFile": "/t"}, "no host name"),
        ("", {"tokenFile": "/t"}, "no host name"),
        ("git.example.org", {}, "tokenFile or sshKeyFile"),
        ("git.example.org", {"knownHostsFile": "/k"}, "tokenFile or sshKeyFile"),
        ("git.example.org", {"sshKeyFile": "/k"}, "ssh is refused and the key never used"),
        ("git.example.org", {"tokenFile": "/t", "knownHostsFile": "/k"}, "there is no sshKeyFile"),
        ("git.example.org", {"tokenFile": "/t", "sshPassphraseFile": "/p"}, "no sshKeyFile"),
    ],
)
def test_a_credential_that_is_never_used_is_a_mistake(
    key: str, body: dict[str, str], cause: str
) -> None:
    """Else the login fails at night, and nothing is said of the credential."""
    (problem,) = problems({"recipes": {"notes": NOTES}, "credentials": {key: body}})

    assert problem.startswith("credentials.")
    assert cause in problem


SSH = {"sshKeyFile": "/k", "knownHostsFile": "/h"}
SSH_LOGIN = {"git.example.org": SSH}


@pytest.mark.parametrize("key", ["git.example.org", "git.example.org:8443", "localhost", "::1"])
def test_a_credential_is_listed_by_its_host(key: str) -> None:
    """With a port if only that one is meant."""
    tree = {"recipes": {"notes": NOTES}, "credentials": {key: SSH}}

    assert read(tree, "config.toml").credentials[key].ssh_key_file == Path("/k")


LOGIN = {"username": "bot", "passwordFile": "/p"}


@pytest.mark.parametrize(
    ("key", "body", "cause"),
    [
        ("https://ghcr.io", LOGIN, "by its host alone"),
        ("ghcr.io/somebody", LOGIN, "by its host alone"),
        ("GHCR.io", LOGIN, "small letters: 'ghcr.io'"),
        ("index.docker.io", LOGIN, "Docker Hub is docker.io"),
        ("registry", LOGIN, "has a dot or a port"),
        ("ghcr.io", {"username": "bot"}, "passwordFile"),
        ("ghcr.io", {"passwordFile": "/p"}, "username"),
        ("ghcr.io", LOGIN | {"username": ""}, "username"),
        ("ghcr.io", LOGIN | {"password": "secret"}, "password"),
    ],
)
def test_a_registry_that_is_never_asked_is_a_mistake(
    key: str, body: dict[str, str], cause: str
) -> None:
    """Else its images come without a login at night, or not at all."""
    (problem,) = problems({"recipes": {"notes": NOTES}, "registries": {key: body}})

    assert problem.startswith("registries.")
    assert cause in problem
    assert "secret" not in problem


@pytest.mark.parametrize("key", ["docker.io", "ghcr.io", "localhost", "localhost:5000", "hub:80"])
def test_a_registry_is_listed_by_its_host(key: str) -> None:
    """As an image's name begins with it; Docker Hub, whose images' names do not, as docker.io."""
    tree = {"recipes": {"notes": NOTES}, "registries": {key: LOGIN}}

    assert read(tree, "config.toml").registries[key].password_file == Path("/p")


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        (
            "/run/credentials/canon-sweep.service",
            "/run/credentials/canon-sweep.service/forge.token",
        ),
        # read by nobody, and its name says what is missing
        (None, "$CREDENTIALS_DIRECTORY/forge.token"),
    ],
)
def test_a_secret_may_be_a_credential_of_the_service(
    monkeypatch: pytest.MonkeyPatch, folder: str | None, found: str
) -> None:
    """systemd's folder of credentials has another path in each unit: its name is enough."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if folder is not None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
    login = {"tokenFile": "forge.token"}
    tree = {"recipes": {"notes": NOTES}, "credentials": {"git.example.org": login}}

    assert str(read(tree, "config.toml").credentials["git.example.org"].token_file) == found


def test_a_secret_is_changed_where_it_comes_from() -> None:
    """systemd hands over a copy: who is told to write into that looks in vain."""
    copy = SecretFile("/run/credentials/canon-sweep.service/forge.token")

    assert copy.origin == "what the credential forge.token is loaded from"
    assert SecretFile("/run/secrets/forge").origin == "/run/secrets/forge"


@pytest.mark.parametrize("name", ["", "../forge", "secrets/forge", ".forge", "for ge"])
def test_neither_a_path_nor_a_credential_is_a_mistake(name: str) -> None:
    """A path that depends on where the command is called would be another one on Sunday."""
    login = {"tokenFile": name, "sshKeyFile": "/k", "knownHostsFile": "/h"}
    (problem,) = problems({"recipes": {"notes": NOTES}, "credentials": {"h": login}})

    assert problem == "credentials.h.tokenFile: expected an absolute path, or a credential's name"


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ([["roll", "traefik"], []], "preSweep[2]: expected a list that is not empty"),
        (["roll traefik"], "preSweep[1]: expected a list, got a text"),
        ([["true"], ["", "traefik"]], "preSweep[2]: the program's name is empty"),
        ([["roll\0"]], "preSweep[1]: has a NUL character"),
    ],
)
def test_a_command_before_the_sweep_that_cannot_be_run_is_a_mistake(
    commands: object, told: str
) -> None:
    """It would be told on Sunday, when nobody looks on."""
    assert problems({"recipes": {"notes": NOTES}, "preSweep": commands}) == [told]


MIRROR = "https://git.example.org/mirrors/notes"
OTHER_SPELLINGS = [
    MIRROR,
    MIRROR + "/",
    MIRROR + ".git",
    "https://GIT.example.org:443/mirrors//notes.git/",
    "http://git.example.org/mirrors/Notes",
    "ssh://git@git.example.org:2222/mirrors/notes.git",
    "git@git.example.org:mirrors/notes.git",
    "https://git.example.org/old/../mirrors/%6eotes",
]


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_two_recipes_with_one_mirror_are_a_mistake_that_names_both(spelling: str) -> None:
    """Each would delete the other's tags, every week anew."""
    recipes = {
        "notes": NOTES | {"mirror": MIRROR},
        "other": remotes("other")
        | {"mirror": spelling, "enroll": False, "exception": "also if it is left out"},
    }

    (problem,) = problems({"recipes": recipes, "credentials": SSH_LOGIN})

    assert problem.startswith("recipes.other.mirror: is the same as recipes.notes.mirror")


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_a_mirror_that_is_an_upstream_is_a_mistake_that_names_both(spelling: str) -> None:
    """The upstream would be overwritten."""
    recipes = {"notes": NOTES | {"mirror": MIRROR}, "other": remotes("o") | {"upstream": spelling}}

    (problem,) = problems({"recipes": recipes, "credentials": SSH_LOGIN})

    assert problem.startswith("recipes.notes.mirror: is the same as recipes.other.upstream")


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_a_recipe_that_mirrors_to_where_it_comes_from_is_a_mistake(spelling: str) -> None:
    """In any spelling of the one place."""
    recipes = {"notes": {"upstream": MIRROR, "mirror": spelling}}

    found = problems({"recipes": recipes, "credentials": SSH_LOGIN})

    assert found == ["recipes.notes.mirror: is the same as upstream"]


def test_a_link_to_a_mirror_is_that_mirror(tmp_path: Path) -> None:
    """Two names of one folder are no two mirrors."""
    (tmp_path / "real" / "notes.git").mkdir(parents=True)
    (tmp_path / "short").symlink_to("real")
    recipes = {
        "notes": NOTES | {"mirror": f"{tmp_path}/real/notes.git"},
        "other": remotes("other") | {"mirror": f"file://{tmp_path}/short/../short/notes.git"},
    }

    (problem,) = problems({"recipes": recipes})

    assert problem.startswith("recipes.other.mirror: is the same as recipes.notes.mirror")


@pytest.mark.parametrize(
    ("url", "credentials", "is_reached"),
    [
        ("git@git.example.org:a/notes", {}, False),
        ("ssh://git@git.example.org:2222/a/notes", {}, False),
        ("git@git.example.org:a/notes", {"git.example.org": {"tokenFile": "/t"}}, False),
        ("git@git.example.org:a/notes", {"git.example.com": SSH}, False),
        ("ssh://git@git.example.org:2222/a/notes", {"git.example.org:22": SSH}, False),
        ("git@git.example.org:a/notes", SSH_LOGIN, True),
        ("ssh://git@GIT.example.org:2222/a/notes", SSH_LOGIN, True),
        ("ssh://git@git.example.org:2222/a/notes", {"git.example.org:2222": SSH}, True),
    ],
)
def test_ssh_needs_the_known_hosts_of_its_host(
    url: str, credentials: dict[str, Any], is_reached: bool
) -> None:
    """No host's key is trusted unseen, so that every sync would be refused."""
    tree = {"recipes": {"notes": NOTES | {"mirror": url}}, "credentials": credentials}

    if is_reached:
        assert read(tree, "config.toml").recipe("notes").mirror == url
    else:
        (problem,) = problems(tree)
        assert problem.startswith("recipes.notes.mirror: ssh needs known hosts")
        assert "git.example.org" in problem


@pytest.mark.parametrize(
    ("tree", "wrong"),
    [
        ({"cacheDir": "/var/lib/canon-sweep"}, ["stateDir"]),
        ({"cacheDir": "/var/lib"}, ["stateDir"]),
        ({"cacheDir": "/"}, ["stateDir"]),
        ({"stateDir": "/var/cache/canon-sweep/../canon-sweep/state/"}, ["stateDir"]),
        ({"canonicalsDir": "/var/cache/canon-sweep/canonicals"}, ["canonicalsDir"]),
        ({"stateDir": "/srv/x", "cacheDir": "/srv/x", "canonicalsDir": "/srv/x/c"},
         ["stateDir", "canonicalsDir"]),
        ({"recipes": {"notes": NOTES | {"mirror": "/var/cache/canon-sweep/notes.git"}}},
         ["recipes.notes.mirror"]),
        ({"stateDir": "/srv/x", "cacheDir": "/srv/x/canonicals"}, ["cacheDir"]),
        ({"stateDir": "/srv/x", "cacheDir": "/srv/x/y/../runs/cache"}, ["cacheDir"]),
        ({"canonicalsDir": "/srv/x", "cacheDir": "/srv/x/notes"}, ["cacheDir"]),
        ({"canonicalsDir": "/srv/x", "cacheDir": "/srv/x"}, ["canonicalsDir"]),
        ({"stateDir": "/srv/x", "cacheDir": "/srv/x/cache"}, []),
        ({"stateDir": "/var/cache/canon-sweeper", "canonicalsDir": "/var/lib/ci-warm"}, []),
    ],
)  # fmt: skip
def test_what_must_last_does_not_lie_in_the_cache(tree: dict[str, Any], wrong: list[str]) -> None:
    """The cache may be deleted at any time."""
    tree = {"recipes": {"notes": NOTES}} | tree

    if wrong:
        found = problems(tree)
        assert [problem.partition(": lies in ")[0] for problem in found] == wrong
    else:
        read(tree, "config.toml")


@pytest.mark.parametrize(
    ("tree", "wrong"),
    [
        ({}, "canonicalsDir: missing: with harness.promotes"),
        ({"canonicalsDir": "/srv/x/c", "stateDir": "/srv/x"}, "canonicalsDir: is no folder of its"),
        ({"canonicalsDir": "/srv", "stateDir": "/srv/x"}, "canonicalsDir: is no folder of its"),
        ({"canonicalsDir": "/var/lib/ci-warm"}, ""),
        ({"harness": {"promotes": False}}, ""),
    ],
)
def test_a_harness_that_promotes_has_a_folder_of_its_own(tree: dict[str, Any], wrong: str) -> None:
    """Its canonicals are read there, and nothing of ours is written."""
    harness = {"command": ["run"], "environment": {"RESULT": "{result}"}, "promotes": True}
    tree = {"recipes": {"notes": NOTES}} | tree
    tree["harness"] = harness | tree.get("harness", {})

    if wrong:
        (problem,) = problems(tree)
        assert problem.startswith(wrong)
    else:
        assert read(tree, "config.toml").harness_promotes == (tree["harness"]["promotes"])


@pytest.mark.parametrize(
    ("inside", "is_cleared"),
    [
        ("checkouts", True),
        ("checkouts/records", True),
        ("local/volumes/../records", True),
        ("swarm", True),
        ("runs/canonicals", True),
        ("canonicals", False),
        ("local-records", False),
    ],
)
@pytest.mark.parametrize("key", ["canonicalsDir", "recipes.notes.mirror"])
def test_what_must_last_does_not_lie_where_runs_delete(
    inside: str, key: str, *, is_cleared: bool
) -> None:
    """The first run would take it for what an earlier one has left."""
    folder = f"/srv/x/{inside}"
    tree: dict[str, Any] = {"stateDir": "/srv/x", "recipes": {"notes": NOTES}}
    if key == "canonicalsDir":
        tree[key] = folder
    else:
        tree["recipes"]["notes"] = NOTES | {"mirror": folder}

    if is_cleared:
        (problem,) = problems(tree)
        assert problem.startswith(f"{key}: lies in stateDir/{inside.partition('/')[0]}, from which")
    else:
        read(tree, "config.toml")


@pytest.mark.parametrize(
    ("recipe", "key", "cause"),
    [
        ({"upgradeBase": "1.0.0"}, "upgradeBase", "not of the form X.Y.Z"),
        ({"install": []}, "install", "not empty"),
        ({"install": [""]}, "install", "the program's name is empty"),
        ({"install": ["a", "\0"]}, "install", "NUL"),
        ({"install": ["./install.sh"]}, "install", "no file of a recipe is run"),
        ({"install": "make it"}, "install", "expected"),
        ({"upgradeBase": ""}, "upgradeBase", "not of the form"),
        ({"upgradeBase": "1.0.0+1", "tagPattern": "v(?P<version>.*)"}, "upgradeBase", "tagPattern"),
        ({"upgradeBase": "1.0.0-rc1+1"}, "upgradeBase", "a pre-release"),
        ({"upgradeBase": {"tag": "1.0.0", "reason": "r"}}, "upgradeBase", "not of the form X.Y.Z"),
        ({"upgradeBase": {"tag": "1.0.0+1"}}, "upgradeBase.reason", "missing"),
        ({"upgradeBase": 3}, "upgradeBase", "a text, or a table with tag, reason, until"),
        ({"expectedNA": {"upgrade": {"reason": " "}}}, "expectedNA.upgrade.reason", "says nothing"),
        ({"exception": {"reason": "but it is enrolled"}}, "exception", "the recipe is enrolled"),
        ({"expectedNA": {"custom": {"reason": "r", "until": "2027-02-30"}}},
         "expectedNA.custom.until", "neither a day, such as 2027-01-31, nor a release"),
        ({"expectedNA": {"backup": {"reason": "r", "until": 2027}}},
         "expectedNA.backup.until", "expected a day"),
        ({"expectedNA": {"upgrade": {"reason": "r", "untill": "2027-01-31"}}},
         "expectedNA.upgrade.untill", "did you mean until?"),
        ({"expectedNA": {"install": "r"}}, "expectedNA.install", "unknown key"),
        ({"env": {"A-B": "1"}}, "env.A-B", "no variable's name"),
        ({"env": {"A=B": "1"}}, "env.'A=B'", "no variable's name"),
        ({"env": {"DOMAIN": "x.example.org"}}, "env.DOMAIN", "every deployment has its own"),
        ({"env": {"A": "1\0"}}, "env.A", "NUL"),
        ({"env": {"A": "{ stack }_db"}}, "env.A", "'{ stack }' stands for nothing"),
        ({"env": {"A": "x.{domian}"}}, "env.A", "nothing: {domain} and {stack} are all"),
        ({"probes": [{"type": "tcp", "port": 1, "service": "../app"}]},
         "probes[1].service", "no service name"),
        ({"checks": [{"type": "exec", "command": ["", "a"]}]}, "checks[1].command", "empty"),
        ({"checks": [{"type": "exec", "command": ["a", "\0"]}]}, "checks[1].command", "NUL"),
        ({"data": {"check": [{"type": "http", "port": 1, "method": "HEAD", "contains": "x"}]}},
         "data.check[1].contains", "no text"),
        ({"data": {"seed": [{"type": "http", "port": 1, "status": 204, "contains": "x"}]}},
         "data.seed[1].contains", "no text"),
        ({"probes": [{"type": "http", "port": 1, "status": 200, "statuses": [301]}]},
         "probes[1].statuses", "one of the two"),
        ({"probes": [{"type": "http", "port": 1, "statuses": []}]},
         "probes[1].statuses", "not empty"),
        ({"probes": [{"type": "http", "port": 1, "statuses": [200, 99]}]},
         "probes[1].statuses[2]", "a whole number, 100 or more"),
        ({"probes": [{"type": "http", "port": 1, "statuses": [204, 304], "contains": "x"}]},
         "probes[1].contains", "no text"),
        ({"probes": [{"type": "http", "port": 1, "headers": {"A B": "x"}}]},
         "probes[1].headers.'A B'", "no header's name"),
        ({"probes": [{"type": "http", "port": 1, "headers": {"A": "x\r\nB: y"}}]},
         "probes[1].headers.A", "no header can have"),
        ({"probes": [{"type": "http", "port": 1, "path": "/x?{tokn}"}]},
         "probes[1].path", "'{tokn}' stands for nothing: {token} is all"),
        ({"probes": [{"type": "http", "port": 1, "path": "/{domain}"}]},
         "probes[1].path", "'{domain}' stands for nothing"),
        ({"checks": [{"type": "http", "port": 1, "headers": {"X": "{TOKEN}"}}]},
         "checks[1].headers.X", "'{TOKEN}' stands for nothing"),
        ({"checks": [{"type": "http", "port": 1, "body": '{"name": "{ token }"}'}]},
         "checks[1].body", "'{ token }' stands for nothing"),
        ({"checks": [{"type": "exec", "command": ["cat", "{volumes.data}/x"]}]},
         "checks[1].command", "'{volumes.data}' stands for nothing"),
        ({"data": {"check": [{"type": "exec", "command": ["get"], "contains": "{token}"}]}},
         "data.check[1].contains", "no probe of data.seed puts it in"),
        ({"data": {"seed": [{"type": "exec", "command": ["put", "it"]}],
                   "check": [{"type": "http", "port": 1, "path": "/{token}"}]}},
         "data.check[1].path", "no probe of data.seed puts it in"),
        ({"probes": [{"type": "http", "port": 1, "headers": {"A": "\u263a"}}]},
         "probes[1].headers.A", "no header can have"),
        ({"hostPaths": {"srv/data": "media"}}, "hostPaths.'srv/data'", "neither a path"),
        ({"hostPaths": {"/srv:/data": "media"}}, "hostPaths.'/srv:/data'", "can be mounted"),
        ({"hostPaths": {"/srv/$X": "media"}}, "hostPaths.'/srv/$X'", "variables"),
        ({"hostPaths": {"/srv": " "}}, "hostPaths.'/srv'", "needs a reason"),
        ({"hostPaths": {"/srv": ""}}, "hostPaths.'/srv'", "needs a reason"),
        ({"hostPaths": {"/srv": "a", "/srv/": "b"}}, "hostPaths.'/srv/'", "same as '/srv'"),
        ({"stateless": True}, "stateless", "hostPaths, and there are none"),
        ({"externalSecrets": ["a b"]}, "externalSecrets[1]", "no secret name"),
        ({"externalConfigs": ["ok", "x" * 65]}, "externalConfigs[2]", "longer than 64"),
        ({"externalSecrets": "smtp"}, "externalSecrets", "expected"),
        ({"needs": ["keycloak", "-x"]}, "needs[2]", "'-x' is no stack name"),
        ({"needs": [""]}, "needs[1]", "not empty"),
    ],
)  # fmt: skip
def test_what_could_do_nothing_in_any_test_is_a_mistake(
    recipe: dict[str, Any], key: str, cause: str
) -> None:
    """Else the recipe is red every week for its settings, or a setting is ignored."""
    (problem,) = problems({"recipes": {"notes": NOTES | recipe}})

    assert problem.startswith(f"recipes.notes.{key}: ")
    assert cause in problem


def test_on_the_local_engine_no_need_can_be_met() -> None:
    """Known before any night: nobody but tests deploys there."""
    tree = {"engine": "local", "recipes": {"notes": NOTES | {"needs": ["keycloak"]}}}

    (problem,) = problems(tree)

    assert problem.startswith("recipes.notes.needs: could never be met: ")


def test_a_domain_that_leaves_no_room_for_a_service_is_a_mistake() -> None:
    """Known before any night: Swarm would refuse the service's name in every test."""

    def tree(domain: str, service: str) -> dict[str, Any]:
        checks = [{"type": "tcp", "port": 1, "service": name} for name in ("app", service)]
        return {"recipes": {"notes": NOTES | {"data": {"check": checks}}}, "domain": domain}

    (problem,) = problems(tree("c" * 33, "background-workers"))

    assert problem.startswith("recipes.notes.data.check[2].service: ")
    assert "17 characters" in problem
    assert "shorter domain" in problem
    for fits in (tree("c" * 33, "background-worker"), tree("c" * 32, "background-workers")):
        assert read(fits, "config.toml").domain == fits["domain"]


def test_what_looks_odd_and_works_is_no_mistake() -> None:
    """Nobody's right settings are refused."""
    found = settings(
        tagPattern="v(?P<version>.*)",
        prereleases=True,
        upgradeBase="v1.0.0-rc1",
        env={"_a1": "", "DOMAINS": "$x", "COMPOSE_FILE": "compose.yml:more.yml"},
        probes=[
            {"type": "http", "port": 1, "service": "app.web-1", "method": "HEAD"},
            {"type": "http", "port": 1, "headers": {"X-Token": "{token}", "Empty": ""}},
            {"type": "http", "port": 1, "statuses": [200, 204, 200], "contains": "x"},
            {"type": "http", "path": "/api"},
            {"type": "http", "service": "web"},
        ],
        checks=[
            {"type": "exec", "command": ["printf", "", "\n"]},
            {"type": "exec", "command": ["awk", "{print}", "-w", "%{http_code}", "${tokens}"]},
            {"type": "http", "port": 1, "body": '{"a": "{name}", "b": {}}', "contains": "{{toke}}"},
        ],
        data={"check": [{"type": "http", "port": 1, "contains": "welcome"}]},
        hostPaths={"/": "all of it", "./a b": "cache", "media": "on the NAS"},
        stateless=True,
        externalSecrets=["smtp.password_v1"],
    )

    assert found.recipe("notes").upgrade_base == "v1.0.0-rc1"
    assert [probe.service for probe in found.recipe("notes").probes[-3:]] == ["app", None, "web"]


def test_recipes_may_come_from_one_upstream() -> None:
    """Two ways to test one repository, each with a mirror of its own."""
    recipes = {"notes": NOTES, "beta": NOTES | {"mirror": "https://mirror.example/beta"}}

    assert set(read({"recipes": recipes}, "config.toml").recipes) == {"notes", "beta"}


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


@pytest.mark.parametrize("until", ["2027-01-31", date(2027, 1, 31)])
def test_a_day_may_be_written_as_one(until: object) -> None:
    """TOML has days of its own."""
    own = {"enroll": False, "exception": {"reason": "no stable health", "until": until}}
    settings = read({"recipes": {"notes": NOTES, "mail": remotes("mail") | own}}, "config.toml")

    assert settings.enrolled(date(2027, 1, 31)).keys() == {"notes"}
    assert settings.enrolled(date(2027, 2, 1)).keys() == {"mail", "notes"}


def test_an_exception_without_a_reason_is_told_once() -> None:
    """By the key that is missing."""
    mail = remotes("mail") | {"enroll": False, "exception": {"until": "2027-01-31"}}

    found = problems({"recipes": {"notes": NOTES, "mail": mail}})

    assert found == ["recipes.mail.exception.reason: missing"]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (9 * 86400, "9d"),
        (5400, "1h 30m"),
        (72000, "20h"),
        (59.7, "1m"),
        (12.6, "13s"),
        (9.96, "10s"),
        (3.99723, "4s"),
        (1.5, "1.5s"),
        (0.2, "0.2s"),
        (0.001, "0.1s"),
    ],
)
def test_a_duration_is_told_as_it_is_written(length: float, text: str) -> None:
    """And may be copied into the settings."""
    assert written(length) == text
    assert abs(seconds(text) - length) < 0.5


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"engine": "docker"}, "engine: expected one of local, swarm, got 'docker'"),
        ({"engine": 1}, "engine: expected one of local, swarm, got a number"),
        ({"domain": ["a"]}, "domain: expected a text, got a list"),
        ({"domain": ""}, "domain: expected a text that is not empty"),
        ({"retries": "2"}, "retries: expected a whole number, got a text"),
        ({"retries": 1.5}, "retries: expected a whole number, got a number that is not whole"),
        ({"retries": 1000}, "retries: expected a whole number, at most 100"),
        ({"stateDir": 3}, "stateDir: expected an absolute path"),
        ({"forge": "https://f"}, "forge: expected a table, got a text"),
        (
            {"recipes": {"notes": NOTES | {"prereleases": 1}}},
            "recipes.notes.prereleases: expected true",
        ),
        ({"recipes": {"notes": NOTES | {"retries": []}}}, "recipes.notes.retries: expected"),
        ({"recipes": {"notes": NOTES | {"env": []}}}, "recipes.notes.env: expected a table, got a"),
        ({"recipes": {"notes": NOTES | {"install": ["a", 5]}}}, "recipes.notes.install[2]: "),
    ],
)
def test_a_value_of_another_kind_is_told_in_the_words_of_toml(
    tree: dict[str, Any], told: str
) -> None:
    """An int, an array, an object and an enum are in no manual of TOML that operators read."""
    (found,) = problems({"recipes": {"notes": NOTES}} | tree)

    assert found.startswith(told)


KINDS = ["", "x", 5, -5, 1.5, True, [], [1], [[]], {}, {"a": 1}, date(2027, 1, 1), 10**20]


@pytest.mark.parametrize("key", sorted(Settings.__struct_encode_fields__))
def test_whatever_a_key_has_nothing_of_python_is_told(key: str) -> None:
    """Nor of JSON: each kind of value at each key of the top."""
    told: list[str] = []
    for value in KINDS:
        try:
            read({"recipes": {"notes": NOTES}} | {key: value}, "config.toml")
        except SettingsFault as fault:
            told += fault.problems

    text = "\n".join(told)
    assert not re.search(r"\b(int|str|bool|float|array|object|null|enum|length|Path)\b", text), text


ABOVE = "belongs to the top, above the first [table]"


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (
            '[recipes.notes.timeouts]\nmaxRuntime = "3h"',
            f"recipes.notes.timeouts.maxRuntime: unknown key here; maxRuntime {ABOVE}",
        ),
        (
            '[[recipes.notes.checks]]\ntype = "tcp"\nport = 1\nengine = "local"',
            f"recipes.notes.checks[1].engine: unknown key here; engine {ABOVE}",
        ),
        (
            "[recipes.notes.prune]\nkeepRuns = 5",
            "recipes.notes.prune: unknown key here; prune belongs to the top, as [prune]",
        ),
        (
            "[recipes]\nretries = 2",
            f"recipes.retries: expected a table here; retries {ABOVE}",
        ),
        (
            "[recipes.notes.timeouts]\ndeplyo = 3",
            "recipes.notes.timeouts.deplyo: unknown key, did you mean deploy?",
        ),
    ],
)
def test_a_key_of_the_top_that_stands_behind_a_table_is_told_its_place(
    tmp_path: Path, last: str, told: str
) -> None:
    """It was added to the end of the file, where TOML takes it for the last table's."""
    file = tmp_path / "config.toml"
    notes = 'upstream = "file:///a"\nmirror = "file:///b"'
    file.write_text(f"[recipes.notes]\n{notes}\n{last}\n")

    with pytest.raises(SettingsFault) as caught:
        load(file)

    assert caught.value.problems == (told,)
