"""The outside harness: a command that tests a version, and a file in which it says how.

Nothing that it says is believed before `core.testimony` has looked at it; what cannot be
believed is the host's fault, and says nothing of the recipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import structs

from canon_sweep.core import ending, template
from canon_sweep.core.attempts import Took
from canon_sweep.core.result import CiResult, Status, Tier, TierResult
from canon_sweep.core.testimony import Asked, Testimony, doubt, says_green, tiers_of, unknown
from canon_sweep.core.version import TagRule, ordered
from canon_sweep.errors import HostFault, OverdueFault, RecipeFault, TimeFault
from canon_sweep.harness import session
from canon_sweep.harness.guest import MARK, Visits
from canon_sweep.harness.handover import owned
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.resultfile import ResultFile
from canon_sweep.harness.session import Ended, Program
from canon_sweep.harness.stage import Stage
from canon_sweep.harness.tested import why_red
from canon_sweep.harness.transcript import Transcript
from canon_sweep.settings.duration import written
from canon_sweep.settings.harness import HarnessSettings

_RESULT = "result.json"


class WorkTree(msgspec.Struct, frozen=True):
    """How a harness gets a recipe's files; see `mirror.worktree`.

    ``place`` puts a commit into a folder, ``changes`` says what of it is another by now.
    """

    place: Callable[[str, Path], None]
    changes: Callable[[Path, str], str]


class External(msgspec.Struct, frozen=True):
    """Tests with the command of the settings; ``limit`` is in seconds.

    With ``quick`` it is a test on warm data, which is never cold.  What is no ``candidate``,
    as an older release, is told as a ref is: a harness that promotes must not promote it.
    """

    harness: HarnessSettings
    stage: Stage
    checkout: Checkout
    trees: WorkTree
    visits: Visits
    rule: TagRule
    limit: float
    quick: bool = False
    candidate: bool = True

    def test(self, order: Order) -> CiResult:
        """As `Harness`: what a green run left for us is undeployed, and in the journal.

        Raises:
            HostFault, TimeFault: as for `Harness`.
            OverdueFault: it ended itself at its own deadline, and not at the run's.
        """
        # a test's names are its own: two runs of one release are two
        run = order.seed.replace("/", "-")
        try:
            folder = self.checkout(order.commit).parent / run
        except RecipeFault as fault:
            return _unsafe(order, fault)
        folder.mkdir(exist_ok=True)
        tree = _filled(self.harness.checkout, order, run) or folder / order.recipe
        self.trees.place(order.commit, tree)
        pattern = _filled(self.harness.result.path, order, run) or folder / _RESULT
        expected = ResultFile.expected(pattern, self.harness.result.format, order.recipe)
        started = datetime.now(UTC)
        with self.visits.visit(run) as mark, self.stage.bounded(self.limit) as seconds:
            values = _values(order, run, tree, pattern, seconds)
            environment = self._environment(order, values) | {MARK: mark}
            self.stage.visits += 1
            ended = self._follow(self._program(environment, folder, seconds))
            self.visits.outlived(ended.alive)
            self._check_end(ended, tree, order, seconds)
        for path, text in expected.texts(started):
            # our own folder goes with the test, and what it said stays
            self.stage.log.say(f"harness: wrote {path}\n{text}")
        path, told = expected.read(started, ended.code, self._see_log)
        asked = _asked(order, expected.named_by(path) | {run}, started, warm=self.quick)
        result = self._result(order, told, asked, ended.code)
        if not result.green:
            self.stage.check_room(RecipeFault(why_red(result)))
        return result

    def discard(self, result: CiResult) -> None:
        """As `Harness`."""
        if result.retained is not None:
            self.stage.discard(result.retained.stack)

    def took(self) -> Took | None:
        """Nobody knows: what a harness fetches and removes again is not ours to weigh."""
        return None

    def unsettled(self) -> tuple[str, ...]:
        """As `Harness`."""
        return (*self.stage.unsettled, *self.visits.unsettled())

    @property
    def _see_log(self) -> str:
        """The step after whatever only the harness's own words can tell."""
        return f"see {self.stage.log.path or 'the log'}"

    def _environment(self, order: Order, values: dict[str, str]) -> dict[str, str]:
        """What the harness is told, and nothing of ours that is not named."""
        added = [self.harness.environment]
        if not (order.tag and self.candidate):
            added.append(self.harness.ref.environment)
        if self.quick and self.harness.quick is not None:
            added.append(self.harness.quick.environment)
        told = {name: text for table in added for name, text in table.items()}
        filled = {name: template.fill(text, values) for name, text in told.items()}
        named = self.harness.pass_environment
        inherited = {name: os.environ[name] for name in named if name in os.environ}
        return inherited | filled | {"PATH": self.harness.path}

    def _program(self, environment: dict[str, str], folder: Path, seconds: float) -> Program:
        folder = self.harness.work_dir or folder
        if not folder.is_dir():
            # the kernel would tell it of the program
            raise HostFault(f"harness.workDir {folder} is not there, or is no folder", do="make it")
        return Program(
            command=self.harness.command,
            env=environment,
            cwd=folder,
            timeout=seconds,
            stop_time=self.harness.stop_time,
            terminal=self.harness.terminal,
        )

    def _follow(self, program: Program) -> Ended:
        say = self.stage.log.say
        say(f"harness: {' '.join(program.command)}, at most {written(program.timeout)}")
        transcript = Transcript(say)
        try:
            ended = session.follow(program, transcript.hear)
        finally:
            transcript.close()
        say(f"harness: ended with {ended.code}")
        for each in ended.left:
            say(f"harness: left {each}, which was ended")
        return ended

    def _check_end(self, ended: Ended, tree: Path, order: Order, seconds: float) -> None:
        if ended.late:
            raise HostFault(
                f"the harness did not end within {written(self.limit)}",
                do="raise harness.timeout, or timeouts.test of the recipe, if it takes that long",
            )
        if why := ending.fault_of(ended.code):
            raise HostFault(f"the harness says nothing of the recipe: {why}", do=self._see_log)
        if what := self.trees.changes(tree, order.commit):
            raise HostFault(
                f"after the harness ended, its work tree {tree} is another: {what}",
                do="see whether it tested what it was given, and who else uses that folder",
            )
        if ended.code == ending.OVERDUE:
            if seconds < self.limit and self.harness.is_told_deadline:
                # it was told to end before its own time: by the run, not by the recipe
                raise TimeFault(
                    "the harness ended at the deadline that maxRuntime left it,"
                    f" {written(seconds)}",
                    do="raise it if this happens often",
                )
            overdue = OverdueFault(
                "the harness's own deadline ended it (exit code 142)", do=self._see_log
            )
            self.stage.check_room(overdue)
            raise overdue

    def _result(self, order: Order, told: Testimony, asked: Asked, code: int) -> CiResult:
        """What is believed.

        Raises:
            HostFault: it is not, and why.
        """
        why = doubt(told, asked) or self._not_older(order, told.base)
        if not why and (open_tier := unknown(told)):
            said = f": {open_tier.reason}" if open_tier.reason else ""
            why = f"it says that {open_tier.tier} could not be tested{said}"
        if why:
            raise HostFault(f"the harness's result says nothing of the recipe: {why}")
        if why := ending.contradiction(code, green=says_green(told)):
            raise HostFault(f"the harness contradicts itself: {why}", do=self._see_log)
        result = CiResult(
            tag=order.tag,
            commit=order.commit,
            cold=told.cold and not self.quick,
            tiers=tiers_of(told, asked),
            wanted=tuple(each.tier for each in told.tiers) if self.quick else told.promised,
            base=told.base,
            stepped_back=order.bases.stepped_back,
            images=told.images,
        )
        return self._with_kept(result, told)

    def _with_kept(self, result: CiResult, told: Testimony) -> CiResult:
        """A green result with what is handed over to us, if we are to promote it."""
        if not result.green or told.kept is None or self.harness.promotes or self.quick:
            return result
        retained = owned(told.kept, self.visits.before, self.stage.engine, self.stage.canonicals)
        # from here on it is ours to take away, also after a crash
        self.stage.begin(retained.stack)
        return structs.replace(result, retained=retained)

    def _not_older(self, order: Order, base: str | None) -> str:
        """Why a base proves nothing: it is the version under test, or newer."""
        version = ordered(self.rule, base)
        if order.version is None or version is None or version < order.version:
            return ""
        return f"it upgraded from {version.tag}, which is not older than {order.label}"


