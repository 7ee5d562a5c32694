"""What every test may use."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from crash.matrix import Matrix, rows, table
from engine.installed import NEWER, OWN

pytest_plugins = ["engine.swarm_fixture"]
# whose failures are to say what was compared, as those of the tests themselves do
pytest.register_assert_rewrite(
    "core", "doctor", "engine.contract", "engine.neighbour", "forge", "mirror", "recipes", "stories"
)

# no test may read the configuration of the machine that it runs on
os.environ.pop("CANON_SWEEP_CONFIG", None)
# most tests start programs: what Python makes of their modules is made once
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(sys.prefix) / "bytecode"))
# and what pytest makes of the tests, which is most of a second start
sys.dont_write_bytecode = False
sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]
# the programs of the local engine ask for a `python3`, which is to be this one
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# a disk that is asked to write at once, thousands of times, is what most tests wait for
MEMORY = Path("/dev/shm")
ENOUGH = 4 * 1024**3
if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make crash` strikes at every moment, which takes its time."""
    parser.addoption("--crash", choices=("few", "all"), default="few", help="how many moments")
    parser.addoption("--soak", type=int, default=6, help="how many weeks of faults")
    parser.addoption("--seed", type=int, default=None, help="of the weeks of faults")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each kill has left, where that was asked for."""
    if terminalreporter.config.getoption("--crash") == "all":
        reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
        terminalreporter.section("crash matrix")
        terminalreporter.write_line(table(rows(reports)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More than the cores: half of its time a test waits for a disk, a server or a service."""
    return 5 * (os.cpu_count() or 1) // 2


class FewEngines(LoadScopeScheduling):
    """One Docker Engine for the stories, and of each release one for the recipes and the rest.

    And one Gitea.

    xdist's own `loadgroup` looks at marks, and no longer finds them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        if "/forge/test_gitea_" in nodeid:
            return "gitea"
        if "swarm" not in nodeid:
            # a word of the scheduler for each file costs less than one for each test, where a
            # test takes less than that
            at_once = _folder(nodeid) in AT_ONCE or DEADLINES in nodeid
            return nodeid.partition("::")[0] if at_once else nodeid
        if "/crash/" in nodeid and self.config.getoption("--crash") == "all":
            # each takes long, most of it waiting: an engine each costs less
            return nodeid
        folder = next(
            (each for each in ("stories", "recipes", "crash") if f"/{each}/" in nodeid), ""
        )
        return f"{folder} {NEWER if NEWER in nodeid else OWN}"

    def _assign_work_unit(self, node: WorkerController) -> None:
        """What takes longest comes first, so that no worker is alone at the end.

        The queue is there, and nobody has anything of it yet, when the first worker is given
        its first part.
        """
        if not any(self.assigned_work.values()):
            # stable: of one kind, those with the most tests come first, as they were
            for scope in sorted(self.workqueue, key=_turn):
                self.workqueue.move_to_end(scope)
        super()._assign_work_unit(node)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Forget what is done: all that a worker ever had is counted after each of its tests."""
        scope = self._split_scope(self.registered_collections[node][item_index])
        work = self.assigned_work[node]
        super().mark_test_complete(node, item_index, duration)
        if all(work[scope].values()):
            del work[scope]


# tests that neither wait nor start anything: a file of them is one part
AT_ONCE = ("ccci", "core", "guard", "report", "settings", "test_architecture.py")

# half a minute of waiting for deadlines: one worker does that, while the others are at work
DEADLINES = "/mirror/test_pool.py"


def _folder(nodeid: str) -> str:
    """The folder or file below ``tests`` that a test is in."""
    return nodeid.partition("::")[0].removeprefix("tests/").partition("/")[0]


def _turn(scope: str) -> int:
    """When a part of the tests has its turn, the least first.

    Engines come first, as their tests wait more than others do, one after another; then what
    kills them, and the computer that is emulated, the longest of the machines.  Whatever waits
    for deadlines comes next, and what needs a Gitea after that: it may still be being built.
    """
    engine = scope.endswith((f" {OWN}", f" {NEWER}"))
    comes = (
        engine and not scope.startswith("recipes"),
        "/machine/test_emulated" in scope,
        "/machine/test_stories" in scope and "[forge]" not in scope,
        engine,
        "/machine/" in scope and "[forge]" not in scope,
        DEADLINES in scope,
        "[forge]" in scope and "/machine/" in scope,
        scope == "gitea",
    )
    return comes.index(True) if any(comes) else len(comes)


@pytest.fixture
def every(request: pytest.FixtureRequest) -> bool:
    """Whether every moment is struck at, or a few of them."""
    return bool(request.config.getoption("--crash") == "all")


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """Where a test writes down each of its kills."""
    return Matrix(request.node.user_properties)


# whole sweeps, and whoever deploys anything; the embedded engine is an engine too
SWEEPS = ("afternoon", "crash", "recipes", "soak", "stories", "together")
DEPLOYS = {"anywhere", "bench", "engine", "fleet", "gitea"}
NO_ENGINE = "not engine"
TESTS = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test what it needs, by its folder, its marks and its fixtures.

    Who leaves out the engines (`-m "not swarm"`) leaves out whatever else takes minutes, and who
    leaves out all that is deployed (`-m "not engine"`) leaves out those too.
    """
    for item in items:
        if item.get_closest_marker("machine") or item.get_closest_marker("long"):
            item.add_marker("swarm")
        asked = set(item.fixturenames) if isinstance(item, pytest.Function) else set()
        sweeps = _folder(item.nodeid) in SWEEPS or DEPLOYS & asked
        if sweeps or item.get_closest_marker("swarm"):
            item.add_marker("engine")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FewEngines:
    """Spread the tests over the workers."""
    return FewEngines(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whoever wants no engine need not import what is all engines, once in each worker."""
    swept = collection_path.parent == TESTS and collection_path.name in SWEEPS
    return True if swept and config.option.markexpr == NO_ENGINE else None


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """How hypothesis draws."""
    # not before it is said above where bytecode goes: pytest would rewrite all of it each time
    from hypothesis import settings  # noqa: PLC0415

    # how long an example takes says more of the machine than of the program
    settings.register_profile("canon-sweep", deadline=None)
    settings.load_profile("canon-sweep")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Make what is there for good, and leave it out of every look for garbage, here and in forks.

    Nothing of it is garbage, and Python 3.11 fails to parse a module now and then when a look
    for garbage falls into it: 'AST constructor recursion depth mismatch'.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
