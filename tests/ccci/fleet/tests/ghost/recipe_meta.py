HEALTH_PATH = "/ghost/api/admin/site/"
DEPLOY_TIMEOUT = 900
BACKUP_VERIFY = lambda ctx: {"table": "posts"}
SCREENSHOT = True
WARM_CANONICAL = True
