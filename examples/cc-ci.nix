# A CI host with 21 recipes, a Drone that works on weekdays and nights, and jobs of
# its own on Sundays.
{ lib, pkgs, ... }:
let
  upstreams = "https://git.coopcloud.tech/coop-cloud";
  mirrors = "https://git.example.org/recipe-maintainers";

  # what its settings do not say is the same for every recipe
  recipe =
    name: settings:
    {
      upstream = "${upstreams}/${name}";
      mirror = "${mirrors}/${name}";
    }
    // settings;

  http = port: path: {
    type = "http";
    inherit port path;
  };
  tcp = port: {
    type = "tcp";
    inherit port;
    successes = 3;
  };
  # a word goes into the database, and is to be there after upgrade and reattach
  postgres = user: database: {
    seed = [
      {
        type = "exec";
        service = "db";
        command = [
          "psql"
          "--username=${user}"
          "--dbname=${database}"
          "--command=create table if not exists sweep as select '{token}' as word"
        ];
      }
    ];
    check = [
      {
        type = "exec";
        service = "db";
        command = [
          "psql"
          "--username=${user}"
          "--dbname=${database}"
          "--command=table sweep"
        ];
        contains = "{token}";
      }
    ];
  };
  # a file in the app's own volume
  kept = path: {
    seed = [
      {
        type = "exec";
        command = [
          "sh"
          "-c"
          "echo {token} > ${path}/sweep"
        ];
      }
    ];
    check = [
      {
        type = "exec";
        command = [
          "cat"
          "${path}/sweep"
        ];
        contains = "{token}";
      }
    ];
  };

  # lasuite's apps log in at a keycloak that is not theirs to deploy
  lasuite = name: {
    timeouts.deploy = "15m";
    env.OIDC_OP_BASE_URL = "https://keycloak.ci.example.org/realms/${name}";
    data = postgres name name;
  };

  # to what their tags name now; docker waits until they are healthy again, or have been
  # rolled back, which fails
  rollLiveApps = pkgs.writeShellApplication {
    name = "roll-live-apps";
    text = ''
      for stack in "$@"; do
        image=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "''${stack}_app")
        docker service update --detach=false --image "''${image%@*}" "''${stack}_app"
      done
    '';
  };
in
{
  virtualisation.docker = {
    enable = true;
    liveRestore = false;
  };

  services.canon-sweep = {
    enable = true;
    # The host's other jobs: Drone through the week, upgrade-all from Sunday 02:00
    # UTC, ci-docker-prune each night. Saturday evening has the hours that it takes.
    startAt = "Sat *-*-* 16:00:00 UTC";
    maxRuntime = "9h";
    # until upgrade-all begins
    retryWindow = "10h";
    domain = "ci.example.org";
    retryRedAfter = "6d";
    timeouts.prepare = "45m";
    timeouts.probe = "2m";

    credentials."git.example.org" = {
      username = "canon-sweep";
      tokenFile = "/run/secrets/canon-sweep/forge-token";
    };

    # Docker Hub lets those pull more whom it knows
    registries."docker.io" = {
      username = "recipe-maintainers";
      passwordFile = "/run/secrets/canon-sweep/docker-hub";
    };

    # The disk was full in the middle of a sweep, of old images of everybody's, which
    # ci-docker-prune spares as long as they have a tag.
    prune.foreignImages = true;

    # 150 GB, of which builds want their part; a test is ended before they are out of it
    disk = {
      minFree = "20GiB";
      floor = "5GiB";
      budget = "40GiB";
    };

    # a `!testme` may start a build in the middle of a sweep, two at a time
    guard = {
      wait = "45m";
      drone = {
        url = "http://127.0.0.1:3001";
        tokenFile = "/run/secrets/canon-sweep/drone-token";
      };
      units = [ "ci-docker-prune.service" ];
    };

    # what nightly-sweep did before it swept
    preSweep = [
      [
        (lib.getExe rollLiveApps)
        "traefik"
        "keycloak"
      ]
    ];

    recipes = lib.mapAttrs recipe {
      bluesky-pds = {
        probes = [ (http 3000 "/xrpc/_health") ];
        expectedNA.upgrade = {
          reason = "both tags pin a moving image";
          until = "2027-06-01";
        };
      };
      cryptpad = {
        env.SANDBOX_DOMAIN = "sandbox.\${DOMAIN}";
        probes = [ (http 3000 "/") ];
        data = kept "/cryptpad/data";
      };
      custom-html = {
        probes = [ (http 80 "/") ];
        data = kept "/usr/share/nginx/html";
      };
      custom-html-tiny = {
        probes = [ (http 80 "/") ];
        data = kept "/var/www/html";
      };
      discourse = {
        timeouts.deploy = "25m";
        probes = [ (http 3000 "/srv/status") ];
        data = postgres "discourse" "discourse";
      };
      drone.probes = [ (http 80 "/healthz") ];
      ghost = {
        timeouts.deploy = "15m";
        probes = [ (http 2368 "/ghost/api/admin/site/") ];
        data = kept "/var/lib/ghost/content";
      };
      gitea = {
        env.COMPOSE_FILE = "$COMPOSE_FILE:compose.sqlite3.yml";
        probes = [ (http 3000 "/api/healthz") ];
        data = kept "/var/lib/gitea";
      };
      hedgedoc = {
        probes = [ (http 3000 "/_health") ];
        data = postgres "codimd" "codimd";
      };
      immich = {
        timeouts.deploy = "20m";
        probes = [ (http 2283 "/api/server/ping") ];
        data = postgres "postgres" "immich";
      };
      keycloak = {
        timeouts.deploy = "15m";
        probes = [ (http 8080 "/realms/master") ];
      };
      lasuite-docs = lasuite "docs" // {
        probes = [ (http 8000 "/__heartbeat__") ];
      };
      lasuite-drive = lasuite "drive" // {
        probes = [ (http 8000 "/__heartbeat__") ];
      };
      lasuite-meet = lasuite "meet" // {
        probes = [ (http 8000 "/__heartbeat__") ];
      };
      mailu = {
        enroll = false;
        exception = {
          reason = "mail store without bound, until its volume has a quota";
          until = "2027-03-01";
        };
      };
      matrix-synapse = {
        timeouts.deploy = "15m";
        probes = [ (http 8008 "/health") ];
        data = postgres "synapse" "synapse";
      };
      mattermost-lts = {
        probes = [ (http 8065 "/api/v4/system/ping") ];
        data = postgres "mattermost" "mattermost";
      };
      mumble.probes = [ (tcp 64738) ];
      n8n = {
        probes = [ (http 5678 "/healthz") ];
        data = kept "/home/node/.n8n";
      };
      plausible = {
        timeouts.deploy = "20m";
        probes = [ (http 8000 "/api/health") ];
        data = postgres "plausible" "plausible";
        upgradeBase = {
          tag = "3.0.1+v2.0.0";
          reason = "3.0.0 never comes up";
          until = "2027-01-31";
        };
      };
      uptime-kuma = {
        probes = [ (http 3001 "/") ];
        data = kept "/app/data";
      };
    };
  };

  # a run that is not wholly green is somebody's to look at
  systemd.services.canon-sweep.onFailure = [ "notify-operators@%N.service" ];
  systemd.services."notify-operators@" = {
    description = "Tell the operators that %i failed";
    serviceConfig = {
      Type = "oneshot";
      DynamicUser = true;
      ExecStart = "${lib.getExe pkgs.curl} --fail --data \"%i failed\" http://localhost:8090/alerts";
    };
  };
}
