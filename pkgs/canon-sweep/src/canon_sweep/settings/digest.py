"""A fingerprint of all that decides a recipe's test, besides the commit."""

from __future__ import annotations

import hashlib

import msgspec

from canon_sweep.settings.harness import AddedEnvironment, HarnessSettings
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings


def digest(settings: Settings, recipe: RecipeSettings, *harness: str) -> str:
    """A short text that changes with whatever may promote what was not promoted before.

    ``harness`` is what else decides a test, as the texts of overlays do.  Where a recipe
    comes from, when it is tested and how often it is tried are no part of it; nor is
    whether a limit is the recipe's own or everybody's.
    """
    decides: dict[str, object] = {
        "harness": harness,
        # a refusal is remembered too, and who was left out is refused
        "enroll": recipe.enroll,
        "domain": settings.domain,
        "engine": settings.engine,
        "host": settings.swarm.host if settings.engine == "swarm" else None,
        "baseDepth": settings.base_depth,
        "timeouts": _in_force(settings, recipe),
        "upgradeBase": recipe.pin.subject if recipe.pin else None,
        # which tags are releases also says which can be a base
        "tagPattern": recipe.tag_pattern,
        "prereleases": recipe.prereleases,
        "env": recipe.env,
        # not why: another wording is no reason for another test
        "hostPaths": sorted(recipe.host_paths),
        "stateless": recipe.stateless,
        "externalSecrets": sorted(recipe.external_secrets),
        "externalConfigs": sorted(recipe.external_configs),
        "probes": recipe.probes,
        "checks": recipe.checks,
        "data": recipe.data,
        "expectedNA": _declared_na(recipe),
        **_if_given(
            # by name alone: the digest is in records that others read
            envFiles=sorted(recipe.env_files),
            install=recipe.install,
            overlays=[(each.when, each.on) for each in recipe.overlays],
            envRules=recipe.env_rules,
            upgradeEnv=recipe.upgrade_env,
        ),
    }
    if settings.harness is not None:
        decides["outside"] = _outside(settings.harness)
    body = msgspec.json.encode(decides, order="deterministic", enc_hook=str)
    return hashlib.sha256(body).hexdigest()[:16]


def _if_given(**given: object) -> dict[str, object]:
    """What is said at all: what came to be sayable later makes no other digest of the rest."""
    return {name: value for name, value in given.items() if value}


def _declared_na(recipe: RecipeSettings) -> list[str]:
    """The tiers that do not apply, as far as the settings say so."""
    return sorted(recipe.expected_na.reasons)


def _outside(harness: HarnessSettings) -> HarnessSettings:
    """All of an outside harness but what other kinds of test have: those never count as red."""
    return msgspec.structs.replace(harness, quick=None, ref=AddedEnvironment())


def _in_force(settings: Settings, recipe: RecipeSettings) -> dict[str, float]:
    """The limits of a recipe's test, in seconds."""
    common, own = settings.timeouts, recipe.timeouts
    return {
        "prepare": float(own.prepare or common.prepare),
        "deploy": float(own.deploy or common.deploy),
        "deployCap": float(common.deploy_cap),
        "probe": float(own.probe or common.probe),
        "exec": float(own.exec or common.exec),
        "test": float(own.test or common.test),
    }
