HEALTH_PATH = "/"
READY_PROBE = {"path": "/api/health", "statuses": [200]}
DEPLOY_TIMEOUT = 1200
UPGRADE_BASE_VERSION = "3.0.1+v2.0.0"  # 3.0.0 never comes up
WARM_CANONICAL = True
