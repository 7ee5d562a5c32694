"""At which service and port of an app a probe is aimed, where the app's own label says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from canon_sweep.core import router
from canon_sweep.engine.protocol import App
from canon_sweep.errors import RecipeFault
from canon_sweep.harness.probe import describe
from canon_sweep.settings.recipes import ExecProbe, HttpProbe, Probe


def aimed(probe: Probe, app: App) -> Probe:
    """The probe as it asks this app: at the port that its label says, unless it says one itself.

    Raises:
        RecipeFault: no label says it.
    """
    if not isinstance(probe, HttpProbe) or probe.port is not None:
        return probe
    try:
        service, port = router.served(app.source.compose, probe.service)
    except RecipeFault as fault:
        what = f"{describe(probe)} of {app.recipe} {app.version} has no port, and {fault.what}"
        raise RecipeFault(what, do=fault.do) from None
    return replace(probe, service=service, port=port)


def services_asked(probes: Iterable[Probe], app: App) -> frozenset[str]:
    """The services of an app that any of the probes asks."""
    asked = (probe.service for probe in _as_far_as_told(probes, app))
    return frozenset(service for service in asked if service)


def ports_asked(probes: Iterable[Probe], app: App) -> tuple[tuple[str, int], ...]:
    """The services of an app, each with a port, that any of the probes asks; each pair once."""
    asked = [probe for probe in _as_far_as_told(probes, app) if not isinstance(probe, ExecProbe)]
    pairs = {(probe.service, probe.port): None for probe in asked}
    there = app.source.compose.services
    return tuple(
        (service, port) for service, port in pairs if service and port and service in there
    )


def _as_far_as_told(probes: Iterable[Probe], app: App) -> Iterator[Probe]:
    for probe in probes:
        # one that no label tells the port of is told when it is asked
        with suppress(RecipeFault):
            yield aimed(probe, app)
