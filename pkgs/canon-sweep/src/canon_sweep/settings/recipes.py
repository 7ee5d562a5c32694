"""The records that say where a recipe lives and how it is tested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from canon_sweep.core.declared import Declared
from canon_sweep.core.override import Kind, Override
from canon_sweep.core.version import TagRule
from canon_sweep.settings.overrides import ExpectedNA, Pin, Written, override_of, pin_of
from canon_sweep.settings.table import Table
from canon_sweep.settings.values import Command, Count, Port, Priority, Seconds, SecretFile, Text

Status = Annotated[int, Meta(ge=100, le=599)]


class HttpProbe(Table, frozen=True, kw_only=True, tag="http", tag_field="type"):
    """A request to a service's port that must be answered with this status and text.

    Without a ``port`` it is the one that the recipe's label tells the router; without a
    ``service`` it is then the one that has such a label, else ``app``.  ``statuses`` stands
    in place of ``status`` where any of several will do.
    """

    service: Text | None = None
    port: Port | None = None
    path: Annotated[str, Meta(pattern="^/")] = "/"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    status: Status = 200
    # what is unset is no part of the digest: an update tests no known red again for it
    statuses: Annotated[tuple[Status, ...], Meta(min_length=1)] | UnsetType = UNSET
    contains: str = ""

    def __post_init__(self) -> None:
        """Name the service, unless the recipe's label is to say it."""
        if self.service is None and self.port is not None:
            msgspec.structs.force_setattr(self, "service", "app")

    @property
    def passing(self) -> tuple[int, ...]:
        """The statuses that pass."""
        return self.statuses or (self.status,)


class TcpProbe(Table, frozen=True, kw_only=True, tag="tcp", tag_field="type"):
    """A port that must accept a connection ``successes`` times in a row."""

    service: Text = "app"
    port: Port
    successes: Annotated[int, Meta(ge=1, le=100)] = 1


class ExecProbe(Table, frozen=True, kw_only=True, tag="exec", tag_field="type"):
    """A command inside a service that must exit 0 and say this text."""

    service: Text = "app"
    command: Command
    contains: str = ""


Probe = HttpProbe | TcpProbe | ExecProbe


class DataSettings(Table, frozen=True, kw_only=True):
    """How to put data into a running app, and how to see that it is still there.

    ``{token}`` in a path, body, command or text stands for something that is
    different in every deployment.
    """

    seed: tuple[Probe, ...] = ()
    check: tuple[Probe, ...] = ()


class RecipeTimeouts(Table, frozen=True, kw_only=True):
    """A recipe's own limits, where they differ from everybody's; these outrank its label."""

    prepare: Seconds | None = None
    deploy: Seconds | None = None
    probe: Seconds | None = None
    exec: Seconds | None = None
    test: Seconds | None = None


class EnvRule(Table, frozen=True, kw_only=True):
    """Variables of those versions alone that ``when`` holds of, e.g. ``>= 1.0.0, < 2``."""

    when: Text
    env: dict[str, str]


class Overlay(Table, frozen=True, kw_only=True):
    """A compose file of the operator's, joined after the recipe's own.

    ``on`` is whether it is for what an upgrade starts from only, or for what is tested;
    without ``when`` it is for every version.  Paths in it are of the recipe's folder.
    """

    file: Path
    when: Text | None = None
    on: Literal["base", "target"] | None = None


class RecipeSettings(Table, frozen=True, kw_only=True):
    """One recipe: where it lives and how it is tested.

    ``envFiles`` names a file for each variable whose value is secret.
    ``hostPaths`` names the host folders that its stack may write to, and the volumes that
    are kept elsewhere than in Docker's own folder, each with the reason; ``stateless`` says
    that nothing in them matters to the next deployment.  ``install`` is a command that is
    run on this host before each cold stack is deployed, ``needs`` the stacks that have to be
    up and healthy before a test.
    """

    upstream: Text
    mirror: Text
    branch: Text | None = None
    enroll: bool = True
    exception: Written = ""
    tag_pattern: str | None = None
    prereleases: bool = False
    upgrade_base: str | Pin | None = None
    retries: Count | None = None
    priority: Priority | None = None
    env: dict[str, str] = {}
    env_files: dict[str, SecretFile] = {}
    env_rules: tuple[EnvRule, ...] = ()
    upgrade_env: dict[str, str] = {}
    overlays: tuple[Overlay, ...] = ()
    install: Command | None = None
    needs: tuple[Text, ...] = ()
    host_paths: dict[str, str] = {}
    stateless: bool = False
    external_secrets: tuple[Text, ...] = ()
    external_configs: tuple[Text, ...] = ()
    probes: tuple[Probe, ...] = ()
    checks: tuple[Probe, ...] = ()
    data: DataSettings = DataSettings()
    timeouts: RecipeTimeouts = RecipeTimeouts()
    expected_na: ExpectedNA = msgspec.field(default=ExpectedNA(), name="expectedNA")

    @property
    def excepted(self) -> Override | None:
        """Why it takes no part, if it does not."""
        return None if self.enroll else override_of(Kind.EXCEPTION, self.exception)

    @property
    def pin(self) -> Override | None:
        """The base that is upgraded from before any other."""
        return None if self.upgrade_base is None else pin_of(self.upgrade_base)

    @property
    def overrides(self) -> tuple[Override, ...]:
        """All that is written against the rule."""
        found = (self.excepted, *self.expected_na.overrides, self.pin)
        return tuple(each for each in found if each is not None)

    @property
    def every_probe(self) -> tuple[Probe, ...]:
        """Whatever is asked of an app at any time."""
        return (*self.probes, *self.checks, *self.data.seed, *self.data.check)

    @property
    def tag_rule(self) -> TagRule:
        """Which of the recipe's tags are versions."""
        return TagRule(self.tag_pattern, self.prereleases)

    @property
    def declared(self) -> Declared:
        """What the recipe may share with its host and with other stacks."""
        return Declared(
            host_paths=frozenset(self.host_paths),
            stateless=self.stateless,
            secrets=frozenset(self.external_secrets),
            configs=frozenset(self.external_configs),
        )
