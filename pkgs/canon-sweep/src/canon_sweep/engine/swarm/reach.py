"""Where the host reaches a container."""

from __future__ import annotations

from canon_sweep.engine.protocol import Address
from canon_sweep.engine.swarm.api import Body, Docker


def address(docker: Docker, container: Body, port: int) -> Address | None:
    """The container's own address, or None if the host has no way to it.

    Never where the port is published: that is Docker's proxy, which takes every
    connection, also when nobody is behind it.
    """
    networks = container["NetworkSettings"].get("Networks") or {}
    if "host" in networks:
        return Address("127.0.0.1", port)
    # every container of an overlay network also has a leg on this bridge
    bridge = docker.network("docker_gwbridge")
    leg = ((bridge or {}).get("Containers") or {}).get(container["Id"]) or {}
    if leg.get("IPv4Address"):
        return Address(leg["IPv4Address"].split("/")[0], port)
    for attached in networks.values():
        if attached.get("Gateway") and attached.get("IPAddress"):
            return Address(attached["IPAddress"], port)
    return None
