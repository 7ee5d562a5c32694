"""What stands for the placeholders of a stack's services, and is made where it is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canon_sweep.engine.local import plan
from canon_sweep.engine.local.secret import SecretFolder
from canon_sweep.engine.local.volume import VolumeFolder

if TYPE_CHECKING:
    from canon_sweep.core.compose import Compose


def values_of(
    compose: Compose, folder: Path, volumes: VolumeFolder, secrets: SecretFolder
) -> dict[str, str]:
    """Make what is missing of a stack's volumes and secrets; the placeholders' values.

    Raises:
        OSError: one cannot be made.
    """
    values = {"python": sys.executable, "source": str(folder / "source")}
    for key, full in compose.volumes.items():
        values[f"volumes.{key}"] = str(volumes.make(full))
    for secret in compose.secrets:
        secrets.make(secret)
    for mark, full in plan.secret_marks(compose).items():
        values[mark] = str(secrets.path(full))
    return values