def _unsafe(order: Order, fault: RecipeFault) -> CiResult:
    failed = TierResult(tier=Tier.INSTALL, status=Status.FAIL, reason=str(fault))
    return CiResult(tag=order.tag, commit=order.commit, cold=True, tiers=(failed,))


def _filled(path: Path | None, order: Order, run: str) -> Path | None:
    values = {"recipe": order.recipe, "run": run}
    return None if path is None else Path(template.fill(str(path), values))


def _values(order: Order, run: str, tree: Path, result: Path, seconds: float) -> dict[str, str]:
    """What stands for each placeholder; empty where there is nothing to say."""
    candidates = order.bases.candidates
    return {
        "recipe": order.recipe,
        "tag": order.tag,
        "version": order.version.tag if order.version else "",
        "commit": order.commit,
        "base": candidates[0].tag if candidates else "",
        "checkout": str(tree),
        "result": str(result),
        "run": run,
        "deadline": f"{seconds:.0f}",
    }


def _asked(order: Order, runs: frozenset[str], started: datetime, *, warm: bool) -> Asked:
    declared = order.settings.expected_na.reasons
    return Asked(
        recipe=order.recipe,
        runs=runs,
        tag=order.tag,
        commit=order.commit,
        started=started,
        declared={Tier(tier): why for tier, why in declared.items()},
        has_base=bool(order.bases.candidates),
        warm=warm,
    )
