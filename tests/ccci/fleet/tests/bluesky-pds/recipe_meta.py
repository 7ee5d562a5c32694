"""Settings of bluesky-pds."""

HEALTH_PATH = "/xrpc/_health"
WARM_CANONICAL = True
# UPGRADE_BASE_VERSION would be the way back once the tags differ
EXPECTED_NA = {
    "upgrade": "both published tags pin the moving image pds:0.4, "
    "so that an upgrade between them is none",
}
