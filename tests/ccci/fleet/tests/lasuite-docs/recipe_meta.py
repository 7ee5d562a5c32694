_REALM = "docs"
_OIDC = {
    "OIDC_RP_CLIENT_ID": _REALM,
    "OIDC_REALM": f"{_REALM}-ci",
}

HEALTH_PATH = "/__heartbeat__"
DEPLOY_TIMEOUT = 900
DEPS = ["keycloak"]
EXTRA_ENV = lambda ctx: {
    **_OIDC,
    "LOGIN_REDIRECT_URL": f"{ctx.base_url}/",
    "DJANGO_ALLOWED_HOSTS": "docs." + ctx.domain,
    "AWS_S3_DOMAIN_REPLACE": "https://%s/media" % ctx.domain,
}
WARM_CANONICAL = True
