"""`prune` as a process: what asks it to end is heard."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

from cli.test_commands import PROGRAM, config
from guard.fake_builds import fake_builds
from stories.fleet import Fleet


def test_a_signal_ends_the_look_for_a_build(tmp_path: Path) -> None:
    """A server that says nothing is asked for a minute and more; nothing was begun."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    fleet.sweeps()
    draft = tmp_path / "state/.holds.json.0123456789abcdef.draft"
    draft.write_text("half")
    asked = threading.Event()

    def stalls(_path: str) -> None:
        asked.wait(30)

    with fake_builds(tmp_path) as builds:
        builds.before = stalls
        path = config(fleet)
        drone = f'drone = {{ url = "{builds.url}", tokenFile = "{builds.token_file}" }}'
        path.write_text(f"{path.read_text()}\n[guard]\nstacks = false\n{drone}\n")
        command = [*PROGRAM, "prune", "--config", str(path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while not builds.asked:
                assert process.poll() is None
                time.sleep(0.01)  # the server tells nobody that it was asked
            process.terminate()
            said = process.communicate(timeout=10)[1]
        asked.set()

    assert process.returncode not in (0, 75)
    assert "SIGTERM" in said
    assert draft.exists()
