# Each is laid over examples/minimal.nix.
{ lib, nixpkgs }:
let
  sweep = settings: { services.canon-sweep = settings; };
  mailu = settings: {
    services.canon-sweep.recipes.mailu = {
      upstream = "https://git.example.org/up/mailu";
      mirror = "https://git.example.org/mirrors/mailu";
    }
    // settings;
  };
  forge = {
    type = "forgejo";
    url = "https://git.example.org";
    tokenFile = "/run/secrets/forge-token";
  };
  end = {
    reason = "mail store without bound";
    until = "2027-03-01";
  };
  secret = file: sweep { credentials."git.example.org".tokenFile = lib.mkForce file; };

  # nixpkgs has this option since 2025
  allVolumes = lib.optionalAttrs (
    !lib.hasInfix "allVolumes" (
      builtins.readFile (nixpkgs + "/nixos/modules/virtualisation/docker.nix")
    )
  ) { options.virtualisation.docker.autoPrune.allVolumes.enable = lib.mkEnableOption "it"; };
in
{
  # evaluated: which assertions fail, and what is warned of
  told = {
    no-recipes = sweep { recipes = lib.mkForce { }; };
    all-excepted = sweep {
      recipes.plausible = {
        enroll = false;
        exception = end;
      };
    };
    no-reason = mailu { enroll = false; };
    no-canonicals = sweep {
      harness = {
        command = [ "ci" ];
        environment.RESULT = "{result}";
        promotes = true;
      };
    };
    checkout-that-is-read-only = sweep {
      harness.command = [ "ci" ];
      harness.checkout = "/srv/abra/recipes/{recipe}";
      harnessSandbox.writable = [ "/srv/abra/recip" ];
    };
    reason-but-enrolled = mailu { exception = end; };
    secret-as-path = sweep {
      credentials."git.example.org".tokenFile = lib.mkForce ./cases.nix;
    };
    secret-in-store = sweep {
      credentials."git.example.org".tokenFile = lib.mkForce "${builtins.storeDir}/aaaa-token";
    };
    key-in-store = sweep {
      credentials."ssh.example.org" = {
        sshKeyFile = "${builtins.storeDir}/aaaa-key";
        knownHostsFile = "/etc/ssh/ssh_known_hosts";
      };
    };
    password-in-store = sweep {
      registries."ghcr.io" = {
        username = "bot";
        passwordFile = "${builtins.storeDir}/aaaa-password";
      };
    };
    drone-token-in-store = sweep {
      guard.drone = {
        url = "https://drone.example.org";
        tokenFile = "${builtins.storeDir}/aaaa-token";
      };
    };
    forge-token-in-store = sweep {
      forge = forge // {
        tokenFile = "${builtins.storeDir}/aaaa-token";
      };
    };
    lock-file-at-home = sweep { guard.lockFiles = [ "/tmp/builds/*.lock" ]; };
    no-docker.virtualisation.docker.enable = lib.mkForce false;
    live-restore.virtualisation.docker.liveRestore = lib.mkForce true;
    prune-all.virtualisation.docker.autoPrune = {
      enable = true;
      flags = [
        "--all"
        "--filter=until=24h"
      ];
    };
    prune-short.virtualisation.docker.autoPrune = {
      enable = true;
      flags = [ "-af" ];
    };
    prune-short-value.virtualisation.docker.autoPrune = {
      enable = true;
      flags = [ "--filter=label!=a -a=true" ];
    };
    prune-volumes.virtualisation.docker.autoPrune = {
      enable = true;
      flags = [ "--volumes" ];
    };
    prune-every-volume = {
      imports = [ allVolumes ];
      virtualisation.docker.autoPrune = {
        enable = true;
        allVolumes.enable = true;
      };
    };
    secret-variable-in-store = mailu { envFiles.ADMIN_PASSWORD = "${builtins.toFile "pw" "s3cret"}"; };
    secret-in-etc = {
      imports = [
        { environment.etc."forge/token".text = "s3cret"; }
        (secret "/etc/forge/token")
      ];
    };
    secret-in-system = secret "/run/current-system/sw/share/token";
    secret-of-odd-name = secret "/run/secrets/100% forge";
    password-in-url = mailu { upstream = lib.mkForce "https://bot:s3cret@git.example.org/up/mailu"; };
    state-that-is-emptied = sweep { stateDir = "/var/tmp/sweep"; };
    state-that-is-anybodys = sweep { stateDir = "/var/lib"; };
    cache-that-is-anybodys = sweep { cacheDir = "/srv/"; };
    cache-of-odd-name = sweep { cacheDir = "/srv/the cache"; };
    state-by-another-way = sweep { stateDir = "/var/lib/canon-sweep/../docker"; };
    upstream-at-home = mailu { upstream = lib.mkForce "/home/ann/mailu"; };
    hosts-known-at-home = sweep {
      credentials."ssh.example.org" = {
        sshKeyFile = "/root/.ssh/id_ed25519";
        knownHostsFile = "/root/.ssh/known_hosts";
      };
    };
    overlay-at-home = mailu { overlays = [ { file = "/home/ann/more.yml"; } ]; };
    install-at-home = mailu { install = [ "/root/make-dns" ]; };
    mirror-at-home = mailu { mirror = lib.mkForce "file:///home/ann/mailu.git"; };
    nightly-sweep.systemd.services.nightly-sweep = {
      script = "true";
      startAt = "03:00";
    };

    # and what is well
    nightly-sweep-off.systemd.services.nightly-sweep = {
      enable = false;
      script = "true";
    };
    nightly-sweep-replaced = {
      systemd.services.nightly-sweep = {
        enable = false;
        script = "true";
      };
      services.canon-sweep.preSweep = [ [ "/run/current-system/sw/bin/roll" ] ];
    };
    local-engine = {
      virtualisation.docker.enable = lib.mkForce false;
      services.canon-sweep.engine = "local";
    };
    engine-elsewhere = {
      virtualisation.docker.enable = lib.mkForce false;
      services.canon-sweep.swarm.host = "tcp://192.0.2.1:2375";
    };
    prune-dangling.virtualisation.docker.autoPrune = {
      enable = true;
      flags = [ "--filter=until=24h" ];
    };
    secret-variable-elsewhere = mailu { envFiles.ADMIN_PASSWORD = "/run/secrets/mailu"; };
    secret-that-etc-links-to = {
      imports = [
        { environment.etc."forge/token".source = "/run/secrets/forge-token"; }
        (secret "/etc/forge/token")
      ];
    };
    home-let-in = {
      imports = [ (mailu { mirror = lib.mkForce "/home/ann/mailu.git"; }) ];
      systemd.services.canon-sweep.serviceConfig.ProtectHome = false;
    };
    excepted = mailu {
      enroll = false;
      exception = end;
    };
    no-end = mailu {
      enroll = false;
      exception.reason = "mail store without bound";
    };
    reasons-alone = mailu {
      enroll = false;
      exception = "mail store without bound";
      expectedNA.backup = "nothing to back up";
    };
    disabled = sweep {
      enable = lib.mkForce false;
      recipes = lib.mkForce { };
    };
  };

  # evaluated: what becomes of it
  renders = {
    by-hand = sweep { startAt = [ ]; };
    no-prune = sweep { prune.enable = false; };
    prune-by-hand = sweep { prune.startAt = [ ]; };
    elsewhere = sweep {
      stateDir = "/srv/sweep/state";
      cacheDir = "/srv/sweep/cache";
      canonicalsDir = "/srv/canonicals";
      recipes.plausible.mirror = lib.mkForce "file:///srv/mirrors/plausible.git";
    };
    on-failure.systemd.services.canon-sweep.onFailure = [ "tell@%N.service" ];
    local = sweep { engine = "local"; };
    guarded = sweep {
      guard = {
        drone = {
          url = "https://drone.example.org";
          tokenFile = "/run/secrets/drone";
        };
        units = [ "upgrade-all.service" ];
      };
    };
    on-a-forge = sweep { inherit forge; };
    guarded-by-processes = sweep {
      guard.processes = [ "*run_recipe_ci.py*" ];
      guard.lockFiles = [ "/run/lock/builds/*.lock" ];
    };
    outside = sweep {
      harness = {
        command = [ "cc-ci-run" ];
        environment.RECIPE = "{recipe}";
        stopTime = "10m";
        checkout = "/srv/abra/recipes/{recipe}";
        result.path = "/var/lib/cc-ci-runs/*/results.json";
        result.format = "cc-ci-2";
      };
      harnessSandbox.writable = [
        "/srv/abra"
        "/var/lib/cc-ci-runs"
      ];
    };
    outside-loose = sweep {
      harness.command = [ "ci" ];
      harness.environment.RESULT = "{result}";
      harnessSandbox = {
        home = true;
        generatedCode = true;
        namespaces = true;
        privileges = true;
      };
    };
    # what is said of a harness that is none
    loose-without-harness = sweep {
      harnessSandbox = {
        writable = [ "/srv/abra" ];
        home = true;
        generatedCode = true;
        namespaces = true;
        privileges = true;
      };
    };
    by-settings = sweep {
      settings = {
        engine = "local";
        maxRuntime = "8h";
        timeouts.deploy = "9m";
        recipes.plausible.retries = 0;
      };
      settings.retries = lib.mkForce 2;
    };
    by-default.services.canon-sweep = {
      settings = lib.mkDefault {
        retries = 2;
        timeouts.probe = "3m";
      };
      retries = 3;
    };
    secret-variables = mailu {
      envFiles.ADMIN_PASSWORD = "/run/secrets/mailu-admin";
    };
    ports = sweep {
      credentials."git.example.org:3000".tokenFile = "/run/secrets/one";
      credentials."git.example.org_3000".tokenFile = "/run/secrets/other";
    };
    of-operators.systemd.services.canon-sweep = {
      preStart = "true";
      serviceConfig = {
        MemoryMax = "4G";
        Restart = "on-failure";
        StandardOutput = "append:/var/log/sweep";
      };
    };
    from-file = {
      services.canon-sweep.recipesFrom = ./recipes.toml;
      services.canon-sweep.recipes.mailu.timeouts.deploy = "20m";
    };
  };

  # no system comes of it, and the message has the option's path
  refused = {
    misspelt-option = sweep { maxRunTime = "8h"; };
    misspelt-recipe-option = sweep { recipes.plausible.upgradeBsae = "1.0.0+1"; };
    wrong-type = sweep { retries = "once"; };
    no-reason-of-table = mailu {
      enroll = false;
      exception.until = "2027-03-01";
    };
    no-mirror = sweep { recipes.mailu.upstream = "https://git.example.org/up/mailu"; };
    harness-without-command = sweep { harness.environment.RESULT = "{result}"; };
    harness-of-no-words = sweep { harness.command = [ ]; };
    rule-without-values = sweep { recipes.plausible.envRules = [ { when = ">= 1.0.0"; } ]; };
    rule-of-no-values = sweep {
      recipes.plausible.envRules = [
        {
          when = ">= 1.0.0";
          env = { };
        }
      ];
    };
    pin-without-reason = sweep { recipes.plausible.upgradeBase = "3.0.1+v2.0.0"; };
    no-such-day = mailu {
      enroll = false;
      exception = end // {
        until = "2027-13-45";
      };
    };
    file-with-more = sweep { recipesFrom = builtins.toFile "sweep.toml" "retries = 0\n[recipes]\n"; };
    file-of-a-module = sweep { recipesFrom = builtins.toFile "sweep.nix" "{ ... }: { }"; };
    file-misspelt = sweep { recipesFrom = builtins.toFile "fleet.toml" "ghost.enrol = true"; };
    settings-that-are-a-function = sweep { settings = _: { retries = 2; }; };
    two-engines = sweep {
      engine = "swarm";
      settings.engine = "local";
    };
  };

  # evaluated well, and refused by the program when the configuration is built
  built = {
    all-at-once = sweep {
      maxRuntime = "20 hours";
      recipes.plausible.timeouts.deploy = "soon";
      recipes.plausible.probes = [ { type = "tcp"; } ];
      settings.retryRedAftr = "6d";
      startAt = [ "Sun 25:00" ];
      prune.startAt = "daily at five";
      prune.imagesAfter = "a week";
      disk.budget = "40G";
      disk.minFree = "5GiB";
      disk.floor = "6GiB";
    };
    # as `import-cc-ci --nix` writes it, and the ends that nobody else can say
    from-cc-ci = sweep {
      recipesFrom = ../../examples/cc-ci-recipes.nix;
      recipes = {
        bluesky-pds.expectedNA.upgrade.until = "2027-06-01";
        plausible.upgradeBase = {
          reason = "3.0.0 never comes up";
          until = "2027-01-31";
        };
      };
    };
    sound = sweep {
      settings.retryRedAfter = "13d";
      recipes.plausible = {
        env.SANDBOX = "sandbox.{domain}";
        envRules = [
          {
            when = ">= 3.0.0, < 4";
            env.COMPOSE_FILE = "compose.yml:compose.more.yml";
          }
        ];
        upgradeEnv.MIGRATE = "true";
        overlays = [
          {
            file = ./recipes.toml;
            on = "base";
          }
          {
            file = "/etc/overlays/more.yml";
            when = "< 3.0.0";
          }
        ];
        install = [
          "make-dns"
          "--all"
        ];
        needs = [ "keycloak_example_org" ];
        probes = [
          {
            type = "http";
            statuses = [
              200
              302
            ];
          }
        ];
      };
    };
    several-lines = mailu {
      enroll = false;
      exception = end // {
        reason = ''
          mail store
            without bound
        '';
      };
    };
  };
}
