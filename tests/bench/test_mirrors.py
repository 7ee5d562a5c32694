"""`bench/mirrors.py` measures what it says it does; how long anything takes is not asserted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from wire import cases, goals
from wire.drawing import drawing
from wire.figures import Growth, ManyTags, NewTag, Row
from wire.ground import Ground, linked
from wire.series import REFS, Series, WrongError
from wire.servers import HOST, LATENCY, Program, Wire, serving
from wire.table import COLUMNS, listed, quiet, table
from wire.timing import Peak

RECIPES = 3
ROW = Row(
    scheme="git",
    latency=20,
    recipes=200,
    floor=(1.0, 2.0, 1.0),
    sweep=(1.2, 2.6, 1.6),
    start=(0.2, 0.2, 0.2),
    loop=(12.0, 20.8, 16.0),
    floor_cpu=(1.0,),
    sweep_cpu=(2.0,),
    start_cpu=(0.1,),
    peak=Peak(70.2, 60.0),
)


@dataclass(frozen=True)
class Bench:
    """Three recipes, and every wire to them."""

    folder: Path
    ground: Ground
    wires: tuple[Wire, ...]

    def laid(self, wire: Wire) -> Series:
        return Series.laid(self.ground, wire, RECIPES, self.folder / f"{wire.port}")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground.made(tmp_path_factory.mktemp("ground"), RECIPES)


@pytest.fixture
def bench(tmp_path: Path, pattern: Ground) -> Iterator[Bench]:
    ground = replace(pattern, served=tmp_path / "served")
    linked(pattern.served, ground.served)
    with serving(ground.served, tmp_path / "servers") as wires:
        yield Bench(tmp_path, ground, wires)


def test_every_wire_shows_the_same_refs_and_a_sweep_over_it_does_nothing(bench: Bench) -> None:
    """Thirty annotated tags of its own, main and HEAD on either side of each recipe."""
    for wire in bench.wires:
        series = bench.laid(wire)

        swept = series.no_op()

        assert series.refs() == REFS * RECIPES * 2
        canonicals = [entry["canonical"] for entry in swept.results["entries"]]
        assert canonicals == ["1.29.0+v29.0", "1.29.1+v29.1", "1.29.2+v29.2"]
        assert not swept.pushed()
        assert not any(entry["notes"] for entry in swept.results["entries"])


def test_a_row_has_a_number_for_everything_and_each_round(bench: Bench) -> None:
    """Also the loop, which is git itself, and the memory of all processes."""
    row = cases.row(bench.laid(bench.wires[1]), 2, weigh=True)

    for numbers in (row.floor, row.sweep, row.start, row.loop, row.sweep_cpu, row.floor_cpu):
        assert len(numbers) == 2
        assert min(numbers) > 0
    assert row.peak
    assert 5 < row.peak.pss < 500
    assert 5 < row.peak.rss < 500


def test_a_sweep_that_does_something_is_no_measurement(bench: Bench) -> None:
    """A wrong result is an error, whatever the time was."""
    series = bench.laid(bench.wires[0])
    bench.ground.tag(bench.ground.recipes[1], "nightly")

    with pytest.raises(WrongError, match="no-op"):
        series.no_op()


def test_new_tags_and_very_many_are_found_and_then_at_rest(bench: Bench) -> None:
    """They are no releases: a mirror gets them, and nothing is tested."""
    series = bench.laid(bench.wires[0])

    new = cases.new_tag(series, bench.ground, 1)
    many = cases.many_tags(series, bench.ground, 300, 1)

    assert len(new.sweep) == len(new.alone) == 1
    assert (many.tags, many.recipes) == (300, RECIPES)
    assert series.refs() == (REFS * RECIPES + 300) * 2 + 2 * 2 * 2  # and the two new ones


def test_a_relay_brings_every_byte_and_none_too_early() -> None:
    """Either way is half of a round trip, and the first bytes wait for a handshake too."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with (
            Program.started("delay.py", str(port), "0", str(LATENCY)) as relay,
            socket.create_connection((HOST, relay.port)) as client,
        ):
            began = time.monotonic()
            client.sendall(b"x" * 100_000)
            far, _ = server.accept()
            with far:
                told = _read(far, 100_000)
                arrived = time.monotonic()
                far.sendall(b"y")
                back = _read(client, 1)
                answered = time.monotonic()

    assert (told, back) == (b"x" * 100_000, b"y")
    assert arrived - began >= 1.5 * LATENCY / 1000
    assert answered - arrived >= 0.5 * LATENCY / 1000


