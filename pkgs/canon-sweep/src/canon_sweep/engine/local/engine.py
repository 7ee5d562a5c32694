"""The embedded engine: services are child processes, volumes are folders.

Below its root folder:

    stacks/<stack>/state.json   what runs, by process and start time (see `process`);
                                an app can remove it, so it is not all that is asked (see `stray`)
    stacks/<stack>/source/      a private copy of the recipe
    stacks/<stack>/logs/        one file a service
    volumes/<volume>/           the stacks' own named volumes
    secrets/<secret>            mode 0600

It keeps versions apart, not programs: a service can read whatever its user can.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from canon_sweep import disk, tree
from canon_sweep.core import denial
from canon_sweep.core.checkup import ok
from canon_sweep.core.image import Image
from canon_sweep.core.oldimage import Stored
from canon_sweep.core.space import Space
from canon_sweep.core.stray import Thing, things
from canon_sweep.engine import part
from canon_sweep.engine.local import log as local_log
from canon_sweep.engine.local import plan as local_plan
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local import stack as local_stack
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.local import tree as local_tree
from canon_sweep.engine.local.ready import Watch
from canon_sweep.engine.local.secret import SecretFolder
from canon_sweep.engine.local.start import Start
from canon_sweep.engine.local.state import Deployment, Running
from canon_sweep.engine.local.values import values_of
from canon_sweep.engine.local.volume import VolumeFolder, folders
from canon_sweep.engine.protocol import Address, App, Converging, Question, Volume
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.process import MAX_OUTPUT, Completed, await_end


class LocalEngine:
    """Deploys stacks with nothing but Python; see `engine.protocol.Engine` for its promises.

    A service has ``grace`` seconds to end after it was asked to.
    """

    def __init__(self, root: Path, *, grace: float = local_process.GRACE) -> None:
        self._grace = grace
        # resolved, as /proc shows places: a dynamic user's state folder is a link
        self._root = root.resolve()
        self._volumes = VolumeFolder(self._root / "volumes")
        self._secrets = SecretFolder(self._root / "secrets")

    @property
    def name(self) -> str:
        """The engine's name in settings and records."""
        return "local"

    def node(self) -> str:
        """The node that holds this engine's volumes: there is only this machine."""
        return ""

    def questions(self, apps: Callable[[], Iterable[App]]) -> tuple[Question, ...]:
        """What can be asked of this machine: it runs what Python runs."""
        return (lambda: [ok("engine", "programs of this machine; nothing has to be there")],)

    def space(self) -> Space | None:
        """How much room there is where volumes are kept; None if nobody can say."""
        return disk.space_of(self._root)

    def prepare(self, app: App, timeout: float) -> tuple[Image, ...]:
        """Check that the recipe can run here; there is nothing to fetch, and no image runs.

        Raises:
            RecipeFault: the recipe cannot run here.
        """
        part.check_stack(app.stack)
        local_plan.checked(app.source.compose)
        return ()

    def deploy(self, app: App) -> None:
        """Start the stack, or end its processes and start this version on the same volumes.

        Raises:
            RecipeFault: the recipe cannot run here.
            HostFault: the root folder cannot be written, or no process started.
        """
        folder = self._folder(app.stack)
        plans = local_plan.checked(app.source.compose)
        try:
            (folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
            # the copy first: while it is made, the old version still runs
            fresh = local_tree.copied(app.source.tree, folder / "source.new")
            local_stack.end(folder, self._grace)
            local_tree.replace(fresh, folder / "source")
            values = values_of(app.source.compose, folder, self._volumes, self._secrets)
            Start(folder, plans, values, self._taken_ports(), self._grace).run(app.version)
        except OSError as error:
            why = error.strerror or error
            raise HostFault(
                f"stack {app.stack} cannot be written: {why}", do=denial.remedy(error.errno)
            ) from error

    def wait_ready(self, app: App, timeout: float) -> None:
        """Return as soon as every service of this version is up and healthy.

        Raises:
            RecipeFault: a service ended, or not all were ready in ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        folder = self._folder(app.stack)
        deployment = local_state.load(folder)
        if deployment is None:
            raise RecipeFault(f"stack {app.stack} is not deployed")
        Watch(deployment.services, folder / "logs", deadline).wait()

    def undeploy(self, stack: str) -> None:
        """End the stack's processes, whoever started them, and forget it.

        Raises:
            HostFault: a process cannot be killed, or the stack's folder not be removed.
        """
        folder = self._folder(stack)
        local_stack.end(folder, self._grace)
        try:
            tree.remove(folder)
        except OSError as error:
            what = error.filename or folder
            raise HostFault(
                f"{what} cannot be removed: {error.strerror}", do="remove it by hand"
            ) from error
        self._volumes.clear(stack)

    def execute(
        self, stack: str, service: str, command: Sequence[str], timeout: float
    ) -> Completed:
        """Run a command with a running service's environment, in the recipe's copy.

        What it leaves running ends with it.  A missing program answers 127.  Of a longer
        output the last `MAX_OUTPUT` bytes are kept.

        Raises:
            RecipeFault: the service does not run, or the command took longer than ``timeout``.
        """
        folder = self._folder(stack)
        deployment, running = self._running(stack, service)
        local_plan.check_texts(f"service {service}", command)
        with tempfile.TemporaryFile() as output:
            held = local_process.start_held(
                command,
                env=running.environment,
                home=folder,
                cwd=folder / "source",
                output=output,
                grace=0,
            )
            try:
                # on disk before it runs, so that a crash of ours cannot orphan it
                local_state.save(folder, deployment.with_command(held.identity))
                held.release()
                descriptor = local_process.watch(held.identity)
                if descriptor is not None:
                    await_end(descriptor, timeout)
                code = local_process.exit_code(held.identity)
            finally:
                held.drop()
                local_process.end([held.identity], folder, grace=0)
                local_state.save(folder, deployment)
            if code is None:
                raise RecipeFault(f"{command[0]} in service {service} took over {timeout:g} s")
            return Completed(code, local_log.said(output, MAX_OUTPUT))

    def address(self, stack: str, service: str, port: int) -> Address:
        """Where this port of a running service can be reached.

        Raises:
            RecipeFault: the service does not run or has no such port.
        """
        _, running = self._running(stack, service)
        if port not in running.ports:
            raise RecipeFault(f"service {service} of {stack} has no port {port}")
        return Address("127.0.0.1", running.ports[port])

    def volumes(self, stack: str) -> tuple[Volume, ...]:
        """The named volumes of a stack, deployed or not, sorted by name."""
        part.check_stack(stack)
        return self._volumes.of_stack(stack)

    def secrets(self, stack: str) -> tuple[str, ...]:
        """The full names of the secrets of a stack, deployed or not, sorted."""
        part.check_stack(stack)
        return self._secrets.of_stack(stack)

    def leftovers(self, stack: str) -> tuple[str, ...]:
        """Everything that exists under a stack's name, e.g. ``volume x_data``."""
        folder = self._folder(stack)
        if local_stack.runs(folder):
            deployed = [f"stack {stack}"]
        else:
            deployed = [f"remains of stack {stack}"] if os.path.lexists(folder) else []
        return (*deployed, *self._volumes.leftovers(stack), *self._secrets.leftovers(stack))

    def volume_digest(self, name: str) -> str:
        """A digest of everything in a volume: equal means byte for byte the same.

        Raises:
            HostFault: the volume is not there, or cannot be read.
        """
        return self._volumes.digest(name)

    def clone_volume(self, source: str, target: str) -> None:
        """Make ``target`` an exact copy of ``source``, replacing any earlier ``target``.

        Raises:
            HostFault: there is no ``source``, or it cannot be copied.
        """
        self._volumes.clone(source, target)

    def remove_volume(self, name: str) -> None:
        """Remove a volume with its data; one that is not there is no error."""
        self._volumes.remove(name)

    def remove_secret(self, name: str) -> None:
        """Remove a secret; one that is not there is no error."""
        self._secrets.remove(name)

    def stacks_of_ours(self) -> tuple[str, ...]:
        """Stacks that are deployed here, or whose deploy or undeploy was cut short."""
        stacks = self._root / "stacks"
        return tuple(sorted(name for name in folders(stacks) if local_tree.is_ours(stacks / name)))

    def volumes_of_ours(self) -> tuple[str, ...]:
        """Every volume here, by full name, sorted."""
        return self._volumes.names()

    def of_ours(self) -> tuple[Thing, ...]:
        """Everything here: the folder is nobody else's."""
        return things(self.stacks_of_ours(), self.volumes_of_ours(), self._secrets.names())

    def present(self) -> frozenset[str]:
        """What is here, all of it ours; what has taken a volume's place is none."""
        volumes = tuple(name for name in self.volumes_of_ours() if self._volumes.is_whole(name))
        return frozenset(map(str, things(self.stacks_of_ours(), volumes, self._secrets.names())))

    def images(self) -> tuple[Stored, ...]:
        """Nothing is run from images here."""
        return ()

    def remove_image(self, image: Stored) -> str:
        """There is none."""
        return f"there is no {image.shown} here"

    def converging(self) -> tuple[Converging, ...]:
        """None: nobody but canon-sweep deploys here."""
        return ()

    def lacks(self, stack: str) -> str:
        """No stack is there for others to rest on: each is a test's, and goes with it."""
        return "the local engine has no stacks but those of tests"

    def logs(self, stack: str) -> str:
        """What the stack's services said since the stack came up, updates included."""
        return local_log.everything(self._folder(stack) / "logs")

    def last_words(self, stack: str, service: str) -> str:
        """The end of what a running service said, on one line; empty if there is nothing."""
        part.check_part(service, "service")
        folder = self._folder(stack)
        deployment = local_state.load(folder)
        running = deployment.services.get(service) if deployment else None
        return local_log.last_lines(folder / "logs", service, running.log_from) if running else ""

    def _folder(self, stack: str) -> Path:
        part.check_stack(stack)
        return self._root / "stacks" / stack

    def _running(self, stack: str, service: str) -> tuple[Deployment, Running]:
        part.check_part(service, "service")
        deployment = local_state.load(self._folder(stack))
        running = deployment.services.get(service) if deployment else None
        if deployment is None or running is None or not local_process.runs(running.identity):
            raise RecipeFault(f"service {service} of {stack} does not run")
        return deployment, running

    def _taken_ports(self) -> set[int]:
        taken: set[int] = set()
        for stack in self.stacks_of_ours():
            # whose record cannot be read is told when that stack is ended
            with suppress(HostFault):
                if deployment := local_state.load(self._folder(stack)):
                    taken.update(deployment.ports)
        return taken
