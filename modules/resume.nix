# A deferral comes back: what a sweep has not reached is taken up while its window lasts.
{ config, lib, ... }:
let
  inherit (lib) mkOption;
  cfg = config.services.canon-sweep;
  own = import ./types.nix { inherit lib; };
  sweep = config.systemd.services.canon-sweep;

  # is there only while a resume has something to do; PID 1 looks, and no program is started
  due = lib.replaceStrings [ "%" ] [ "%%" ] "${cfg.stateDir}/due";
in
{
  options.services.canon-sweep.retryWindow = mkOption {
    type = own.duration;
    default = "12h";
    example = "4h";
    description = ''
      How long after its first start a sweep may be taken up again, if it was deferred,
      wholly or in part, was stopped or killed, or could not begin. Every half hour
      `canon-sweep-resume` then does what was not reached, and waits for builds as the
      sweep does; {command}`canon-sweep status` says what is due. What is left when
      the window is over is the next sweep's: the last attempt exits 1. To leave a
      sweep that you have stopped at that, stop `canon-sweep-resume.path` and
      `canon-sweep-resume.timer` too. With `startAt = [ ]` nothing is taken up.
    '';
  };

  config = lib.mkIf cfg.enable {
    systemd.services.canon-sweep-resume = {
      description = "Test what the last sweep has not reached";
      documentation = [ "man:canon-sweep(1)" ];
      inherit (sweep) wants onFailure;
      # one that is at work is waited for, and no half hour has a line of its own
      after = sweep.after ++ [ "canon-sweep.service" ];
      restartIfChanged = false;
      unitConfig = {
        X-StopOnRemoval = false;
        inherit (sweep.unitConfig) RequiresMountsFor;
        ConditionPathExists = due;
      };

      # where and as whom the sweep runs, with its programs, secrets and limits
      environment = lib.mapAttrs (_: lib.mkForce) sweep.environment;
      serviceConfig = sweep.serviceConfig // {
        ExecStart = "${lib.getExe cfg.package} run --resume";
      };
    };

    systemd.paths.canon-sweep-resume = lib.mkIf (cfg.startAt != [ ]) {
      description = "Whether the last sweep has left anything";
      wantedBy = [ "paths.target" ];
      pathConfig = {
        PathExists = due;
        Unit = "canon-sweep-resume.timer";
      };
    };

    systemd.timers.canon-sweep-resume = lib.mkIf (cfg.startAt != [ ]) {
      description = "When what the last sweep has left is taken up";
      timerConfig = {
        OnActiveSec = "30min";
        # then the path looks again, and starts it anew if there is still something to do
        RemainAfterElapse = false;
      };
    };
  };
}
