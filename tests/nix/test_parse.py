"""Every Nix file can be read."""

from __future__ import annotations

import subprocess

import pytest

from host import needs
from nix.rendered import ROOT

FOLDERS = ("docs", "examples", "modules", "nixos-tests", "pkgs", "tests")
FILES = [*ROOT.glob("*.nix"), *(f for name in FOLDERS for f in (ROOT / name).rglob("*.nix"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_is_nix(file: object) -> None:
    """A mistake in spelling is found without nixpkgs."""
    program = needs("nix-instantiate")

    done = subprocess.run(
        [program, "--parse", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
