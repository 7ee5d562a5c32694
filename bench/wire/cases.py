"""The measurements themselves, each in rounds: what is compared is done in turns."""

from __future__ import annotations

import time
from statistics import median

from wire.figures import Growth, ManyTags, NewTag, Row
from wire.ground import Ground
from wire.series import Series, Swept, WrongError

# of how many recipes git's own commands are tried: a loop is as long as it is
LOOPED = 25
# seconds until a server has seen that those who asked have hung up
REST = 0.1


def row(series: Series, rounds: int, *, weigh: bool) -> Row:
    """The no-op sweep beside its floor, its start and the loop; ``weigh`` looks at memory too."""
    floors, sweeps, starts, loops, served = [], [], [], [], []
    relay = 0.0
    for _ in range(rounds):
        before, relayed = _served(series), _relay(series)
        floors.append(series.floor())
        between = _served(series)
        relay += _relay(series) - relayed
        sweeps.append(series.no_op().spent)
        served.append((between - before, _served(series) - between))
        starts.append(series.start())
        loops.append(series.loop(LOOPED))
    return Row(
        scheme=series.wire.scheme,
        latency=series.wire.latency,
        recipes=len(series.recipes),
        floor=tuple(wall for wall, _ in floors),
        sweep=tuple(each.wall for each in sweeps),
        start=tuple(each.wall for each in starts),
        loop=tuple(loops),
        floor_cpu=tuple(cpu + by for (_, cpu), (by, _) in zip(floors, served, strict=True)),
        sweep_cpu=tuple(each.cpu + by for each, (_, by) in zip(sweeps, served, strict=True)),
        start_cpu=tuple(each.cpu for each in starts),
        peak=series.peak() if weigh else None,
        relay=relay / sum(wall for wall, _ in floors),
    )


def growth(few: Series, many: Series, rounds: int) -> Growth:
    """The no-op sweeps of two sizes over one wire."""
    sweeps = [(few.no_op().spent.wall, many.no_op().spent.wall) for _ in range(rounds)]
    return Growth(
        scheme=few.wire.scheme,
        latency=few.wire.latency,
        few=len(few.recipes),
        many=len(many.recipes),
        few_sweep=tuple(each for each, _ in sweeps),
        many_sweep=tuple(each for _, each in sweeps),
    )


def new_tag(series: Series, ground: Ground, rounds: int) -> NewTag:
    """One new tag on an upstream, among all recipes and alone."""
    recipe = series.recipes[len(series.recipes) // 2]
    floors, starts, no_ops, sweeps, alone = [], [], [], [], []
    series.sweep()  # other series share the mirrors, and may have left this one behind
    for number in range(rounds):
        floors.append(series.floor()[0])
        starts.append(series.start().wall)
        no_ops.append(series.no_op().spent.wall)
        sweeps.append(_synced(series, ground, recipe, f"all-{number}"))
        alone.append(_synced(series, ground, recipe, f"alone-{number}", recipe))
    wire = series.wire
    return NewTag(
        scheme=wire.scheme,
        latency=wire.latency,
        recipes=len(series.recipes),
        floor=tuple(floors),
        start=tuple(starts),
        no_op=tuple(no_ops),
        sweep=tuple(sweeps),
        alone=tuple(alone),
    )


def many_tags(series: Series, ground: Ground, tags: int, rounds: int) -> ManyTags:
    """Very many tags on both sides of the last recipe."""
    recipe = series.recipes[-1]
    series.sweep()
    before = [series.no_op() for _ in range(rounds)]
    ground.tag_often(recipe, tags)
    first = series.sweep()
    if first.pushed():
        raise WrongError(f"both sides have the tags, but these were pushed: {first.pushed()}")
    again = [series.no_op() for _ in range(rounds)]
    return ManyTags(
        tags=tags,
        recipes=len(series.recipes),
        before=_walls(before),
        first=first.spent.wall,
        again=_walls(again),
        others_before=_others(before, recipe),
        others_first=_others([first], recipe),
        others_again=_others(again, recipe),
        floor=median(series.floor([recipe])[0] for _ in range(rounds)),
    )


def _synced(series: Series, ground: Ground, recipe: str, tag: str, *names: str) -> float:
    """Seconds of a sweep that finds a new tag."""
    name = f"{tag}-{series.wire.scheme}-{series.wire.latency}"
    ground.tag(recipe, name)
    swept = series.sweep(*names)
    if swept.pushed() != {recipe: [f"refs/tags/{name}"]}:
        raise WrongError(f"{name} of {recipe} was to be pushed, and was: {swept.pushed()}")
    return swept.spent.wall


def _walls(sweeps: list[Swept]) -> tuple[float, ...]:
    return tuple(each.spent.wall for each in sweeps)


def _others(sweeps: list[Swept], recipe: str) -> float:
    return median(each.seconds(but=recipe) for each in sweeps)


def _served(series: Series) -> float:
    """CPU seconds that the server has had so far, when it is at rest."""
    time.sleep(REST)
    return series.wire.server.cpu()


def _relay(series: Series) -> float:
    """CPU seconds that the relay has had so far."""
    return series.wire.relay.cpu() if series.wire.relay else 0.0
