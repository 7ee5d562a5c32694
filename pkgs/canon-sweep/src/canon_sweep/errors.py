"""What can go wrong, and whose fault it is.  Imports nothing of ours.

A fault carries facts; whoever reports it renders them.  Its class says whose
fault it is, which decides the outcome: a recipe's fault is *red*, the host's
is *infra*, and neither is ever taken for the other.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_WRONG = 1
EXIT_USAGE = 2
EXIT_DEFERRED = 75


class Fault(Exception):
    """A failure that an operator can act on.

    ``what`` is one sentence that names the thing that failed, ``do`` the next
    step.  ``exit_code`` is the process's when the fault ends the whole command.
    """

    code = "fault"
    exit_code = EXIT_WRONG

    def __init__(self, what: str, *, do: str = "") -> None:
        super().__init__(what)
        self.what = _one_line(what)
        self.do = _one_line(do)

    def __str__(self) -> str:
        return f"{self.what}; {self.do}" if self.do else self.what


def _one_line(text: str) -> str:
    """What is quoted in a fault may be anybody's: nothing in it steers a terminal."""
    line = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in line)


class UsageFault(Fault):
    """The command line asks for something that does not exist."""

    code = "usage"
    exit_code = EXIT_USAGE


class SettingsFault(Fault):
    """The configuration cannot be used; ``problems`` has every mistake in it."""

    code = "settings"
    exit_code = EXIT_USAGE

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{path}: {count} in the configuration")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {problem}" for problem in self.problems)])


class DeferredFault(Fault):
    """Nothing is wrong, but this is not the moment: somebody else is at work."""

    code = "deferred"
    exit_code = EXIT_DEFERRED


class SyncFault(Fault):
    """A mirror could not be brought to what upstream has; nothing was changed."""

    code = "sync"


class RecipeFault(Fault):
    """The version under test is at fault: it says something about the recipe."""

    code = "recipe"


class HostFault(Fault):
    """The engine, the network or a tool is at fault: it says nothing about the recipe."""

    code = "infra"


class GoneFault(HostFault):
    """What a version needs is nowhere any more: no fault of its files, and no try will help."""


class OverdueFault(HostFault):
    """An outside harness ended a test at its own deadline: the first time nobody's fault."""


class RoomFault(Fault):
    """There is not enough room on the engine's disk to begin; it says nothing about anybody."""

    code = "disk"


class TimeFault(Fault):
    """The run's time is used up; it says nothing about anybody."""

    code = "out-of-time"


class StateFault(Fault):
    """A file of the state folder is not what it should be, or cannot be read or written."""

    code = "state"


class StorageFault(HostFault, StateFault):
    """This host does not let a file of the state folder be read or written.

    What relied on the file is not done, as with any `StateFault`; and it says nothing
    about the recipe, nor about what the file says.
    """


class Interrupted(BaseException):
    """The process was asked to end; everything under way is taken down first."""
