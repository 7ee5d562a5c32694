# no web page: three connections in a row
READY_PROBE = {
    "tcp_host": "127.0.0.1",
    "tcp_port": 64738,
    "stable": 3,
}
EXTRA_ENV = {"WELCOME_TEXT": "hello"}
UPGRADE_EXTRA_ENV = {"COMPOSE_FILE": "compose.yml:compose.host-ports.yml:compose.ccci.yml"}
WARM_CANONICAL = True
