HEALTH_PATH = "/"
WARM_CANONICAL = False
EXTRA_ENV = lambda ctx: {
    "MAIL_DOMAIN": ctx.domain,
    "HOSTNAMES": ",".join([ctx.domain, "localhost"]),
    "INITIAL_ADMIN_PW": "correct horse",
}
