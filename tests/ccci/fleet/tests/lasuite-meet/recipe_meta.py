HEALTH_PATH = "/__heartbeat__"
DEPLOY_TIMEOUT = 900
DEPS = {"keycloak"}
EXTRA_ENV = lambda ctx: {"MEET_HOST": ctx.domain, "LIVEKIT_URL": f"wss://livekit.{ctx.domain}"}
UPGRADE_EXTRA_ENV = {"MIGRATE": "1"}
WARM_CANONICAL = True
