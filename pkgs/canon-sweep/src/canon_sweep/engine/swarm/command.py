"""``docker stack deploy``, the one thing of a Swarm that only the docker command does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from canon_sweep import process
from canon_sweep.core import names
from canon_sweep.engine.source import Source
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.errors import HostFault, RecipeFault

DEPLOY_SECONDS = 120.0

# what `docker stack deploy` says when it is not the recipe's fault
_OF_HOST = re.compile(
    r"cannot connect to the docker daemon|is not a swarm manager|could not be found"
    r"|network \S+ not found"
    r"|update out of sequence|rpc error: code = (?:unavailable|deadlineexceeded)"
    r"|context deadline exceeded|no space left on device",
    re.IGNORECASE,
)
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
_WORD = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


def files(source: Source) -> list[str]:
    """The compose files as the command is given them.

    Raises:
        RecipeFault: the command would read a name as more than one.
    """
    paths = [str(path.absolute()) for path in source.files]
    for path in paths:
        if any(sign in path for sign in ',"\n'):
            # the command reads its list of files as comma-separated values
            raise RecipeFault(f"{path!r} is no name for a compose file")
    return paths


def environment(source: Source, docker: Docker) -> dict[str, str]:
    """What the command sees: the recipe's variables, and how to find its engine.

    Raises:
        RecipeFault: the recipe has a variable that would steer the command itself.
    """
    mentioned = set(_WORD.findall("\n".join(source.texts.values())))
    values = {}
    for name, value in source.env.items():
        of_network = _OF_NETWORK.fullmatch(name) is not None
        if of_network and name not in mentioned:
            continue  # nobody would see it but the command itself
        # with a socket of this machine, no proxy and no certificate is asked for
        steers = name.upper() == "TMPDIR" or (of_network and not docker.is_here)
        if steers or _STEERING.fullmatch(name):
            raise RecipeFault(f"the recipe sets {name}, which would steer the docker command")
        if "=" in name or "\0" in name + value:
            raise RecipeFault(f"the recipe's variable {name!r} cannot be set")
        values[name] = value
    ours = {name: os.environ.get(name, "") for name in ("PATH", "HOME")}
    return {**values, **ours, "DOCKER_HOST": docker.host}


def deploy(docker: Docker, stack: str, paths: Sequence[str], env: Mapping[str, str]) -> None:
    """Run the command.

    Raises:
        HostFault: the engine failed.
        RecipeFault: it refused the recipe.
    """
    command = ["docker", "stack", "deploy", "--resolve-image", "never", "--prune"]
    for path in paths:
        command += ["-c", path]
    done = process.run([*command, stack], env=env, timeout=DEPLOY_SECONDS)
    if done.exit_code == 0:
        return
    said = names.plain(" ".join(done.output.split())[-500:])
    docker.info()  # an engine that has died is no fault of the recipe
    if _OF_HOST.search(said):
        raise HostFault(f"docker stack deploy failed: {said}")
    raise RecipeFault(f"docker stack deploy refused the recipe: {said}")
