# Each is laid over examples/minimal.nix.
{ lib }:
let
  sweep = settings: { services.canon-sweep = settings; };
  mailu = settings: {
    services.canon-sweep.recipes.mailu = {
      upstream = "https://git.example.org/up/mailu";
      mirror = "https://git.example.org/mirrors/mailu";
    }
    // settings;
  };
  end = {
    reason = "mail store without bound";
    until = "2027-03-01";
  };
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
    excepted = mailu {
      enroll = false;
      exception = end;
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
    by-settings = sweep {
      settings = {
        engine = "local";
        maxRuntime = "8h";
        timeouts.deploy = "9m";
        recipes.plausible.retries = 0;
      };
      settings.retries = lib.mkForce 2;
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
    no-end = mailu {
      enroll = false;
      exception.reason = "mail store without bound";
    };
    no-mirror = sweep { recipes.mailu.upstream = "https://git.example.org/up/mailu"; };
    pin-without-reason = sweep { recipes.plausible.upgradeBase = "3.0.1+v2.0.0"; };
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
      recipes.plausible.probes = [ { type = "http"; } ];
      settings.retryRedAftr = "6d";
      startAt = [ "Sun 25:00" ];
      prune.startAt = "daily at five";
      prune.imagesAfter = "a week";
    };
    sound = sweep { settings.retryRedAfter = "13d"; };
  };
}
