"""The folders of this machine in which a Docker Engine keeps its volumes and images."""

from __future__ import annotations

from pathlib import Path

from canon_sweep.engine.swarm.api import Body, Docker

# newer engines leave images to containerd, which has a folder of its own
_CONTAINERD = "io.containerd.snapshotter.v1"
_SNAPSHOTS = Path("/var/lib/containerd")


def places(docker: Docker) -> tuple[Path, ...]:
    """Where volumes and images are; none if that is on another machine, or cannot be seen.

    Raises:
        HostFault: the engine cannot be asked.
    """
    if not docker.is_here:
        return ()
    about = docker.info()
    root = Path(about.get("DockerRootDir") or "/nowhere")
    if not root.is_dir() or _is_another(root, about):
        return ()
    status = about.get("DriverStatus") or ()
    apart = any(_CONTAINERD in str(value) for _, value in status) and _SNAPSHOTS.is_dir()
    return (root, _SNAPSHOTS) if apart else (root,)


def _is_another(root: Path, about: Body) -> bool:
    """Whether the folder is another engine's: this one is in a container, say, with its own names.

    Told as far as we may look into it, and the engine writes its id there (from 23.0 on).
    """
    try:
        return (root / "engine-id").read_text().strip() != about.get("ID")
    except OSError:
        return False
