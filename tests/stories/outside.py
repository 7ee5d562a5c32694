"""A fleet that outside harnesses test: stand-ins, on real git remotes and the local engine."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stories.fleet import RUNS, Fleet, compose

TESTS = Path(__file__).parents[1]

# of ours nothing else is handed on: not what a build of Nix imports its packages by, either
IMPORTS = os.pathsep.join(filter(None, [str(TESTS), *sys.path]))


@dataclass(slots=True)
class OutsideFleet(Fleet):
    """Each release brings along how the stand-in is to take it: see `standin.behaviour`."""

    def releases(self, recipe: str, tag: str | None, behaves: str = "green") -> str:
        """A maintainer publishes what the harness will find to be so; gives the commit."""
        files = {"compose.yml": compose(RUNS, tag or "untagged"), "ci": f"{behaves}\n"}
        return self.commits(recipe, tag, files)

    def harness(self, **changes: Any) -> dict[str, Any]:
        """Of the configuration's table, what is set."""
        table: dict[str, Any] = self.options.setdefault("harness", {})
        table |= changes
        return table

    def uses_plain(self) -> None:
        """The stand-in that writes our own form."""
        self.harness(
            command=[sys.executable, "-m", "standin.plain"],
            path=os.environ["PATH"],  # a build of Nix has no /usr/bin
            stopTime="5s",
            environment={
                "PYTHONPATH": IMPORTS,
                "RECIPE": "{recipe}",
                "TAG": "{tag}",
                "COMMIT": "{commit}",
                "BASE": "{base}",
                "RUN": "{run}",
                "CHECKOUT": "{checkout}",
                "RESULT": "{result}",
                "STANDIN_VOLUMES": str(self.folder / "state" / "local" / "volumes"),
                "STANDIN_STACKS": str(self.folder / "state" / "local" / "stacks"),
            },
        )

    def uses_ccci(self, **environment: str) -> None:
        """The stand-in of cc-ci's harness, which promotes inside itself."""
        self.options["canonicalsDir"] = str(self.warm)
        self.harness(
            command=[sys.executable, "-m", "standin.ccci"],
            path=os.environ["PATH"],
            stopTime="5s",
            promotes=True,
            checkout=str(self.folder / "abra" / "recipes" / "{recipe}"),
            result={"path": str(self.runs / "{run}" / "results.json"), "format": "cc-ci-2"},
            environment={
                "PYTHONPATH": IMPORTS,
                "RECIPE": "{recipe}",
                "CCCI_SKIP_FETCH": "1",
                "CCCI_RUN_ID": "{run}",
                "CCCI_RUNS_DIR": str(self.runs),
                "CCCI_WARM_DIR": str(self.warm),
                "ABRA_DIR": str(self.folder / "abra"),
                "STANDIN_VOLUMES": str(self.folder / "state" / "local" / "volumes"),
                "STANDIN_STACKS": str(self.folder / "state" / "local" / "stacks"),
            }
            | environment,
            quick={"environment": {"CCCI_QUICK": "1"}},
            ref={"environment": {"REF": "{commit}"}},
        )

    def uses_docker(self, host: str, image: str) -> None:
        """The stand-in puts volumes and stacks on a Docker, which is our engine too."""
        self.options |= {"engine": "swarm", "swarm": {"host": host}}
        table = self.harness(path=os.environ["PATH"])
        table["environment"] |= {
            "STANDIN_DOCKER": host,
            "STANDIN_IMAGE": image,
            "STANDIN_VOLUMES": str(self.folder / "standin-volumes"),
        }

    @property
    def runs(self) -> Path:
        """Where cc-ci's harness has its runs."""
        return self.folder / "cc-ci-runs"

    @property
    def warm(self) -> Path:
        """Where cc-ci's canonicals are."""
        return self.folder / "ci-warm"

    def plans_behaviour(self, **by_recipe: str) -> None:
        """How the stand-in is to take a recipe, whatever its release says."""
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps(by_recipe))
        self.harness()["environment"]["STANDIN_PLAN"] = str(plan)

    def log(self, recipe: str) -> str:
        """What the last run said of a recipe."""
        return (self.folder / "state" / "runs" / "latest" / f"{recipe}.log").read_text()
