# What goes by itself once nothing needs it any more, when, and by which service.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.canon-sweep;
  own = import ./types.nix { inherit lib; };
  sweep = config.systemd.services.canon-sweep;

  program = lib.getExe cfg.package;
  unit = "canon-sweep-prune.service";
in
{
  options.services.canon-sweep.prune = {
    enable = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether a service of its own, `canon-sweep-prune`, takes away what killed
        runs left, what no record names and what is old, at the times of
        {option}`services.canon-sweep.prune.startAt`. Nothing without canon-sweep's
        own mark goes, and no image that anything uses; what is doubtful is left to
        a person, and the service fails so that it is seen.
        {command}`canon-sweep prune --dry-run` says what would go. Old images go
        before a sweep too, whatever this says.
      '';
    };

    startAt = mkOption {
      type = own.times;
      default = [ "*-*-* 05:00:00" ];
      example = "Wed *-*-* 05:00:00";
      description = ''
        When it starts, in the format of {manpage}`systemd.time(7)`; one or several
        times. A sweep that is due meanwhile waits for its end; while a sweep is on,
        it does nothing and is no failure. With `[ ]` there is no timer.
      '';
    };

    keepRuns = mkOption {
      type = types.ints.between 1 10000;
      default = 100;
      example = 500;
      description = ''
        How many folders of past runs stay, the newest ones. Those that a canonical's
        record names stay as long as the record, and so does what
        {command}`canon-sweep status` reads: the last sweep and those since.
      '';
    };

    imagesAfter = mkOption {
      type = own.duration;
      default = "7d";
      example = "14d";
      description = ''
        How long an image that nothing needs is left alone since it was last pulled,
        tagged or used on this host; when it was built counts for nothing. What a
        canonical was proven with, what a container or a service uses and what
        another image was built on is needed.
      '';
    };

    foreignImages = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether that holds for images of others too, and not only for those that
        tests have pulled. Docker keeps no time of a pull: of such an image it counts
        from when it was first seen. Nothing but a pull brings it back, so leave this
        off where images are built or loaded by hand.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.prune.enable) {
    # a sweep that found the lock taken would be gone for the week
    systemd.services.canon-sweep.after = [ unit ];

    systemd.services.canon-sweep-prune = {
      description = "Remove what no canonical needs any more";
      documentation = [ "man:canon-sweep(1)" ];
      # whoever is told of a sweep that failed is told of this too: it fails to be seen
      inherit (sweep) wants onFailure;
      after = lib.remove unit sweep.after;
      restartIfChanged = false;
      unitConfig = {
        X-StopOnRemoval = false;
        # an empty folder where records are still to come is all records gone
        inherit (sweep.unitConfig) RequiresMountsFor;
      };

      # where and as whom the sweep runs, and with as few rights; whoever changes those of
      # the sweep changes these
      serviceConfig = sweep.serviceConfig // {
        ExecStart = "${program} prune";
        TimeoutStartSec = "2h";
      };
    };

    systemd.timers.canon-sweep-prune = lib.mkIf (cfg.prune.startAt != [ ]) {
      description = "When what is not needed any more is removed";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = cfg.prune.startAt;
        Persistent = true;
      };
    };
  };
}
