"""The module on a tree of nixpkgs that ``NIXPKGS`` names: what an operator is told of mistakes.

CI has no such tree; `make pytest NIXPKGS=… PYTEST=tests/nix` is for whoever has one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canon_sweep.settings.duration import seconds
from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.records import Settings
from canon_sweep.settings.size import size
from host import needs
from nix.rendered import ROOT, settings_of

NIXPKGS = os.environ.get("NIXPKGS", "")
HOSTS = Path(__file__).with_name("hosts.nix")
PROGRAM = Path(sys.executable).with_name("canon-sweep")

pytestmark = pytest.mark.skipif(not NIXPKGS, reason="NIXPKGS names no folder with nixpkgs")

# what each failed assertion has to name: the option, and the way out
FAILS = {
    "no-recipes": ("services.canon-sweep.recipes:", "enable = false"),
    "all-excepted": ("services.canon-sweep.recipes:", "enrol a recipe"),
    "checkout-that-is-read-only": (
        "services.canon-sweep.harness.checkout: /srv/abra/recipes/{recipe}",
        "harnessSandbox.writable",
    ),
    "no-reason": ("services.canon-sweep.recipes.mailu:", 'exception = { reason = "'),
    "no-canonicals": ("services.canon-sweep.canonicalsDir:", "/var/lib/ci-warm"),
    "reason-but-enrolled": ("services.canon-sweep.recipes.mailu.exception:", "enroll = false"),
    "secret-as-path": ('services.canon-sweep.credentials."git.example.org".tokenFile:', "as text"),
    "secret-in-store": ('services.canon-sweep.credentials."git.example.org".tokenFile:', "sops"),
    "key-in-store": ('services.canon-sweep.credentials."ssh.example.org".sshKeyFile:', "store"),
    "password-in-store": ('services.canon-sweep.registries."ghcr.io".passwordFile:', "store"),
    "secret-variable-in-store": (
        "services.canon-sweep.recipes.mailu.envFiles.ADMIN_PASSWORD:",
        "sops",
    ),
    "drone-token-in-store": ("services.canon-sweep.guard.drone.tokenFile:", "sops"),
    "forge-token-in-store": ("services.canon-sweep.forge.tokenFile:", "sops"),
    "lock-file-at-home": ("services.canon-sweep.guard.lockFiles: /tmp/builds/", "/run/lock"),
    "no-docker": ("services.canon-sweep.engine:", "virtualisation.docker.enable = true"),
    "live-restore": ("virtualisation.docker:", "liveRestore = false"),
    "prune-all": ("virtualisation.docker.autoPrune.flags: --all", "remove it"),
    "prune-short": ("virtualisation.docker.autoPrune.flags: -af", "remove it"),
    "prune-short-value": ("virtualisation.docker.autoPrune.flags: -a=true", "remove it"),
    "prune-volumes": ("virtualisation.docker.autoPrune.flags: --volumes", "remove it"),
    "prune-every-volume": ("virtualisation.docker.autoPrune.allVolumes:", "enable = false"),
    "secret-in-etc": ('services.canon-sweep.credentials."git.example.org".tokenFile:', "store"),
    "secret-in-system": ('services.canon-sweep.credentials."git.example.org".tokenFile:', "store"),
    "secret-of-odd-name": (
        'services.canon-sweep.credentials."git.example.org".tokenFile: "/run/secrets/100% forge"',
        "another name",
    ),
    "password-in-url": ("services.canon-sweep.recipes.mailu.upstream:", "canon-sweep.credentials"),
    "state-that-is-emptied": ("services.canon-sweep.stateDir: /var/tmp/sweep", "move it"),
    "state-that-is-anybodys": ("services.canon-sweep.stateDir:", "e.g. /var/lib/canon-sweep"),
    "cache-that-is-anybodys": ("services.canon-sweep.cacheDir:", "e.g. /srv/canon-sweep"),
    "cache-of-odd-name": ('services.canon-sweep.cacheDir: "/srv/the cache"', "letters"),
    "state-by-another-way": ("services.canon-sweep.stateDir:", '".."'),
    "upstream-at-home": ("services.canon-sweep.recipes.mailu.upstream:", "move it"),
    "hosts-known-at-home": (
        'services.canon-sweep.credentials."ssh.example.org".knownHostsFile:',
        "move it",
    ),
    "overlay-at-home": ("services.canon-sweep.recipes.mailu.overlays[1].file:", "move it"),
    "install-at-home": ("services.canon-sweep.recipes.mailu.install:", "move it"),
    "mirror-at-home": ("services.canon-sweep.recipes.mailu.mirror:", "move it"),
    "nightly-sweep": ("systemd.services.nightly-sweep:", "second job", "preSweep"),
}
WARNS = {
    "nightly-sweep-off": ("services.canon-sweep.preSweep", "traefik and keycloak"),
    "local-engine": ("services.canon-sweep.engine:", "trying things out"),
    "no-end": ("services.canon-sweep: without an end", 'recipes.mailu.exception.until = "'),
    "reasons-alone": ("recipes.mailu.exception, recipes.mailu.expectedNA.backup; say until when",),
}
# what no system comes of
REFUSED = {
    "misspelt-option": ("services.canon-sweep.maxRunTime", "does not exist"),
    "misspelt-recipe-option": ("services.canon-sweep.recipes.plausible.upgradeBsae", "not exist"),
    "wrong-type": ("services.canon-sweep.retries", "is not of type"),
    "no-reason-of-table": (
        "services.canon-sweep.recipes.mailu.exception.reason",
        "no value defined",
    ),
    "no-mirror": ("services.canon-sweep.recipes.mailu.mirror", "no value defined"),
    "harness-without-command": ("services.canon-sweep.harness.command", "no value defined"),
    "harness-of-no-words": ("services.canon-sweep.harness.command", "not of type", "non-empty"),
    "rule-without-values": ("services.canon-sweep.recipes.plausible.envRules", "no value defined"),
    "rule-of-no-values": (
        "services.canon-sweep.recipes.plausible.envRules",
        "not of type",
        "non-empty",
    ),
    "pin-without-reason": ("services.canon-sweep.recipes.plausible.upgradeBase", "not of type"),
    "no-such-day": (
        "services.canon-sweep.recipes.mailu.exception.until",
        "not of type `null or date",
    ),
    "file-with-more": ("services.canon-sweep.recipesFrom", "beside [recipes] there is retries"),
    "file-of-a-module": ("services.canon-sweep.recipesFrom", "`imports`"),
    "file-misspelt": ("services.canon-sweep.recipes.ghost.enrol", "-fleet.toml'"),
    "settings-that-are-a-function": ("services.canon-sweep.settings", "not of type"),
    "two-engines": ("services.canon-sweep.engine", "conflicting definition values"),
}


def nix(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask Nix something of the hosts; a stand-in tree runs this Python."""
    given = ["--arg", "nixpkgs", NIXPKGS, "--argstr", "program", str(PROGRAM)]
    return subprocess.run(
        [command, HOSTS, *given, *words],
        env={**os.environ, "STAND_IN_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Everything that can be evaluated, in one go: each host takes a second."""
    readme = tmp_path_factory.mktemp("readme") / "readme.nix"
    # the first that a new reader types; its flake's part is for another test
    _, _, block = (ROOT / "README.md").read_text().partition("```nix\n")
    block, _, _ = block.partition("```")
    readme.write_text(f'removeAttrs {{ {block} }} [ "inputs" "outputs" ]')
    done = nix(
        "nix-instantiate", "--arg", "readme", f"import {readme}", "--eval", "--strict", "--json"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def plain(text: str) -> str:
    """A message without its line ends."""
    return " ".join(text.split())


@pytest.mark.parametrize("case", FAILS)
def test_what_cannot_be_meant_is_told_with_the_way_out(told: Any, case: str) -> None:
    """One assertion fails, and names the option."""
    (message,) = told["cases"][case]["failed"]

    begins, *has = FAILS[case]
    assert plain(message).startswith(begins)
    assert all(words in plain(message) for words in has)


def test_nothing_else_is_told_of_anything(told: Any) -> None:
    """A host that is well is told nothing, and no assertion is without its case."""
    failing = {case for case, said in told["cases"].items() if said["failed"]}
    warned = {case for case, said in told["cases"].items() if said["warnings"]}

    assert failing == FAILS.keys()
    assert warned == WARNS.keys()


@pytest.mark.parametrize("case", WARNS)
def test_what_may_be_meant_is_warned_of(told: Any, case: str) -> None:
    """It evaluates, and says what to look at."""
    (message,) = told["cases"][case]["warnings"]

    assert all(words in plain(message) for words in WARNS[case])


@pytest.mark.parametrize("example", ["cc-ci", "minimal", "readme"])
def test_the_examples_are_whole_systems_without_a_warning(told: Any, example: str) -> None:
    """They are what an operator begins with."""
    found = told["examples"][example]

    assert (found["failed"], found["warnings"]) == ([], [])
    assert found["system"].startswith("/nix/store/")
    assert found["timer"]
    assert "X-RestartIfChanged=false" in found["service"]


def test_the_flakes_module_may_be_imported_under_both_names() -> None:
    """It is one module, and the program is the flake's own."""
    asked = ["--eval", "--strict", "--json", "--arg", "nixpkgs", NIXPKGS]
    done = subprocess.run(
        ["nix-instantiate", *asked, HOSTS.with_name("outputs.nix")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["failed"] == []
    assert found["program"] == found["ours"]


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_of_form_has_the_path_of_its_option(case: str) -> None:
    """The module system says it; a freeform setting would have let it pass."""
    done = nix("nix-instantiate", "--argstr", "host", case)

    assert done.returncode != 0
    assert all(words in plain(done.stderr) for words in REFUSED[case]), done.stderr[-2000:]


def test_what_the_program_finds_fails_the_build_all_at_once() -> None:
    """Each mistake with the option's path, not with the key of a file that nobody wrote."""
    done = nix("nix-build", "--no-out-link", "--argstr", "host", "all-at-once")

    assert done.returncode != 0
    for line in (
        "services.canon-sweep.maxRuntime: expected a duration",
        "services.canon-sweep.recipes.plausible.timeouts.deploy: expected a duration",
        "services.canon-sweep.recipes.plausible.probes[1].port: missing",
        "services.canon-sweep.settings.retryRedAftr: unknown key, did you mean retryRedAfter?",
        "services.canon-sweep.startAt: Sun 25:00 is no time",
        "services.canon-sweep.prune.startAt: daily at five is no time",
        "services.canon-sweep.prune.imagesAfter: expected a duration",
        "services.canon-sweep.disk.budget: expected a size",
        "services.canon-sweep.disk.floor: more than disk.minFree",
    ):
        assert line in done.stderr, done.stderr[-3000:]


def test_a_sound_configuration_is_built() -> None:
    """The check lets pass what is right; otherwise the test above shows nothing."""
    done = nix("nix-build", "--no-out-link", "--argstr", "host", "sound")

    assert done.returncode == 0, done.stderr[-3000:]
    recipe = tomllib.loads(Path(done.stdout.strip()).read_text())["recipes"]["plausible"]
    base, older = recipe["overlays"]
    assert base["file"].startswith("/nix/store/")
    assert (base["on"], older) == ("base", {"file": "/etc/overlays/more.yml", "when": "< 3.0.0"})
    assert recipe["envRules"][0]["when"] == ">= 3.0.0, < 4"
    assert recipe["upgradeEnv"] == {"MIGRATE": "true"}
    assert recipe["install"] == ["make-dns", "--all"]
    assert recipe["needs"] == ["keycloak_example_org"]
    assert recipe["probes"] == [{"type": "http", "statuses": [200, 302]}]


def test_a_reason_of_several_lines_is_shown_in_one() -> None:
    """Nix's long texts have line ends, and each recipe has one line."""
    done = nix("nix-build", "--no-out-link", "--argstr", "host", "several-lines")

    assert done.returncode == 0, done.stderr[-3000:]
    said = Path(done.stdout.strip()).read_text()
    written = tomllib.loads(said)["recipes"]["mailu"]["exception"]
    assert written == {"reason": "mail store without bound", "until": "2027-03-01"}


def test_the_options_have_the_programs_defaults(told: Any) -> None:
    """Whoever reads the option's default reads what the program would do."""
    own = json.loads(msgspec.json.encode(Settings(), enc_hook=spelled))
    del own["recipes"]

    assert comparable(told["defaults"]) == comparable(own)


def spelled(value: object) -> object:
    """What JSON has no word for."""
    for kind in (float, int):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def comparable(value: Any) -> Any:
    """The same, with durations in seconds and sizes in bytes."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items()}
    for read in (seconds, size) if isinstance(value, str) else ():
        with suppress(ValueError):
            return read(value)
    return value


def test_a_sweep_by_hand_alone_has_no_timer(told: Any) -> None:
    """`startAt = [ ]` leaves the service."""
    found = told["renders"]["by-hand"]

    assert found["timer"] is None
    assert "ExecStart=" in found["service"]


def test_without_times_nothing_is_taken_up_by_itself(told: Any) -> None:
    """Who sweeps by hand resumes by hand; the mark is looked for where the state is."""
    by_hand, elsewhere = told["renders"]["by-hand"], told["renders"]["elsewhere"]

    assert (by_hand["resumePath"], by_hand["resumeTimer"]) == (None, None)
    assert "run --resume" in by_hand["resume"]
    path = settings_of(elsewhere["resumePath"], "Path")
    assert path["PathExists"] == ["/srv/sweep/state/due"]
    sweep, resume = (settings_of(elsewhere[name], "Service") for name in ("service", "resume"))
    assert {key for key in sweep | resume if sweep.get(key) != resume.get(key)} == {"ExecStart"}


def test_a_host_may_prune_by_hand_alone_or_not_at_all(told: Any) -> None:
    """`prune.startAt = [ ]` leaves the service, and `prune.enable = false` nothing."""
    by_hand, none = told["renders"]["prune-by-hand"], told["renders"]["no-prune"]

    assert by_hand["pruneTimer"] is None
    assert "ExecStart=" in by_hand["pruneService"]
    assert (none["pruneTimer"], none["pruneService"]) == (None, None)
    assert "canon-sweep-prune" not in none["service"]


def test_prune_may_write_where_the_sweep_may(told: Any) -> None:
    """It is hardened as the sweep is, and loosened where that is."""
    for host in ("elsewhere", "local"):
        found = told["renders"][host]
        sweep = settings_of(found["service"], "Service")
        prune = settings_of(found["pruneService"], "Service")

        apart = {key for key in sweep | prune if sweep.get(key) != prune.get(key)}
        # what of a unit's environment says which programs are in its path
        assert apart - {"Environment"} == {"ExecStart", "TimeoutStartSec"}


def test_folders_elsewhere_can_be_written_to(told: Any) -> None:
    """What the service writes to is let through one by one; the rest of the host is not."""
    service = settings_of(told["renders"]["elsewhere"]["service"], "Service")

    assert set(service["ReadWritePaths"]) == {
        "/srv/sweep/state",
        "/srv/sweep/cache",
        "/srv/canonicals",
        # not there on the first day: that recipe's error, and no other's
        "-/srv/mirrors/plausible.git",
    }
    assert "StateDirectory" not in service
    # a disk that comes late is waited for, or the sweep caught up at boot finds no state
    unit = settings_of(told["renders"]["elsewhere"]["service"], "Unit")
    waited_for = {path.removeprefix("-") for path in service["ReadWritePaths"]}
    assert set(unit["RequiresMountsFor"]) == waited_for
    # and to prune an empty folder would be all records gone
    prune = settings_of(told["renders"]["elsewhere"]["pruneService"], "Unit")
    assert prune["RequiresMountsFor"] == unit["RequiresMountsFor"]
    # records and mirrors out there are for others to read
    assert service["UMask"] == ["0022"]
    assert service["ProtectSystem"] == ["strict"]


def test_who_is_told_of_a_failure_is_the_operators_to_say(told: Any) -> None:
    """`OnFailure=` passes through."""
    unit = settings_of(told["renders"]["on-failure"]["service"], "Unit")

    assert unit["OnFailure"] == ["tell@%N.service"]


def test_the_local_engine_has_what_its_programs_need(told: Any) -> None:
    """It is loosened where that engine needs it, and nowhere else."""
    service = settings_of(told["renders"]["local"]["service"], "Service")

    assert service["ProcSubset"] == ["all"]
    assert service["MemoryDenyWriteExecute"] == ["false"]
    assert "SupplementaryGroups" not in service
    assert "docker" not in service.get("After", [""])[0]


def test_an_outside_harness_may_write_to_its_folders_and_has_time_to_stop(told: Any) -> None:
    """And no more, unless that is said."""
    found = told["renders"]["outside"]
    service = settings_of(found["service"], "Service")
    usual = settings_of(told["renders"]["by-hand"]["service"], "Service")

    changed = {key for key in service | usual if service.get(key) != usual.get(key)}
    assert changed == {"KillMode", "ReadWritePaths", "TimeoutStopSec"}
    assert service["ReadWritePaths"] == ["/srv/abra", "/var/lib/cc-ci-runs"]
    assert service["TimeoutStopSec"] == ["10m 5min"]
    # it is told to stop once, by the program
    assert service["KillMode"] == ["mixed"]
    mounts = settings_of(found["service"], "Unit")["RequiresMountsFor"]
    assert "/var/lib/cc-ci-runs" in mounts


def test_what_an_outside_harness_needs_is_let_through_one_by_one(told: Any) -> None:
    """Each of it is an option, and without a harness none of them does anything."""
    loose, none, usual = (
        settings_of(told["renders"][host]["service"], "Service")
        for host in ("outside-loose", "loose-without-harness", "by-hand")
    )

    let_through = {
        "MemoryDenyWriteExecute": ["false"],
        "NoNewPrivileges": ["false"],
        "ProtectHome": ["false"],
        "RestrictNamespaces": ["false"],
        "SystemCallFilter": ["@system-service", "~@privileged @resources", "@mount"],
    }
    assert {key: loose[key] for key in loose if loose[key] != usual.get(key)} == let_through | {
        "TimeoutStopSec": ["2m 5min"]
    }
    assert none == usual


# tenths of systemd's exposure, of 100; what an operator gives away with each option
@pytest.mark.parametrize(("host", "most"), [("outside", 15), ("outside-loose", 30)])
def test_the_exposure_with_an_outside_harness_is_known(
    told: Any, host: str, most: int, tmp_path: Path
) -> None:
    """It is shown by systemd itself, and stays what docs/harness.md says."""
    unit = tmp_path / "canon-sweep.service"
    unit.write_text(told["renders"][host]["service"])
    program = needs("systemd-analyze")

    words = ("security", "--offline=true", f"--threshold={most}", str(unit))
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_an_outside_harness_has_the_programs_defaults(told: Any) -> None:
    """As every other table."""
    option = told["renders"]["outside-loose"]["settings"]["harness"]
    own = HarnessSettings(command=("ci",), environment={"RESULT": "{result}"})

    program = json.loads(msgspec.json.encode(own, enc_hook=spelled))
    assert comparable(option) == comparable(program)


def test_the_guard_is_asked_with_a_credential_and_no_more_is_let_through(told: Any) -> None:
    """Servers and units need nothing that a sweep does not need anyway."""
    service = settings_of(told["renders"]["guarded"]["service"], "Service")
    without = settings_of(told["renders"]["by-hand"]["service"], "Service")

    token = "guard.drone.tokenFile:/run/secrets/drone"
    assert set(service["LoadCredential"]) - set(without["LoadCredential"]) == {token}
    del service["LoadCredential"], without["LoadCredential"]
    assert service == without


def test_the_forges_token_is_a_credential(told: Any) -> None:
    """The program is given its name, and no path."""
    service = settings_of(told["renders"]["on-a-forge"]["service"], "Service")
    without = settings_of(told["renders"]["by-hand"]["service"], "Service")

    token = "forge.tokenFile:/run/secrets/forge-token"
    assert set(service["LoadCredential"]) - set(without["LoadCredential"]) == {token}


def test_what_the_guard_looks_for_the_service_can_see(told: Any) -> None:
    """Processes and locks of others, which it would else take for nobody's."""
    service = settings_of(told["renders"]["guarded-by-processes"]["service"], "Service")

    assert (service["ProtectProc"], service["ProcSubset"]) == (["default"], ["all"])


def test_a_setting_and_its_option_are_one_thing(told: Any) -> None:
    """Either may be used; what they say together is merged, forces and all."""
    settings = told["renders"]["by-settings"]["settings"]

    assert (settings["engine"], settings["maxRuntime"], settings["retries"]) == ("local", "8h", 2)
    assert settings["timeouts"]["deploy"] == "9m"
    assert settings["timeouts"]["probe"] == "1m"
    assert settings["recipes"]["plausible"]["retries"] == 0


def test_a_setting_that_gives_way_gives_way_to_the_option(told: Any) -> None:
    """`mkDefault` around all of them says it of each."""
    settings = told["renders"]["by-default"]["settings"]

    assert settings["retries"] == 3
    assert settings["timeouts"]["probe"] == "3m"


def test_no_two_secrets_are_one_credential(told: Any) -> None:
    """systemd would load one of them for both hosts."""
    service = settings_of(told["renders"]["ports"]["service"], "Service")
    names = [line.partition(":")[0] for line in service["LoadCredential"]]

    assert len(names) == len(set(names)) == 3


def test_a_recipes_secret_variable_is_a_credential_that_may_be_missing(told: Any) -> None:
    """Without its file one recipe is not tested, and the service starts for the others."""
    found = told["renders"]["secret-variables"]
    service = settings_of(found["service"], "Service")

    name = "env=mailu=ADMIN_PASSWORD"
    assert f"{name}:/run/secrets/mailu-admin" in service["LoadCredential"]
    assert service["SetCredential"] == [f"{name}:\\n"]
    assert f"--property=SetCredential={name}:\\n" in found["command"]


def test_by_hand_is_with_the_operators_limits_and_without_the_weeks_hooks(told: Any) -> None:
    """What is said of the unit beyond this module: only where it happens is for the hand."""
    given = told["renders"]["of-operators"]["command"]
    keys = {each.removeprefix("--property=").partition("=")[0] for each in given}

    assert "--property=MemoryMax=4G" in given
    assert not keys & {"ExecStartPre", "Restart", "StandardOutput"}


def test_recipes_of_a_file_give_way_to_the_options(told: Any) -> None:
    """Value by value."""
    recipes = told["renders"]["from-file"]["settings"]["recipes"]

    assert recipes.keys() == {"ghost", "mailu", "plausible"}
    assert recipes["mailu"]["timeouts"]["deploy"] == "20m"
    assert recipes["mailu"]["timeouts"]["probe"] == "3m"
    assert recipes["ghost"]["exception"]["until"] == "5.0.0+6.0.0"


def test_what_import_cc_ci_writes_is_a_fleet_for_the_module() -> None:
    """Once its overrides have their ends: with the pin's tag and everything else of the file."""
    done = nix("nix-build", "--no-out-link", "--argstr", "host", "from-cc-ci")

    assert done.returncode == 0, done.stderr[-3000:]
    recipes = tomllib.loads(Path(done.stdout.strip()).read_text())["recipes"]
    assert len(recipes) == 21
    assert "3.0.1+v2.0.0" in str(recipes["plausible"]["upgradeBase"])
    assert recipes["lasuite-docs"]["needs"] == ["keycloak"]
    assert recipes["mumble"]["upgradeEnv"]["COMPOSE_FILE"].endswith("compose.host-ports.yml")
    assert [each.get("on") for each in recipes["mumble"]["overlays"]] == [None, "base"]
    (probe,) = recipes["hedgedoc"]["probes"]
    assert probe == {"type": "http", "path": "/_health", "statuses": [200, 204]}


def test_what_is_kept_is_what_the_module_renders(tmp_path: Path) -> None:
    """As the flake check says it, without a flake."""
    asked = ["--arg", "nixpkgs", NIXPKGS, "--arg", "system", "builtins.currentSystem"]
    made = subprocess.run(
        ["nix-build", "--out-link", str(tmp_path / "kept"), "nixos-tests/kept.nix", *asked],
        cwd=ROOT,
        env={**os.environ, "STAND_IN_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    for kept, folder in (("rendered", "nixos-tests/rendered"), ("options.md", "docs/options.md")):
        same = subprocess.run(
            ["diff", "--recursive", "--unified", ROOT / folder, f"{made.stdout.strip()}/{kept}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert same.returncode == 0, same.stdout
