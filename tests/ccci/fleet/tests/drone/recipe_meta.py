HEALTH_PATH = "/healthz"
EXTRA_ENV = {
    "DRONE_RPC_SECRET": "3c9a0f1e7b5d4f2e8a6c1d0b9e8f7a6d",
    "DRONE_USER_CREATE": "username:ci,admin:true",
    "GITEA_DOMAIN": "git.example.org",
}
WARM_CANONICAL = True
