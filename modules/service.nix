# The weekly service, its timer and its user.
{ config, lib, ... }:
let
  cfg = config.services.canon-sweep;
  docker = config.virtualisation.docker;

  # the engine of this machine, through its socket
  ownDocker = cfg.engine == "swarm" && lib.hasPrefix "unix://" cfg.swarm.host;

  folders = import ./folders.nix { inherit lib; };
  made = folders.made cfg;
  canonicals = lib.optional (cfg.canonicalsDir != null) cfg.canonicalsDir;
  # mirrors that are folders of this machine are written to
  mirrors = map (each: each.path) (folders.mirrors cfg);
  harness = map (each: each.path) (folders.harness cfg);
  # a mirror that is not there yet is its recipe's error, and must not stop the others
  ifThere = path: "-${path}";
in
{
  config = lib.mkIf cfg.enable {
    users.users.canon-sweep = {
      isSystemUser = true;
      group = "canon-sweep";
      description = "Sweeps recipes";
      home = cfg.stateDir;
      extraGroups = lib.optional ownDocker "docker";
    };
    users.groups.canon-sweep = { };

    systemd.tmpfiles.settings.canon-sweep = lib.genAttrs made (_: {
      d = {
        user = "canon-sweep";
        group = "canon-sweep";
        mode = "0700";
      };
    });

    systemd.services.canon-sweep = {
      description = "Test every recipe's latest release and promote what passes";
      documentation = [ "man:canon-sweep(1)" ];
      # wanted, not required: a Docker that restarts must not end the sweep, which
      # knows what an engine that is away means
      wants = [ "network-online.target" ] ++ lib.optional ownDocker "docker.service";
      after = [ "network-online.target" ] ++ lib.optional ownDocker "docker.service";
      # the docker command that fits the host's daemon comes before the package's own
      path = lib.optional (ownDocker && docker.enable) docker.package;

      # hours of tests are not thrown away for a new generation of the system
      restartIfChanged = false;
      unitConfig = {
        X-StopOnRemoval = false;
        # a sweep that is caught up at boot must not find an empty folder where a disk
        # is still to come; what systemd makes has this by itself
        RequiresMountsFor = made ++ canonicals ++ harness ++ mirrors;
      };

      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${lib.getExe cfg.package} run";
        # what a killed run left goes at once, not in a week
        ExecStopPost = "${lib.getExe cfg.package} recover";
        # deferred: somebody else was at work
        SuccessExitStatus = 75;
        # the program ends by itself at maxRuntime, and then takes down what is up
        TimeoutStartSec = "${cfg.maxRuntime} 30min";
        # half a minute is the program's own; a stack ends when its stop_grace_period lets it,
        # and an outside harness takes down its own first
        TimeoutStopSec = if cfg.harness == null then "5min" else "${cfg.harness.stopTime} 5min";
        # the program tells the harness to stop; told by systemd as well, it would be interrupted
        # where it takes down. What has gained rights nobody but systemd can tell
        KillMode = lib.mkIf (cfg.harness != null && !cfg.harnessSandbox.privileges) "mixed";

        User = "canon-sweep";
        Group = "canon-sweep";
        SupplementaryGroups = lib.optional ownDocker "docker";

        StateDirectory = folders.nameBelow "/var/lib" cfg.stateDir;
        StateDirectoryMode = "0700";
        CacheDirectory = folders.nameBelow "/var/cache" cfg.cacheDir;
        CacheDirectoryMode = "0700";
        ReadWritePaths = made ++ canonicals ++ harness ++ map ifThere mirrors;

        # builds and people come first
        CPUSchedulingPolicy = "idle";
        IOSchedulingClass = "idle";
      };
    };

    systemd.timers.canon-sweep = lib.mkIf (cfg.startAt != [ ]) {
      description = "When every recipe is swept";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = cfg.startAt;
        # a week that was missed is caught up at boot
        Persistent = true;
      };
    };
  };
}
