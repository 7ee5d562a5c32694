"""``docker stack deploy``, the one thing of a Swarm that only the docker command does."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence

from canon_sweep import process
from canon_sweep.core import names
from canon_sweep.core.mention import mentioned
from canon_sweep.engine.source import Source
from canon_sweep.engine.swarm import refusal
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.errors import HostFault, RecipeFault

DEPLOY_SECONDS = 120.0
HELP_SECONDS = 20.0

# variables that would steer the docker command itself, or what it loads
_STEERING = re.compile(
    r"PATH|HOME|LD_.*|GODEBUG|DOCKER_(?:HOST|CONFIG|CONTEXT|TLS|TLS_VERIFY|CERT_PATH"
    r"|API_VERSION|CONTENT_TRUST.*|CLI_.*|CUSTOM_HEADERS|STACK_ORCHESTRATOR)",
    re.IGNORECASE,
)
# Variables that an app may well have for itself, and that steer the command only where
# it speaks to its engine over a network; handed on only if the files mention them.
_OF_NETWORK = re.compile(
    r"(?:HTTP|HTTPS|ALL|NO)_PROXY|OTEL_.*|SSL_CERT_.*|SSH_AUTH_SOCK|TMPDIR", re.IGNORECASE
)
# What the command has of its own.  It is often a script around the real one, whose shell
# adds these; nobody can tell what a file that names one of them would be read as.
_OWN = ("PATH", "PWD", "OLDPWD", "SHLVL", "_")


def environment(source: Source, docker: Docker) -> dict[str, str]:
    """What the command sees: the variables that the files were read with, and where programs are.

    HOME is not among them, nor where the engine is: `deploy` says both in another way, so
    that a file which names such a variable is read by the command as it was by us.

    Raises:
        RecipeFault: the recipe has a variable that would steer the command itself, or
            its files name one that the command has of its own.
    """
    named = mentioned(source.compose)
    values = {}
    for name, value in source.env.items():
        of_network = _OF_NETWORK.fullmatch(name) is not None
        if of_network and name not in named:
            continue  # nobody would see it but the command itself
        # with a socket of this machine, no proxy and no certificate is asked for
        steers = name.upper() == "TMPDIR" or (of_network and not docker.is_here)
        if steers or _STEERING.fullmatch(name):
            raise RecipeFault(f"the recipe sets {name}, which would steer the docker command")
        if "=" in name or "\0" in name + value:
            raise RecipeFault(f"the recipe's variable {name!r} cannot be set")
        values[name] = value
    for name in _OWN:
        if name in named:
            raise RecipeFault(
                f"the recipe's files name {name}, which the docker command has of its own",
                do=f"write $${name} for the container's",
            )
    return {**values, "PATH": os.environ.get("PATH", "")}


def deploy(docker: Docker, stack: str, paths: Sequence[str], env: Mapping[str, str]) -> None:
    """Run the command.

    Raises:
        HostFault: the engine failed.
        RecipeFault: it refused the recipe.
    """
    command = [*_docker(docker.host), "stack", "deploy", "--resolve-image", "never", "--prune"]
    if _knows_detach():
        # a later release would wait by itself, without our limits
        command.append("--detach=true")
    for path in paths:
        command += ["-c", path]
    done = process.run([*command, stack], env=env, timeout=DEPLOY_SECONDS)
    if done.exit_code == 0:
        return
    said = names.plain(refusal.reason(done.output))
    docker.info()  # an engine that has died is no fault of the recipe
    if refusal.is_of_host(said):
        raise HostFault(f"docker stack deploy failed: {said}")
    raise RecipeFault(f"docker stack deploy refused the recipe: {said}")


def _docker(host: str) -> list[str]:
    program = shutil.which("docker") or "docker"
    config = f"{os.environ.get('HOME') or '/nonexistent'}/.docker"
    return [program, "--host", host, "--config", config]


def _knows_detach() -> bool:
    """Whether this release has the option (26 has, 20.10 has not); no engine is asked."""
    command = [*_docker("unix:///nonexistent"), "stack", "deploy", "--help"]
    env = {"PATH": os.environ.get("PATH", "")}
    return "--detach" in process.run(command, env=env, timeout=HELP_SECONDS).output
