# Made by `canon-sweep import-cc-ci` of /srv/cc-ci.
#
# 24 things to decide:
#   tests/bluesky-pds/recipe_meta.py:7: expectedNA.upgrade has no end: set until, a date or a release's tag
#   tests/discourse/compose.ccci.yml: is laid over every version: if some have no use for it, set when
#   tests/discourse/recipe_meta.py:3: BACKUP_VERIFY says how data is seen; write it into data.seed and data.check
#   tests/drone/recipe_meta.py:3: DRONE_RPC_SECRET of drone looks like a secret: name a folder for it with --secrets-dir, or write a file and name it in envFiles
#   tests/ghost/compose.ccci.yml: is laid over every version: if some have no use for it, set when
#   tests/ghost/ops.py: is not run (pre_upgrade, post_upgrade); write what it does into data and checks
#   tests/ghost/recipe_meta.py:3: BACKUP_VERIFY says how data is seen; write it into data.seed and data.check
#   tests/gitea/recipe_meta.py:7: EXTRA_ENV: does more than return one expression; write it into env, or a rule into envRules
#   tests/lasuite-docs/recipe_meta.py:9: needs has the names of recipes, and is of stacks: write what docker stack ls calls them, as keycloak_ci_example_org
#   tests/lasuite-drive/recipe_meta.py:3: needs has the names of recipes, and is of stacks: write what docker stack ls calls them, as keycloak_ci_example_org
#   tests/lasuite-drive/recipe_meta.py:10: EXTRA_ENV: OIDC_OP_BASE_URL: a part of another value cannot be told; write it into env, or a rule into envRules
#   tests/lasuite-meet/install_steps.sh: is not run; what of it an install needs is a command in install
#   tests/lasuite-meet/recipe_meta.py:3: needs has the names of recipes, and is of stacks: write what docker stack ls calls them, as keycloak_ci_example_org
#   tests/mailu/recipe_meta.py:2: cc-ci keeps no canonical of it (WARM_CANONICAL); here it takes part as every recipe: if it must not, set enroll = false and exception, with reason and end
#   tests/mailu/recipe_meta.py:6: INITIAL_ADMIN_PW of mailu looks like a secret: name a folder for it with --secrets-dir, or write a file and name it in envFiles
#   tests/matrix-synapse/custom: test_federation.py: write what they check into checks
#   tests/mattermost-lts/recipe_meta.py:3: nothing is known of RETRY_BUDGET; decide what it is here
#   tests/mumble/compose.ccci.yml: is laid over every version: if some have no use for it, set when
#   tests/mumble/recipe_meta.py:8: UPGRADE_EXTRA_ENV: COMPOSE_FILE names compose.ccci.yml, which is one of overlays here: set on = "target" there if it is for the upgrade alone
#   tests/n8n/recipe_meta.py:2: EXTRA_ENV: a call cannot be told without running it; write it into env, or a rule into envRules
#   tests/plausible/recipe_meta.py:4: upgradeBase has no reason and no end: set reason and until, or take it out, and the base is the canonical; beside it stands "3.0.0 never comes up"
#   tests/uptime-kuma: is in no list of used recipes: if it is not used, take it out
#   tests/uptime-kuma/recipe_meta.py: cc-ci keeps no canonical of it (WARM_CANONICAL); here it takes part as every recipe: if it must not, set enroll = false and exception, with reason and end
#   used-recipes.md:28: nextcloud is used, and has no folder in tests: write its settings
#
# 2 things left out:
#   tests/ghost/recipe_meta.py:4: SCREENSHOT: nothing takes pictures here
#   tests/unit: has no recipe_meta.py and is in no list of used recipes: no recipe
{
  bluesky-pds = {
    upstream = "https://git.coopcloud.tech/coop-cloud/bluesky-pds.git";
    mirror = "https://git.example.org/recipe-maintainers/bluesky-pds.git";
    # tests/bluesky-pds/recipe_meta.py:7
    expectedNA.upgrade = {
      reason = "both published tags pin the moving image pds:0.4, so that an upgrade between them is none";
    };
    probes = [
      # tests/bluesky-pds/recipe_meta.py:3
      {
        type = "http";
        path = "/xrpc/_health";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  cryptpad = {
    upstream = "https://git.coopcloud.tech/coop-cloud/cryptpad.git";
    mirror = "https://git.example.org/recipe-maintainers/cryptpad.git";
    # tests/cryptpad/recipe_meta.py:7
    env.SANDBOX_DOMAIN = "sandbox-{domain}";
    probes = [
      # tests/cryptpad/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  custom-html = {
    upstream = "https://git.coopcloud.tech/coop-cloud/custom-html.git";
    mirror = "https://git.example.org/recipe-maintainers/custom-html.git";
    probes = [
      # tests/custom-html/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  custom-html-tiny = {
    upstream = "https://git.coopcloud.tech/coop-cloud/custom-html-tiny.git";
    mirror = "https://git.example.org/recipe-maintainers/custom-html-tiny.git";
    probes = [
      # tests/custom-html-tiny/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/custom-html-tiny/recipe_meta.py:2
    timeouts.deploy = "90s";
  };
  discourse = {
    upstream = "https://git.coopcloud.tech/coop-cloud/discourse.git";
    mirror = "https://git.example.org/recipe-maintainers/discourse.git";
    overlays = [
      # tests/discourse/compose.ccci.yml
      {
        file = "/srv/cc-ci/tests/discourse/compose.ccci.yml";
      }
    ];
    probes = [
      # tests/discourse/recipe_meta.py:1
      {
        type = "http";
        path = "/srv/status";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/discourse/recipe_meta.py:2
    timeouts.deploy = "25m";
  };
  drone = {
    upstream = "https://git.coopcloud.tech/coop-cloud/drone.git";
    mirror = "https://git.example.org/recipe-maintainers/drone.git";
    # tests/drone/recipe_meta.py:4
    env.DRONE_USER_CREATE = "username:ci,admin:true";
    # tests/drone/recipe_meta.py:5
    env.GITEA_DOMAIN = "git.example.org";
    probes = [
      # tests/drone/recipe_meta.py:1
      {
        type = "http";
        path = "/healthz";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  ghost = {
    upstream = "https://git.coopcloud.tech/coop-cloud/ghost.git";
    mirror = "https://git.example.org/recipe-maintainers/ghost.git";
    overlays = [
      # tests/ghost/compose.ccci.yml
      {
        file = "/srv/cc-ci/tests/ghost/compose.ccci.yml";
      }
    ];
    probes = [
      # tests/ghost/recipe_meta.py:1
      {
        type = "http";
        path = "/ghost/api/admin/site/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/ghost/recipe_meta.py:2
    timeouts.deploy = "15m";
  };
  gitea = {
    upstream = "https://git.coopcloud.tech/coop-cloud/gitea.git";
    mirror = "https://git.example.org/recipe-maintainers/gitea.git";
    probes = [
      # tests/gitea/recipe_meta.py:3
      {
        type = "http";
        path = "/api/healthz";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  hedgedoc = {
    upstream = "https://git.coopcloud.tech/coop-cloud/hedgedoc.git";
    mirror = "https://git.example.org/recipe-maintainers/hedgedoc.git";
    probes = [
      # tests/hedgedoc/recipe_meta.py:1
      {
        type = "http";
        path = "/_health";
        statuses = [
          200
          204
        ];
      }
    ];
  };
  immich = {
    upstream = "https://git.coopcloud.tech/coop-cloud/immich.git";
    mirror = "https://git.example.org/recipe-maintainers/immich.git";
    probes = [
      # tests/immich/recipe_meta.py:2
      {
        type = "http";
        path = "/api/server/ping";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/immich/recipe_meta.py:3
    timeouts.deploy = "20m";
    # tests/immich/recipe_meta.py:4
    timeouts.probe = "150s";
  };
  keycloak = {
    upstream = "https://git.coopcloud.tech/coop-cloud/keycloak.git";
    mirror = "https://git.example.org/recipe-maintainers/keycloak.git";
    # tests/keycloak/recipe_meta.py:3
    env.ADMIN_USERNAME = "admin";
    probes = [
      # tests/keycloak/recipe_meta.py:1
      {
        type = "http";
        path = "/realms/master";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/keycloak/recipe_meta.py:2
    timeouts.deploy = "15m";
  };
  lasuite-docs = {
    upstream = "https://git.coopcloud.tech/coop-cloud/lasuite-docs.git";
    mirror = "https://git.example.org/recipe-maintainers/lasuite-docs.git";
    # tests/lasuite-docs/recipe_meta.py:14
    env.AWS_S3_DOMAIN_REPLACE = "https://{domain}/media";
    # tests/lasuite-docs/recipe_meta.py:13
    env.DJANGO_ALLOWED_HOSTS = "docs.{domain}";
    # tests/lasuite-docs/recipe_meta.py:12
    env.LOGIN_REDIRECT_URL = "https://{domain}/";
    # tests/lasuite-docs/recipe_meta.py:4
    env.OIDC_REALM = "docs-ci";
    # tests/lasuite-docs/recipe_meta.py:3
    env.OIDC_RP_CLIENT_ID = "docs";
    # tests/lasuite-docs/recipe_meta.py:9
    needs = [ "keycloak" ];
    probes = [
      # tests/lasuite-docs/recipe_meta.py:7
      {
        type = "http";
        path = "/__heartbeat__";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/lasuite-docs/recipe_meta.py:8
    timeouts.deploy = "15m";
  };
  lasuite-drive = {
    upstream = "https://git.coopcloud.tech/coop-cloud/lasuite-drive.git";
    mirror = "https://git.example.org/recipe-maintainers/lasuite-drive.git";
    # tests/lasuite-drive/recipe_meta.py:9
    env.DRIVE_HOST = "{domain}";
    # tests/lasuite-drive/recipe_meta.py:3
    needs = [ "keycloak" ];
    probes = [
      # tests/lasuite-drive/recipe_meta.py:1
      {
        type = "http";
        path = "/__heartbeat__";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/lasuite-drive/recipe_meta.py:2
    timeouts.deploy = "15m";
  };
  lasuite-meet = {
    upstream = "https://git.coopcloud.tech/coop-cloud/lasuite-meet.git";
    mirror = "https://git.example.org/recipe-maintainers/lasuite-meet.git";
    # tests/lasuite-meet/recipe_meta.py:4
    env.LIVEKIT_URL = "wss://livekit.{domain}";
    # tests/lasuite-meet/recipe_meta.py:4
    env.MEET_HOST = "{domain}";
    # tests/lasuite-meet/recipe_meta.py:3
    needs = [ "keycloak" ];
    probes = [
      # tests/lasuite-meet/recipe_meta.py:1
      {
        type = "http";
        path = "/__heartbeat__";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/lasuite-meet/recipe_meta.py:2
    timeouts.deploy = "15m";
    # tests/lasuite-meet/recipe_meta.py:5
    upgradeEnv.MIGRATE = "1";
  };
  mailu = {
    upstream = "https://git.coopcloud.tech/coop-cloud/mailu.git";
    mirror = "https://git.example.org/recipe-maintainers/mailu.git";
    # tests/mailu/recipe_meta.py:5
    env.HOSTNAMES = "{domain},localhost";
    # tests/mailu/recipe_meta.py:4
    env.MAIL_DOMAIN = "{domain}";
    probes = [
      # tests/mailu/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  matrix-synapse = {
    upstream = "https://git.coopcloud.tech/coop-cloud/matrix-synapse.git";
    mirror = "https://git.example.org/recipe-maintainers/matrix-synapse.git";
    # tests/matrix-synapse/recipe_meta.py:6
    env.ENABLE_REGISTRATION = "false";
    # tests/matrix-synapse/recipe_meta.py:5
    env.LETS_ENCRYPT_ENV = "";
    # tests/matrix-synapse/recipe_meta.py:4
    env.SERVER_NAME_TEMPLATE = "{{ name }}";
    probes = [
      # tests/matrix-synapse/recipe_meta.py:1
      {
        type = "http";
        path = "/health";
        statuses = [
          200
          301
          302
        ];
      }
    ];
    # tests/matrix-synapse/recipe_meta.py:2
    timeouts.deploy = "15m";
  };
  mattermost-lts = {
    upstream = "https://git.coopcloud.tech/coop-cloud/mattermost-lts.git";
    mirror = "https://git.example.org/recipe-maintainers/mattermost-lts.git";
    probes = [
      # tests/mattermost-lts/recipe_meta.py:1
      {
        type = "http";
        path = "/api/v4/system/ping";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  mumble = {
    upstream = "https://git.coopcloud.tech/coop-cloud/mumble.git";
    mirror = "https://git.example.org/recipe-maintainers/mumble.git";
    # tests/mumble/recipe_meta.py:7
    env.WELCOME_TEXT = "hello";
    overlays = [
      # tests/mumble/compose.ccci.yml
      {
        file = "/srv/cc-ci/tests/mumble/compose.ccci.yml";
      }
      # tests/mumble/previous/compose.ccci.yml
      {
        file = "/srv/cc-ci/tests/mumble/previous/compose.ccci.yml";
        on = "base";
      }
    ];
    probes = [
      # tests/mumble/recipe_meta.py:2
      {
        type = "tcp";
        port = 64738;
        successes = 3;
      }
    ];
    # tests/mumble/recipe_meta.py:8
    upgradeEnv.COMPOSE_FILE = "compose.yml:compose.host-ports.yml";
  };
  n8n = {
    upstream = "https://git.coopcloud.tech/coop-cloud/n8n.git";
    mirror = "https://git.example.org/recipe-maintainers/n8n.git";
    probes = [
      # tests/n8n/recipe_meta.py:1
      {
        type = "http";
        path = "/healthz";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
  plausible = {
    upstream = "https://git.coopcloud.tech/coop-cloud/plausible.git";
    mirror = "https://git.example.org/recipe-maintainers/plausible.git";
    probes = [
      # tests/plausible/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
      # tests/plausible/recipe_meta.py:2
      {
        type = "http";
        path = "/api/health";
        statuses = [ 200 ];
      }
    ];
    # tests/plausible/recipe_meta.py:3
    timeouts.deploy = "20m";
    # tests/plausible/recipe_meta.py:4
    upgradeBase = {
      tag = "3.0.1+v2.0.0";
    };
  };
  uptime-kuma = {
    upstream = "https://git.coopcloud.tech/coop-cloud/uptime-kuma.git";
    mirror = "https://git.example.org/recipe-maintainers/uptime-kuma.git";
    probes = [
      # tests/uptime-kuma/recipe_meta.py:1
      {
        type = "http";
        path = "/";
        statuses = [
          200
          301
          302
        ];
      }
    ];
  };
}
