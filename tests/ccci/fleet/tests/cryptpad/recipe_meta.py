HEALTH_PATH = "/"
WARM_CANONICAL = True


def EXTRA_ENV(ctx):
    """A second domain, beside the run's own."""
    return {"SANDBOX_DOMAIN": f"sandbox-{ctx.domain}"}
