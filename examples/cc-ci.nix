# A CI host with 21 recipes and a harness of its own, a Drone that works on weekdays and
# nights, and jobs of its own on Sundays, after the change: canon-sweep has taken the place
# of the hollow sweep, and everything else of cc-ci's works on.
{ lib, pkgs, ... }:
let
  # where the harness has its canonicals and its runs; and the sweep's own folder of abra's,
  # with the host's `servers` and `catalogue` linked in it, and a home: builds have others
  warm = "/var/lib/ci-warm";
  abra = "/srv/abra";
  runs = "/var/lib/cc-ci-runs";
  home = "/var/lib/cc-ci";

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

    # who tests, and promotes what is green: abra, pytest and playwright, as before
    harness = {
      # a wrapper with a PATH of its own, so that git-lfs is there
      command = [
        "cc-ci-run"
        "runner/run_recipe_ci.py"
      ];
      workDir = "/srv/cc-ci";
      # with cc-ci as an input of the host's flake: inputs.cc-ci.rev
      version = "2026-06-14";
      environment = {
        RECIPE = "{recipe}";
        CCCI_SKIP_FETCH = "1";
        CCCI_RUNS_DIR = runs;
        ABRA_DIR = abra;
        HOME = home;
      };
      checkout = "${abra}/recipes/{recipe}";
      # the longest of its tests took 51 minutes, and it has a deadline of its own
      timeout = "2h";
      stopTime = "5m";
      # backup and restore of abra's want one
      terminal = true;
      promotes = true;
      quick.environment.CCCI_QUICK = "1";
      # of what it may not promote it is told as of a pull request
      ref.environment.REF = "{commit}";
      result = {
        path = "${runs}/*/results.json";
        format = "cc-ci-2";
      };
    };
    canonicalsDir = warm;
    harnessSandbox = {
      writable = [
        abra
        runs
        home
      ];
      # the browser of its tests compiles while it runs
      generatedCode = true;
    };

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

    # 150 GB, of which builds want their part; a test is ended before they are out of it.
    # What the harness keeps is not ours to give up: over the budget, we only say so.
    disk = {
      minFree = "20GiB";
      floor = "5GiB";
      budget = "40GiB";
    };

    # what upstream has merged is closed on the mirror, so that nobody tests it any more
    forge = {
      type = "gitea";
      url = "https://git.example.org";
      tokenFile = "/run/secrets/canon-sweep/forge-token";
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

    # what nightly-sweep did before it swept; lasuite's apps need keycloak afterwards
    preSweep = [
      [
        (lib.getExe rollLiveApps)
        "traefik"
        "keycloak"
      ]
    ];

    # As `canon-sweep import-cc-ci /srv/cc-ci --nix` writes it; above its recipes stands
    # what is left to decide. How data is seen, hooks and custom tests, variables and secrets
    # stay the harness's own, and need nothing here.
    recipesFrom = ./cc-ci-recipes.nix;

    # the rest is decided here, and outranks the file
    recipes = {
      bluesky-pds.expectedNA.upgrade.until = "2027-06-01";
      mailu = {
        enroll = false;
        exception = {
          reason = "mail store without bound, until its volume has a quota";
          until = "2027-03-01";
        };
      };
      plausible.upgradeBase = {
        reason = "3.0.0 never comes up";
        until = "2027-01-31";
      };
      # the live one, as `docker stack ls` calls it; the imported file has the recipe's name
      lasuite-docs.needs = [ "warm-keycloak_ci_example_org" ];
      lasuite-drive.needs = [ "warm-keycloak_ci_example_org" ];
      lasuite-meet.needs = [ "warm-keycloak_ci_example_org" ];
      # the harness would not promote what it does not enrol itself
      uptime-kuma = {
        enroll = false;
        exception = {
          reason = "cc-ci keeps no canonical of it: its recipe_meta.py has no WARM_CANONICAL yet";
          until = "2027-01-31";
        };
      };
    };
  };

  # the harness runs as the service does: what an earlier one left as root is handed over
  systemd.tmpfiles.settings.cc-ci =
    lib.genAttrs
      [
        abra
        home
        runs
        warm
      ]
      (
        _:
        let
          service = {
            user = "canon-sweep";
            group = "canon-sweep";
          };
        in
        {
          d = service // {
            mode = "0755";
          };
          Z = service;
        }
      );

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
