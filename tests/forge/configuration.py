"""How a Gitea of the tests is configured: small, quick, and without anything that it could call."""

from __future__ import annotations

import base64
from hashlib import sha256
from urllib.parse import urlsplit

_INI = """\
APP_NAME = Gitea
RUN_MODE = prod
RUN_USER = {user}
WORK_PATH = {root}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = {listen}
HTTP_PORT = {port}
ROOT_URL = {url}/
STATIC_ROOT_PATH = {static}
APP_DATA_PATH = {root}/data
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = {root}/gitea.db

[repository]
ROOT = {root}/repositories

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
INTERNAL_TOKEN = {secret}
PASSWORD_HASH_ALGO = pbkdf2$1$32

[indexer]
ISSUE_INDEXER_TYPE = db

[session]
PROVIDER = memory

[actions]
ENABLED = false

[oauth2]
ENABLED = false
# or it would write one here
JWT_SECRET = {key}

[cron]
ENABLED = false

[log]
LEVEL = Warn
"""


def configuration(*, user: str, root: str, listen: str, url: str, static: str, secret: str) -> str:
    """The text of an `app.ini`: as whom, in which folder and where it is, with which program."""
    return _INI.format(
        user=user,
        root=root,
        listen=listen,
        port=urlsplit(url).port,
        url=url,
        static=static,
        secret=secret,
        key=base64.urlsafe_b64encode(sha256(secret.encode()).digest()).decode().rstrip("="),
    )
