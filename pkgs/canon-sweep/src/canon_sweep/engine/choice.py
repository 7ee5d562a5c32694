"""From the engine's name in the settings to the engine."""

from __future__ import annotations

from canon_sweep.engine.protocol import Engine
from canon_sweep.settings.records import Settings
from canon_sweep.state.images import Pulls


def engine_of(settings: Settings, home: str = "", pulls: Pulls | None = None) -> Engine:
    """The engine that the settings name; nothing is asked of it yet.

    ``home`` and ``pulls`` are for an engine on which others are at work too: the mark of
    what is made there, and who is told of images.
    """
    # each engine brings its own libraries, so only the chosen one is imported
    match settings.engine:
        case "local":
            from canon_sweep.engine.local.engine import LocalEngine  # noqa: PLC0415

            return LocalEngine(settings.state_dir / "local")
        case "swarm":
            from canon_sweep.engine.swarm.engine import SwarmEngine  # noqa: PLC0415

            return SwarmEngine(
                settings.swarm.host, registries=settings.registries, home=home, pulls=pulls
            )
