HEALTH_PATH = "/__heartbeat__"
DEPLOY_TIMEOUT = 900
DEPS = ("keycloak",)
WARM_CANONICAL = True


def _env(ctx):
    return {
        "DRIVE_HOST": ctx.domain,
        "OIDC_OP_BASE_URL": f"https://{ctx.deps['keycloak'].domain}/realms/drive",
    }


EXTRA_ENV = _env
