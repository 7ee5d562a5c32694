"""A harness that was on the machine before canon-sweep: a stand-in of cc-ci's, in shell.

It keeps that one's conventions, and has no code of it: everything is told by environment, the
release is what is checked out in abra's recipe folder, and what is green it promotes by itself.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from stories.machine import Machine

WARM = "/var/lib/ci-warm"
RUNS = "/var/lib/cc-ci-runs"
ABRA = "/srv/abra"
ELSEWHERE = "/srv/elsewhere"
"""A folder of the service's own user's that the configuration does not name."""
_HOME = "/srv/cc-ci"
_PROGRAM = r"""#!/bin/sh
set -eu
tree=$ABRA_DIR/recipes/$RECIPE
commit=$(git -C "$tree" rev-parse HEAD)
tag=$(git -C "$tree" tag --points-at HEAD | head -n 1)
older=$(git -C "$tree" tag --merged HEAD | grep -cvxF "$tag" || true)
echo "cc-ci stand-in: $RECIPE $tag"
(: >/srv/elsewhere/touched) 2>/dev/null || true

# an app of its own that keeps what is written to its volume, unless the release loses it
app=$(printf %.4s "$RECIPE")-$(printf %.6s "$commit")
in_data() { docker run --rm --network none --volume "$1:/data" canon-sweep/busybox:1 sh -c "$2"; }
docker volume create "$app" >/dev/null
in_data "$app" 'echo word >/data/token'
if grep -q 'takes long' "$tree/compose.yml"; then
  docker run --detach --name "$app" canon-sweep/busybox:1 sleep 1000 >/dev/null
  trap 'echo told >>"$ABRA_DIR/told"' TERM
  touch "$ABRA_DIR/begun"
  sleep 1000 & wait || true
  # its teardown, which whoever tells it a second time ends
  docker stop --time 3 "$app" && docker rm "$app" && docker volume rm "$app"
  exit 143
fi
if grep -q 'rm -f' "$tree/compose.yml"; then in_data "$app" 'rm /data/token'; fi
upgrade=pass
[ "$older" -gt 0 ] || upgrade=skip
in_data "$app" 'cat /data/token' || upgrade=fail
docker volume rm "$app" >/dev/null

ts=$(date -u +%Y%m%dT%H%M%SZ)
proven="\"version\": \"$tag\", \"commit\": \"$commit\", \"ts\": \"$ts\""
replace() { cat >"$1.new" && mv "$1.new" "$1"; }
promote() {
  warm=$CCCI_WARM_DIR/$RECIPE
  new=$warm/snapshot.new
  volume=warm-${RECIPE}_data
  mkdir -p "$new/volumes"
  docker volume create "$volume" >/dev/null
  in_data "$volume" "echo $tag >/data/token"
  in_data "$volume" 'tar -c -C /data .' >"$new/volumes/$volume.tar"
  echo "{\"recipe\": \"$RECIPE\", $proven, \"volumes\": [\"$volume\"]}" >"$new/meta.json"
  if [ -e "$warm/snapshot" ]; then mv "$warm/snapshot" "$warm/snapshot.old"; fi
  mv "$new" "$warm/snapshot"
  rm -rf "$warm/snapshot.old"
  echo "{$proven}" | replace "$warm/last_good"
  echo "{\"recipe\": \"$RECIPE\", $proven, \"status\": \"idle\"}" | replace "$warm/canonical.json"
}
code=1
if [ "$upgrade" != fail ]; then
  code=0
  if [ -n "$tag" ] && [ -z "${REF-}" ]; then promote; fi
fi

run=$RECIPE-$ts-$$
skips=
if [ "$upgrade" = skip ]; then
  skips='"upgrade": {"kind": "structural", "reason": "only one published version"}'
fi
mkdir -p "$CCCI_RUNS_DIR/$run"
cat >"$CCCI_RUNS_DIR/$run/results.json" <<END
{"schema": 2, "run_id": "$run", "recipe": "$RECIPE", "ref": "${REF-}", "version": "$tag",
 "finished": "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)", "flags": {"quick": false}, "stages": [],
 "rungs": {"install": "pass", "upgrade": "$upgrade", "backup": "pass", "restore": "pass",
           "custom": "pass"},
 "skips": {$skips}}
END
exit $code
"""


@dataclass(frozen=True)
class Harness:
    """Whoever runs it: root by hand, before the service does."""

    machine: Machine

    def comes(self) -> None:
        """Install it, with its folders, which are root's."""
        program = f"{_HOME}/cc-ci-run"
        self.machine.succeed(
            f"mkdir --parents {_HOME} {WARM} {RUNS} {ABRA}/recipes {ELSEWHERE}",
            f"printf %s {shlex.quote(_PROGRAM)} >{program}",
            f"chmod 755 {program}",
        )

    def tests(self, recipe: str, tag: str) -> None:
        """Let it test a release in abra's folder, and promote it, as before the change."""
        tree = f"{ABRA}/recipes/{recipe}"
        told = f"RECIPE={recipe} CCCI_RUNS_DIR={RUNS} CCCI_WARM_DIR={WARM} ABRA_DIR={ABRA}"
        self.machine.succeed(
            f"git clone --quiet git://127.0.0.1/upstream/{recipe} {tree}",
            f"git -C {tree} checkout --quiet {shlex.quote(tag)}",
            f"cd {_HOME}; {told} ./cc-ci-run runner/run_recipe_ci.py",
        )

    def names_main(self, recipe: str) -> None:
        """Let a record name what main is at, as one that another job has written."""
        main = f"$(git -C {ABRA}/recipes/{recipe} rev-parse origin/main)"
        file = f"{WARM}/{recipe}/canonical.json"
        self.machine.succeed(
            f'sed -i "s/\\"commit\\": \\"[0-9a-f]*/\\"commit\\": \\"{main}/" {file}'
        )

    def is_busy(self) -> None:
        """Wait until it tests what takes an hour."""
        self.machine.wait_until_succeeds(f"[ -e {ABRA}/begun ]")
        self.machine.succeed(f"rm {ABRA}/begun")

    def was_told(self) -> int:
        """How often it was told to end."""
        return self.machine.succeed(f"cat {ABRA}/told").count("told")

    def is_handed_over(self) -> None:
        """Give its folders to the service, as whose child it runs from now on."""
        folders = f"{WARM} {RUNS} {ABRA} {ELSEWHERE}"
        self.machine.succeed(
            # as root it could write there
            f"rm {ELSEWHERE}/touched",
            f"chown --recursive canon-sweep:canon-sweep {folders}",
        )

    def record(self, recipe: str) -> dict[str, Any]:
        """What it has written of a canonical."""
        record: dict[str, Any] = json.loads(
            self.machine.succeed(f"cat {WARM}/{recipe}/canonical.json")
        )
        return record

    def content(self) -> str:
        """Every file of its canonicals, times included."""
        return self.machine.succeed(
            f"find {WARM} -printf '%p %T@ %m %U %s\\n' | sort",
            f"find {WARM} -type f -exec sha256sum {{}} + | sort",
        )
