"""The promises of an engine, whatever it deploys with.

`tests/engine/contract.py` holds every engine to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from canon_sweep.core.checkup import Check
from canon_sweep.core.image import Image
from canon_sweep.core.oldimage import Stored
from canon_sweep.core.space import Space
from canon_sweep.core.stray import Thing
from canon_sweep.process import Completed

if TYPE_CHECKING:
    from canon_sweep.engine.source import Source

Question = Callable[[], Iterable[Check]]
"""Something to be asked of an engine, also beside others and by another thread.

It raises `HostFault` where the engine cannot be asked.
"""


class Place(msgspec.Struct, frozen=True):
    """Under which names an app is deployed: its stack and its domain."""

    stack: str
    domain: str


class App(msgspec.Struct, frozen=True):
    """One version of a recipe under the names it is deployed with.

    What its files say was read when it was made: whatever becomes of them, every step
    of a deploy sees the same.  ``asked`` are the services that a probe will ask: none of
    them is a job that may end.
    """

    recipe: str
    version: str
    stack: str
    domain: str
    source: Source
    asked: frozenset[str] = frozenset()

    @classmethod
    def read(
        cls,
        recipe: str,
        version: str,
        place: Place,
        tree: Path,
        env: Mapping[str, str],
        *,
        overlays: Mapping[str, str] | None = None,
    ) -> App:
        """Read the checked-out ``tree`` of a version.

        ``env`` holds the operator's values, on top of the recipe's own ``.env.sample``,
        ``overlays`` the texts of compose files of his, joined last, by their names.

        Raises:
            RecipeFault: a name is not safe, or the recipe's files cannot be read.
            HostFault: a name is too long because of the domain, or an overlay is at fault.
        """
        # who deploys nothing reads no compose file, and starts the sooner
        from canon_sweep.engine import source as sources  # noqa: PLC0415

        stack, domain = place.stack, place.domain
        source = sources.read(
            tree, recipe=recipe, stack=stack, domain=domain, env=env, overlays=overlays
        )
        return cls(recipe, version, stack, domain, source)


class Volume(msgspec.Struct, frozen=True):
    """A named volume by its full name, ``<stack>_<volume>``.

    ``bytes`` is its size, None if it cannot be found out: it is not nothing, and can be removed.
    """

    name: str
    bytes: int | None


class Address(msgspec.Struct, frozen=True):
    """Where a service's port answers, as seen from the sweep."""

    host: str
    port: int


class Converging(msgspec.Struct, frozen=True):
    """Somebody else's stack on its way from one state to another; ``why`` has its service."""

    stack: str
    why: str


