"""What a test machine has besides our units: a Swarm, an image for apps, a git server.

The same as `nixos-tests/node.nix` gives a virtual machine, on Debian.
"""

from __future__ import annotations

from pathlib import Path

from engine.docker_host import SPARING
from forge.configuration import configuration
from forge.program import INSTALLED
from machine.rendered import enable, write

_SWARM = """\
[Unit]
Description=A Swarm of one node, with the image that the stories' recipes deploy
After=docker.service
Requires=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/make-swarm

[Install]
WantedBy=multi-user.target
"""
_MAKE_SWARM = """\
#!/bin/bash
set -euo pipefail
if ! docker image inspect canon-sweep/busybox:1 >/dev/null 2>&1; then
  root=$(mktemp -d)
  mkdir "$root/bin" && cp /usr/bin/busybox "$root/bin"
  for applet in $(busybox --list); do ln -s busybox "$root/bin/$applet" 2>/dev/null || true; done
  tar -C "$root" -c . | docker import --change 'ENV PATH=/bin' - canon-sweep/busybox:1
  rm -r "$root"
fi
docker node ls >/dev/null 2>&1 || docker swarm init --advertise-addr 127.0.0.1
docker network inspect proxy >/dev/null 2>&1 ||
  docker network create --driver overlay --attachable proxy
"""
# as `engine.docker_host` has its own started, and why
_SPARING = "[Service]\n" + "".join(
    f"Environment={name}={value}\n" for name, value in SPARING.items()
)
_GIT = """\
[Unit]
Description=Git server of upstreams and mirrors

[Service]
User=git
ExecStart=/usr/bin/git daemon --export-all --base-path=/srv/git --enable=receive-pack \
--listen=127.0.0.1 --reuseaddr

[Install]
WantedBy=multi-user.target
"""

_FAKE_DRONE = """\
[Unit]
Description=A fake of Drone for the story `guard`, which starts it: files behind HTTP

[Service]
ExecStart=/usr/bin/busybox httpd -f -p 127.0.0.1:3001 -h /srv/fake-drone
"""

_FORGE = """\
[Unit]
Description=The forge of the story `forge`: Gitea, where NixOS has Forgejo

[Service]
User=forge
StateDirectory=forge
ExecStart=/usr/local/sbin/forge web

[Install]
WantedBy=multi-user.target
"""
_FORGE_STATE = "/var/lib/forge"
_RUN_FORGE = f"""\
#!/bin/sh
export HOME={_FORGE_STATE} GITEA_WORK_DIR={_FORGE_STATE}
exec /{INSTALLED}/gitea --config /etc/forge.ini "$@"
"""
_MANAGE_FORGE = """\
#!/bin/sh
exec runuser -u forge -- /usr/local/sbin/forge "$@"
"""


def swarm(disk: Path) -> None:
    """Put Docker as a Swarm on the disk of a machine that has not been started yet."""
    write(disk / "usr/local/sbin/make-swarm", _MAKE_SWARM, program=True)
    _unit(disk, "swarm.service", _SWARM)
    write(disk / "etc/systemd/system/docker.service.d/sparing.conf", _SPARING)
    started = disk / "etc/systemd/system/multi-user.target.wants"
    (started / "docker.service").symlink_to("/usr/lib/systemd/system/docker.service")


def fake_drone(disk: Path) -> None:
    """Put what a story takes for a Drone on the disk of a machine, as a unit that is off."""
    _unit(disk, "fake-drone.service", _FAKE_DRONE)


def forge(disk: Path) -> None:
    """Put a forge on the disk of a machine that has `program.layer` below it."""
    text = configuration(
        user="forge",
        root=_FORGE_STATE,
        listen="127.0.0.1",
        url="http://forge:3000",
        static=f"/{INSTALLED}",
        secret="forge" * 8,
    )
    write(disk / "etc/forge.ini", text)
    write(disk / "etc/hosts", "127.0.0.1 localhost forge\n")
    write(disk / "etc/sysusers.d/forge.conf", f'u forge - "Forge" {_FORGE_STATE}\n')
    write(disk / "usr/local/sbin/forge", _RUN_FORGE, program=True)
    write(disk / "usr/local/sbin/forge-manage", _MANAGE_FORGE, program=True)
    _unit(disk, "forge.service", _FORGE)


def git_server(disk: Path) -> None:
    """Put a git server on the disk of a machine that has not been started yet."""
    write(disk / "etc/sysusers.d/git.conf", 'u git - "Git server" /srv/git\n')
    write(disk / "etc/tmpfiles.d/git.conf", "d /srv/git 0755 git git\n")
    _unit(disk, "git-daemon.service", _GIT)


def _unit(disk: Path, name: str, text: str) -> None:
    write(disk / "etc/systemd/system" / name, text)
    enable(disk, name, text)