def test_servers_end_with_the_bench(tmp_path: Path) -> None:
    """Nothing is left to listen."""
    with serving(tmp_path, tmp_path / "servers") as wires:
        pass

    for wire in wires:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, wire.port))


def test_the_table_has_its_columns_and_a_line_a_row() -> None:
    """Medians of the ratios of each round, and how far they spread."""
    head, rule, line = table([ROW]).splitlines()

    assert [cell.strip() for cell in head.strip("|").split("|")] == list(COLUMNS)
    assert rule == "| --- " * len(COLUMNS) + "|"
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "200",
        "git",
        "20 ms",
        "1.00 s",
        "1.30 (1.20 to 1.60)",
        "1.20 (1.00 to 1.40)",
        "10.00 (8.00 to 10.00)",
        "2.00",
        "70 MiB",
    ]


def test_it_is_said_how_busy_the_machine_was() -> None:
    """Ratios of a busy machine are against whoever has fewer processes."""
    assert "others made it 2.0 times as long" in quiet([ROW])


def test_the_drawing_is_xml_and_always_the_same() -> None:
    """The sweep, its start-up apart, and the loop below it."""
    rows = [ROW, replace(ROW, recipes=21, loop=(30.0, 50.0, 30.0))]

    text = drawing(rows)

    svg = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in svg.iter(f"{space}rect") if float(bar.attrib["y"]) > 50]
    assert [bar.get("class") for bar in bars] == ["sweep", "start", "loop"] * 2
    words = [str(each.text) for each in svg.iter(f"{space}text")]
    assert {"200 recipes, git, 20 ms", "21 recipes, git, 20 ms", "goal: 1.3"} <= set(words)
    assert drawing(rows) == text
    assert "prefers-color-scheme: dark" in text


def test_a_goal_is_met_or_not_by_the_median() -> None:
    """From 200 recipes on the start-up is included, below it is not."""
    met = {goal.about: goal.met for goal in goals.of_rows([ROW, replace(ROW, recipes=21)])}

    assert met["200 recipes, git, 20 ms: no-op sweep / floor"]
    assert met["21 recipes, git, 20 ms: (no-op sweep less start-up) / floor"]
    assert met["200 recipes, git, 20 ms: loop / no-op sweep"]
    slower = replace(ROW, sweep=(1.4, 2.8, 1.4), peak=Peak(90.0, 1.0))
    assert not any(goal.met for goal in goals.of_rows([slower]) if "loop" not in goal.about)


def test_ten_times_the_recipes_may_take_ten_times_the_time_and_a_little() -> None:
    """Of another pair of sizes it is the same in proportion."""
    pair = Growth("git", 0, 100, 1000, (1.0, 1.2, 1.0), (10.5, 12.0, 11.0))

    goal = goals.of_growth(pair)

    assert (goal.wanted, goal.measured, goal.met) == ("≤ 10.5", "10.50 (10.00 to 11.00)", True)
    assert goals.of_growth(replace(pair, few=500)).wanted == "≤ 2.1"


def test_what_a_tag_and_what_many_cost_are_goals_too() -> None:
    """A tag may cost its own sync; many tags their own time, and nobody else's."""
    tag = NewTag("git", 0, 200, (1.0,), (0.3,), (1.2,), (1.5,), (0.6,))
    many = ManyTags(100_000, 21, (1.0,), 16.0, (26.0,), 0.5, 0.5, 0.9, 3.0)

    assert goals.of_new_tag(tag).met
    assert not goals.of_new_tag(replace(tag, sweep=(1.7,))).met
    assert [goal.met for goal in goals.of_many_tags(many)] == [True, False, True, False]
    assert listed([goals.of_new_tag(tag)]).splitlines()[2].endswith("| yes |")


def _read(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size and (more := connection.recv(65536)):
        read += more
    return read
