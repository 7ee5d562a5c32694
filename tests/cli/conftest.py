"""What every test of a command may use."""

from __future__ import annotations

from cli import typed as commands

# a fixture
typed = commands.typed