class Engine(Protocol):
    """Deploys stacks and keeps their volumes.

    Every method may raise `HostFault` when the engine itself cannot be used.
    A name that is not a plain stack, service or volume name is refused with
    `RecipeFault` before anything is touched.
    """

    @property
    def name(self) -> str:
        """The engine's name in settings and records."""
        ...

    def node(self) -> str:
        """The node that holds this engine's volumes; empty where there is only this machine."""
        ...

    def questions(self, apps: Callable[[], Iterable[App]]) -> tuple[Question, ...]:
        """What can be asked of the engine itself before anything is deployed; nothing changes.

        ``apps`` gives those that are to be deployed, as far as anybody knows them.
        """
        ...

    def space(self) -> Space | None:
        """How much room there is where volumes and images are kept; None if nobody can say.

        Asked again at any moment, also by another thread, it takes no time.
        """
        ...

    def prepare(self, app: App, timeout: float) -> tuple[Image, ...]:
        """Fetch what the deploy needs (images), before the deploy's clock starts.

        Gives the images that will run.  Whatever becomes of a name, it stands for the same
        image as long as this engine is in use; a name that can be anybody's is asked for
        at its registry first.

        Raises:
            HostFault: an image cannot be had.
            RecipeFault: the engine cannot run such a recipe.
        """
        ...

    def deploy(self, app: App) -> None:
        """Start the stack, or update it to this version; returns before it is ready.

        Existing volumes and secrets of the stack are used again, missing ones made.

        Raises:
            RecipeFault: the recipe's files are refused by the engine.
        """
        ...

    def wait_ready(self, app: App, timeout: float) -> None:
        """Return as soon as every service of this version is up and healthy.

        Raises:
            RecipeFault: a service failed for good, or was not ready in ``timeout`` seconds.
        """
        ...

    def undeploy(self, stack: str) -> None:
        """End the stack and wait until nothing of it is left but volumes and secrets.

        A stack that is not there is no error.
        """
        ...

    def execute(
        self, stack: str, service: str, command: Sequence[str], timeout: float
    ) -> Completed:
        """Run a command inside a running service and return what it answered.

        Raises:
            RecipeFault: the service does not run, or the command took longer than ``timeout``.
        """
        ...

    def address(self, stack: str, service: str, port: int) -> Address:
        """Where this port of a running service can be reached.

        Raises:
            RecipeFault: the service does not run or has no such port.
        """
        ...

    def volumes(self, stack: str) -> tuple[Volume, ...]:
        """The named volumes of a stack, deployed or not, sorted by name.

        Whatever `remove_volume` would remove by its name is listed, whole or not.
        """
        ...

    def secrets(self, stack: str) -> tuple[str, ...]:
        """The full names of the secrets of a stack, deployed or not, sorted."""
        ...

    def leftovers(self, stack: str) -> tuple[str, ...]:
        """Everything that exists under a stack's name, each with its kind: ``volume x_data``.

        Volumes and secrets are named so only while they are whole; what is left of one, or
        of anything else that runs no more, is ``remains of`` it.  Empty means that a deploy
        of this name is cold.
        """
        ...

    def volume_digest(self, name: str) -> str:
        """A digest of everything in a volume: equal means byte for byte the same.

        Raises:
            HostFault: the volume is not there, or cannot be read.
        """
        ...

    def clone_volume(self, source: str, target: str) -> None:
        """Make ``target`` an exact copy of ``source``, replacing any earlier ``target``.

        Neither may be in use.  Interrupted, it leaves ``source`` as it was.
        """
        ...

    def remove_volume(self, name: str) -> None:
        """Remove a volume with its data; one that is not there is no error."""
        ...

    def remove_secret(self, name: str) -> None:
        """Remove a secret; one that is not there is no error."""
        ...

    def stacks_of_ours(self) -> tuple[str, ...]:
        """Stacks that canon-sweep made here and of which anything still runs or exists."""
        ...

    def volumes_of_ours(self) -> tuple[str, ...]:
        """Volumes that canon-sweep made here, by full name, sorted."""
        ...

    def of_ours(self) -> tuple[Thing, ...]:
        """Everything that canon-sweep made here and that exists, whichever canon-sweep it was."""
        ...

    def present(self) -> frozenset[str]:
        """What is up or kept here, whoever made it: ``stack x``, ``volume x_data``, ``secret …``.

        A container that is no stack's is ``container x``, also one whose stack is on its way
        down.  What else is left of such a stack is named by itself, and is not up.
        """
        ...

    def images(self) -> tuple[Stored, ...]:
        """Every image here, with what needs it; none where nothing is run from images."""
        ...

    def remove_image(self, image: Stored) -> str:
        """Remove an image that nothing needs, never by force.

        Gives why it stays; empty if it is gone.
        """
        ...

    def converging(self) -> tuple[Converging, ...]:
        """The stacks here that canon-sweep did not make and that are on their way, by name."""
        ...

    def lacks(self, stack: str) -> str:
        """What a stack lacks to be up and healthy, whoever deployed it; empty if nothing."""
        ...

    def logs(self, stack: str) -> str:
        """What the stack's services said, for the recipe's log; empty when not deployed."""
        ...

    def last_words(self, stack: str, service: str) -> str:
        """The end of what a running service said, on one line; empty if there is nothing."""
        ...
