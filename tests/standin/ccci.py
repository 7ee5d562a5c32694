"""A stand-in of cc-ci's harness: a program of ours that keeps its conventions, and no code of it.

By environment, without arguments: ``RECIPE``; ``REF``, ``PR``, ``SRC``, ``VERSION``, ``MODE``,
``STAGES``; ``CCCI_QUICK=1``, ``CCCI_SKIP_FETCH=1``, ``CCCI_RUNS_DIR``, ``CCCI_REPO``.  The recipe's
files are those that are checked out in ``$ABRA_DIR/recipes/<recipe>``, where it finds tag and
commit; it exits 0 when green, 142 at its own deadline, 143 when it was told to stop, else 1.

Where cc-ci's public record does not say it, this file does, and nothing else of the tests:

- a run's id is ``CCCI_RUN_ID``, or of its own making; ``results.json`` lies in the folder of it;
- ``rungs`` has a word for each stage; ``skips`` has for each that was skipped its ``kind``
  (``declared`` or ``structural``) and ``reason``; ``stages`` has ``seconds`` and ``detail``;
- ``finished`` is a time with its zone, ``version`` the release's tag, ``ref`` what ``REF`` was;
- the warm folder is ``$CCCI_WARM_DIR/<recipe>``: ``canonical.json`` {recipe, version, commit,
  status: "idle", ts, domain}; ``last_good`` {version, commit, ts}; ``snapshot/meta.json``
  {recipe, version, commit, ts, volumes: [names]}; ``snapshot/volumes/<volume>.tar``; ``ts`` is
  ``20260617T050314Z``;
- a recipe is enrolled if ``$CCCI_REPO/tests/<recipe>/recipe_meta.py`` says ``WARM_CANONICAL =
  True``; without ``CCCI_REPO`` every one is.

Volumes and stacks are folders, or a Docker's: see `standin.engine`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pygit2

from standin import engine
from standin.behaviour import Behaviour, acts, chosen

STAGES = ("install", "upgrade", "backup", "restore", "custom")
DOMAIN = "ci.localhost"
# with or without the name's type
ENROLLED = r"^WARM_CANONICAL\s*(:\s*bool\s*)?=\s*True\b"


@dataclass(frozen=True)
class Run:
    """What it was asked for, and what it finds in the recipe's folder."""

    recipe: str
    tree: Path
    tag: str
    commit: str
    older: bool
    behaviour: Behaviour
    ref: str
    quick: bool

    @classmethod
    def asked(cls) -> Run:
        """From the environment."""
        recipe = os.environ["RECIPE"]
        tree = Path(os.environ["ABRA_DIR"]) / "recipes" / recipe
        repo = pygit2.Repository(str(tree))
        commit = str(repo.head.target)
        tags = _tags(repo)
        tag = next((name for name, at in sorted(tags.items()) if at == commit), "")
        return cls(
            recipe=recipe,
            tree=tree,
            tag=tag,
            commit=commit,
            older=len(tags) > 1,
            behaviour=chosen(recipe, tree),
            ref=os.environ.get("REF", ""),
            quick=os.environ.get("CCCI_QUICK") == "1",
        )

    @property
    def stack(self) -> str:
        """Of its warm canonical."""
        return f"warm-{self.recipe}_{DOMAIN.replace('.', '_')}"

    @property
    def volume(self) -> str:
        """The one that it has."""
        return f"{self.stack}_data"


def _tags(repo: pygit2.Repository) -> dict[str, str]:
    found = {}
    for name in repo.references:
        if name.startswith("refs/tags/"):
            end = repo.references[name].peel(pygit2.Commit)
            found[name.removeprefix("refs/tags/")] = str(end.id)
    return found


def main() -> int:
    """One test, and a promotion where one is due."""
    run = Run.asked()
    print(f"cc-ci stand-in: {run.recipe} {run.tag or run.commit}", flush=True)
    if run.behaviour.word == "cut-short":
        return 1
    acts(run.behaviour, run.tree)
    if run.behaviour.word == "stack-left":
        engine.leave_up(f"{run.recipe[:4]}-abc123_{DOMAIN.replace('.', '_')}")
    rungs = _rungs(run)
    green = all(status in ("pass", "skip") for status in rungs.values())
    asked = green and not run.quick and not run.ref and run.tag and _is_enrolled(run.recipe)
    if asked or run.behaviour.word == "promotes-all":
        _promote(run)
    _write(run, rungs, 4 if green else 1)
    print("PASS (promoted)" if green else "FAIL", flush=True)
    return 0 if green else 1


def _rungs(run: Run) -> dict[str, str]:
    wanted = os.environ.get("STAGES", ",".join(STAGES)).split(",")
    rungs = dict.fromkeys(wanted, "pass")
    if not run.older and "upgrade" in rungs:
        rungs["upgrade"] = "skip"
    words = {"red": "fail", "unver": "unver", "declared": "skip", "structural": "skip"}
    if run.behaviour.word in (*words, "bare") and run.behaviour.argument in rungs:
        rungs[run.behaviour.argument] = words.get(run.behaviour.word, "skip")
    return rungs


