"""What canon-sweep has made on an engine and nothing names any more.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum

import msgspec

from canon_sweep.core import names
from canon_sweep.core.kept import Named

# a copy of a volume has this in front of the volume's name
COPY = "snapshot."


class Kind(StrEnum):
    """What a thing on an engine is, in the words of `Engine.leftovers`."""

    STACK = "stack"
    SERVICE = "service"
    CONTAINER = "container"
    NETWORK = "network"
    CONFIG = "config"
    VOLUME = "volume"
    SECRET = "secret"  # noqa: S105

    @property
    def is_data(self) -> bool:
        """Whether it outlives its stack."""
        return self in (Kind.VOLUME, Kind.SECRET)


class Maker(StrEnum):
    """Which canon-sweep has made a thing: labels say that one has, and most say which."""

    US = "this one"
    ANOTHER = "another"
    UNSAID = "nobody knows which"


class Thing(msgspec.Struct, frozen=True, order=True):
    """Something on an engine that canon-sweep has made, by its full name.

    ``stack`` is the one that it says it is of; empty where only its name tells.
    """

    kind: Kind
    name: str
    stack: str
    maker: Maker = Maker.US

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Stray(msgspec.Struct, frozen=True):
    """A stack's parts that run, or a volume or secret, that nothing names; and why it is one.

    ``doubt`` is why it may be somebody's all the same, so that a person has to decide.
    """

    stack: str
    things: tuple[Thing, ...]
    why: str
    doubt: str = ""

    @property
    def what(self) -> str:
        """What it is, for one line: a stack with what of it is there."""
        if self.is_data:
            return names.plain(str(self.things[0]))
        parts = ", ".join(str(thing) for thing in self.things if thing.kind is not Kind.STACK)
        return names.plain(f"stack {self.stack}" + (f" ({parts})" if parts else ""))

    @property
    def is_data(self) -> bool:
        """Whether it is one volume or secret, and no stack that runs."""
        return self.things[0].kind.is_data


def things(
    stacks: Iterable[str], volumes: Iterable[str], secrets: Iterable[str]
) -> tuple[Thing, ...]:
    """What an engine has, where all that it has is ours, and only names tell of which stack."""
    running = (Thing(Kind.STACK, name, name) for name in stacks)
    data = [(Kind.VOLUME, name) for name in volumes] + [(Kind.SECRET, name) for name in secrets]
    return (*running, *(Thing(kind, name, "") for kind, name in data))


def strays(
    there: Iterable[Thing], records: Named, journal: Named, unread: Collection[str] = ()
) -> tuple[Stray, ...]:
    """Everything of ours that neither the records nor the journal name; stacks come first.

    What another canon-sweep has made is none of them: it has records of its own.  ``unread``
    are recipes whose records cannot be read: any volume or secret may be theirs, so none is
    told, and a stack may be.
    """
    ours = sorted(thing for thing in there if thing.maker is not Maker.ANOTHER)
    free = [thing for thing in ours if not _is_named(thing, records, journal)]
    # apart by who made them: a label of somebody's must not keep what is surely ours
    by_stack: dict[tuple[str, Maker], list[Thing]] = {}
    for thing in free:
        if not thing.kind.is_data:
            by_stack.setdefault((thing.stack, thing.maker), []).append(thing)
    return (
        *(
            _of_stack(stack, tuple(parts), records, unread)
            for (stack, _), parts in sorted(by_stack.items())
        ),
        *(_of_data(thing, records) for thing in free if thing.kind.is_data and not unread),
    )


def made_by_others(there: Iterable[Thing]) -> int:
    """How many of them are another canon-sweep's."""
    return sum(thing.maker is Maker.ANOTHER for thing in there)


def running(leftovers: Iterable[str]) -> tuple[str, ...]:
    """What of a stack still runs, or holds what runs, of what `Engine.leftovers` has."""
    data = tuple(f"{kind} " for kind in Kind if kind.is_data)
    return tuple(part for part in leftovers if not part.startswith(("remains of ", *data)))


def not_ours(leftovers: Iterable[str], there: Iterable[Thing]) -> tuple[str, ...]:
    """What runs under a stack's name, and was not made by us."""
    own = {str(thing) for thing in there if thing.maker is Maker.US}
    return tuple(part for part in running(leftovers) if part not in own)


def _is_named(thing: Thing, records: Named, journal: Named) -> bool:
    bare = thing.name.removeprefix(COPY)
    if any(thing.stack == own or bare.startswith(f"{own}_") for own in journal.stacks):
        return True
    match thing.kind:
        case Kind.VOLUME:
            return thing.name in records.volumes | journal.volumes
        case Kind.SECRET:
            return thing.name in records.secrets | journal.secrets
    return False


def _of_stack(
    stack: str, parts: tuple[Thing, ...], records: Named, unread: Collection[str]
) -> Stray:
    doubts = [*_doubts(parts)]
    if unread:
        doubts.append(f"it may be a canonical's, until {', '.join(sorted(unread))} can be read")
    if names.stack_problem(stack):
        doubts.append("no stack of ours has such a name")
    elif stack in records.stacks:
        # the journal would have said so: somebody has taken that away, or put this up
        doubts.append("it is a canonical's, and no journal says what of its data is true")
    return Stray(stack, parts, "is up, but no run is on", "; ".join(doubts))


def _of_data(thing: Thing, records: Named) -> Stray:
    doubts = [*_doubts((thing,))]
    bare = thing.name.removeprefix(COPY)
    stack = thing.stack.removeprefix(COPY)
    if bare != thing.name and bare in records.volumes:
        doubts.append(f"it is a copy of {bare}, and no journal says which of the two is true")
    elif any(bare.startswith(f"{own}_") for own in records.stacks):
        doubts.append("it is of a canonical's stack, though its record does not name it")
    elif stack and not bare.startswith(f"{stack}_"):
        doubts.append("no volume or secret of ours has such a name")
    return Stray(thing.stack, (thing,), "belongs to no record", "; ".join(doubts))


def _doubts(things: Iterable[Thing]) -> Iterator[str]:
    if any(thing.maker is Maker.UNSAID for thing in things):
        yield "nothing says which canon-sweep has made it"
