"""A command of the operator's, run on this host before a cold stack is deployed at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from canon_sweep import process
from canon_sweep.core import names
from canon_sweep.core.version import Version
from canon_sweep.engine.protocol import App
from canon_sweep.errors import HostFault
from canon_sweep.process import LateFault
from canon_sweep.settings.duration import written
from canon_sweep.state.runs import Log

Copy = Callable[[str], AbstractContextManager[Path]]
"""A folder with a commit's files that is nobody else's, and goes afterwards."""

MAX_WORDS = 300
_ADVICE = "mend the recipe's install command: it is the operator's, and says nothing of the recipe"


class Hook(msgspec.Struct, frozen=True):
    """``command`` is run in a copy of the version's files: what is deployed stays as it was.

    Of our own environment it has PATH, and nothing else.
    """

    command: tuple[str, ...]
    copy: Copy
    log: Log

    def run(
        self, app: App, *, tag: str, commit: str, version: Version | None, seconds: float
    ) -> None:
        """Run it for an app that is about to be deployed, for at most so many seconds.

        ``tag`` is empty and ``version`` None where the version is no release.

        Raises:
            HostFault: it failed, was not there, or took longer: that is no fault of the app's.
        """
        with self.copy(commit) as folder:
            env = {
                "RECIPE": app.recipe,
                "TAG": tag,
                "VERSION": version.tag if version else "",
                "COMMIT": commit,
                "STACK": app.stack,
                "DOMAIN": app.domain,
                "CHECKOUT": str(folder),
                "PATH": os.environ.get("PATH", ""),
            }
            self.log.say(
                f"install command for {app.version} as {app.stack}, at most {written(seconds)}"
            )
            try:
                done = process.run(self.command, env=env, timeout=seconds, cwd=folder)
            except LateFault as fault:
                self.log.say(fault.output or "it said nothing")
                raise _fault(app, fault.what, fault.output) from fault
            except HostFault as fault:
                raise _fault(app, fault.what, "") from fault
        if done.output:
            self.log.say(done.output)
        if done.exit_code != 0:
            how = f"{self.command[0]} ended with exit code {done.exit_code}"
            raise _fault(app, how, done.output)


def _fault(app: App, how: str, output: str) -> HostFault:
    words = names.plain(" ".join(output.split())[-MAX_WORDS:])
    said = f"; it said: {words}" if words else ""
    what = f"before {app.version} was deployed, its install command failed: {how}{said}"
    return HostFault(what, do=_ADVICE)