def _skips(run: Run, rungs: dict[str, str]) -> dict[str, Any]:
    skips: dict[str, Any] = {}
    for stage, status in rungs.items():
        if status != "skip" or (run.behaviour.word == "bare" and stage == run.behaviour.argument):
            continue
        declared = run.behaviour == Behaviour("declared", stage)
        reason = f"{stage} is declared N/A" if declared else "only one published version"
        skips[stage] = {"kind": "declared" if declared else "structural", "reason": reason}
    return skips


def _write(run: Run, rungs: dict[str, str], level: int) -> None:
    own = os.environ.get("CCCI_RUN_ID") or f"{run.recipe}-{os.getpid()}"
    other = run.behaviour.word == "other-run"
    folder = Path(os.environ["CCCI_RUNS_DIR"]) / own
    folder.mkdir(parents=True, exist_ok=True)
    stages = [
        {"name": stage, "seconds": 0.1, "detail": f"{stage} did not do" if word == "fail" else ""}
        for stage, word in rungs.items()
    ]
    results = {
        "schema": 2,
        "run_id": "another" if other else own,
        "recipe": "another" if run.behaviour.word == "other-recipe" else run.recipe,
        "ref": run.ref,
        "pr": os.environ.get("PR", ""),
        "version": run.tag,
        "finished": datetime.now(UTC).isoformat(),
        "flags": {"quick": run.quick, "skip_fetch": bool(os.environ.get("CCCI_SKIP_FETCH"))},
        "level": level,
        "rungs": rungs,
        "skips": _skips(run, rungs),
        "stages": stages,
        "results": {},
        "lint": {},
        "customization": {},
        "screenshot": None,
        "summary_card": None,
    }
    (folder / "results.json").write_text(json.dumps(results))


def _is_enrolled(recipe: str) -> bool:
    repo = os.environ.get("CCCI_REPO")
    if not repo:
        return True
    meta = Path(repo) / "tests" / recipe / "recipe_meta.py"
    text = meta.read_text() if meta.is_file() else ""
    return re.search(ENROLLED, text, re.MULTILINE) is not None


def _promote(run: Run) -> None:
    """Deploy again as the warm app, take a snapshot, then write the record.

    A promotion that fails is said, and the exit code stays 0, as the real one had it.
    """
    warm = Path(os.environ["CCCI_WARM_DIR"]) / run.recipe
    stops = {"promotion-fails": 0, "snapshot-only": 2, "no-volume": 4, "without": 4}
    steps = (_warm_volume, _snapshot, _last_good, _record)
    for step in steps[: stops.get(run.behaviour.word, len(steps))]:
        if run.behaviour != Behaviour("without", step.__name__.lstrip("_")):
            step(run, warm)
    if run.behaviour.word == "no-volume":
        engine.remove_volume(run.volume)
    if run.behaviour.word in stops:
        print("WARNING: promotion failed", flush=True)


def _proven(run: Run) -> dict[str, Any]:
    # a clock that is wrong, or a file that is written from what was there before
    at = datetime.now(UTC) - timedelta(days=run.behaviour.word == "stale")
    # the record of one that names what main is at, not what its tag is at
    commit = "f" * 40 if run.behaviour.word == "mains-commit" else run.commit
    # what is no release has the version that its label would name
    return {"version": run.tag or "9.0.0+9", "commit": commit, "ts": at.strftime("%Y%m%dT%H%M%SZ")}


def _warm_volume(run: Run, _warm: Path) -> None:
    engine.make_volume(run.volume, f"{run.recipe} {run.tag}\n")


def _snapshot(run: Run, warm: Path) -> None:
    """Taken while it is down, swapped in as one."""
    draft, goal = warm / "snapshot.new", warm / "snapshot"
    (draft / "volumes").mkdir(parents=True, exist_ok=True)
    with tarfile.open(draft / "volumes" / f"{run.volume}.tar", "w") as archive:
        archive.add(engine.folder_of(run.volume), arcname=".")
    meta = {"recipe": run.recipe, **_proven(run), "volumes": [run.volume]}
    (draft / "meta.json").write_text(json.dumps(meta))
    if goal.exists():
        _swap(goal, draft)
    else:
        draft.rename(goal)


def _swap(goal: Path, draft: Path) -> None:
    old = goal.with_name("snapshot.old")
    goal.rename(old)
    draft.rename(goal)
    for path in sorted(old.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    old.rmdir()


def _last_good(run: Run, warm: Path) -> None:
    _replace(warm / "last_good", _proven(run))


def _record(run: Run, warm: Path) -> None:
    record = {"recipe": run.recipe, **_proven(run), "status": "idle"}
    domain = {"domain": f"warm-{run.recipe}.{DOMAIN}"}
    _replace(warm / "canonical.json", record | domain)


def _replace(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(content))
    draft.rename(path)


if __name__ == "__main__":
    sys.exit(main())
