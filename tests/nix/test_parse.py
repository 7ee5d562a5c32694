"""Every Nix file can be read."""

from __future__ import annotations

import subprocess

from host import needs
from nix.rendered import ROOT

FOLDERS = ("docs", "examples", "modules", "nixos-tests", "pkgs", "tests")
FILES = [*ROOT.glob("*.nix"), *(f for name in FOLDERS for f in (ROOT / name).rglob("*.nix"))]


def test_every_file_is_nix() -> None:
    """A mistake in spelling is found without nixpkgs; Nix says in which file."""
    program = needs("nix-instantiate")

    # one process for all: each takes longer to begin than to read a file
    done = subprocess.run(
        [program, "--parse", *map(str, FILES)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
