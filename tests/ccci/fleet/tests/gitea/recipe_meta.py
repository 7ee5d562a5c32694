from pathlib import Path

HEALTH_PATH = "/api/healthz"
WARM_CANONICAL = True


def EXTRA_ENV(ctx):
    env = {"GITEA_ALLOW_ONLY_EXTERNAL_REGISTRATION": "true"}
    if (Path(ctx.meta.checkout) / "compose.sqlite3.yml").exists():
        env["COMPOSE_FILE"] = "compose.yml:compose.sqlite3.yml"
    return env
