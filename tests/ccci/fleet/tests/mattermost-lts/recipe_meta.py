HEALTH_PATH = "/api/v4/system/ping"
WARM_CANONICAL = True
RETRY_BUDGET = 3
