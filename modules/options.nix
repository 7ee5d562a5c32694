# What the operator says of the whole sweep.  Each option that the program knows
# too has the program's own name and default.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  own = import ./types.nix { inherit lib; };

  limit =
    default: description:
    mkOption {
      type = own.duration;
      inherit default description;
      example = "90s";
    };
in
{
  options.services.canon-sweep = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to sweep every recipe once a week: bring its mirror in step with
        upstream, test the latest release cold if it is newer than the canonical,
        and promote what passes. Without at least one recipe in
        {option}`services.canon-sweep.recipes` the system does not evaluate. After
        the switch, {command}`canon-sweep plan` says what the first sweep will do.
      '';
    };

    package = mkOption {
      type = types.package;
      defaultText = lib.literalMD "`packages.<system>.canon-sweep` of canon-sweep's flake";
      example = lib.literalExpression "inputs.canon-sweep.packages.x86_64-linux.default";
      description = ''
        The program. The flake's module sets it to the package that was built and
        tested with the flake's own lock; built with another nixpkgs its libraries
        may be too old. {command}`canon-sweep --version` says which one runs.
      '';
    };

    startAt = mkOption {
      type = own.times;
      default = [ "Sun *-*-* 03:00:00" ];
      example = "Sat *-*-* 22:00:00";
      description = ''
        When the sweep starts, in the format of {manpage}`systemd.time(7)`; one or
        several times. A time that was missed because the machine was off is made
        up for at the next boot. With `[ ]` there is no timer, and the sweep is
        started by hand: {command}`systemctl start canon-sweep`. What cannot be
        read fails the build; {command}`systemctl list-timers canon-sweep` says
        what comes next.
      '';
    };

    engine = mkOption {
      type = types.enum [
        "local"
        "swarm"
      ];
      default = "swarm";
      example = "local";
      description = ''
        What deploys a recipe. `swarm` deploys its stack on a Docker Swarm.
        `local` runs what a recipe's `x-canon-sweep.command` says as processes of
        this machine: it is for trying things out and proves nothing of
        containers, so choosing it gives a warning.
      '';
    };

    swarm.host = mkOption {
      type = types.str;
      default = "unix:///var/run/docker.sock";
      example = "tcp://192.0.2.1:2375";
      description = ''
        Where the Docker Engine listens: a `unix://` socket or `tcp://host:port`. With
        a socket of this machine, Docker has to be enabled here, and the service joins
        the group `docker`, whose members can become root. An engine that does not
        answer makes every test `infra`, never `red`.
      '';
    };

    domain = mkOption {
      type = types.str;
      default = "ci.localhost";
      example = "ci.example.org";
      description = ''
        The domain under which tests deploy: each gets `<4 letters>-<6 hex>` in
        front of it. At most 33 characters; the shorter, the longer the names that
        recipes may give their services and secrets.
      '';
    };

    stateDir = mkOption {
      type = types.path;
      default = "/var/lib/canon-sweep";
      example = "/srv/canon-sweep";
      description = ''
        Where the records, the runs and the ledger of attempts are. It is made for
        the service, which alone may look into it; name a new folder, since all that
        is in it becomes the service's, and back it up. If it is lost, every recipe
        is tested anew, and no volume of an old canonical is removed.
      '';
    };

    cacheDir = mkOption {
      type = types.path;
      default = "/var/cache/canon-sweep";
      example = "/srv/cache/canon-sweep";
      description = ''
        Where the clones of upstreams are. It may be deleted at any time: the next
        sweep fetches them again. It is refused where records would lie in it.
      '';
    };

    canonicalsDir = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/srv/canonicals";
      description = ''
        Where the records are, if other tools are to read them there; by default
        `canonicals` in the state folder. The folder has to exist and to belong to
        the user `canon-sweep`, otherwise the unit does not start, and
        {command}`systemctl status canon-sweep` names the folder.

        With a harness that promotes by itself
        ({option}`services.canon-sweep.harness`) it has to be set: it is where that
        keeps its canonicals, as cc-ci's does in {file}`/var/lib/ci-warm`. They are read
        there, and only the harness ever writes to it; {command}`canon-sweep adopt`
        takes over those that there are. Without such a harness a folder with another
        tool's canonicals is refused: every command exits 2 and names what was found.
      '';
    };

    maxRuntime = mkOption {
      type = own.duration;
      default = "20h";
      example = "8h";
      description = ''
        How long a whole sweep may take. What was not reached by then is reported
        as `deferred/out-of-time`, and the run does not exit 0; a recipe whose tests
        usually take longer than what is left does not begin. systemd ends the
        service half an hour later, should it not have ended by itself.
      '';
    };

    retryRedAfter = mkOption {
      type = own.duration;
      default = "6d";
      example = "13d";
      description = ''
        How long a release that was red is left alone. The same release is tried
        again after this, or at once with {command}`canon-sweep run --retry` or
        when the recipe's settings change. A newer release never waits.
      '';
    };

    retries = mkOption {
      type = types.ints.between 0 100;
      default = 1;
      example = 0;
      description = ''
        How often a red release is tested again in the same sweep, each time when all
        others had their turn, if its test fits what is left of {option}`maxRuntime`. If
        it is green then, it is promoted and called `flaky`; with 0 the first red counts.
        A recipe may have its own number.
      '';
    };

    infraRetries = mkOption {
      type = types.ints.between 0 100;
      default = 1;
      example = 2;
      description = ''
        How often a test that the host failed (engine, image, network) is repeated
        in the same sweep, if it fits what is left of {option}`maxRuntime`. It says
        nothing of the recipe and is tried again in the next sweep anyway.
      '';
    };

    baseDepth = mkOption {
      type = types.ints.between 1 100;
      default = 3;
      example = 1;
      description = ''
        How many older releases are tried as the one to upgrade from, before the
        upgrade counts as red. Each that does not come up is noted as a broken
        base; {command}`canon-sweep explain RECIPE` lists the candidates.
      '';
    };

    syncTimeout = mkOption {
      type = own.duration;
      default = "5m";
      example = "15m";
      description = ''
        How long bringing one mirror in step may take. A sync that takes longer is
        `error/sync` for this recipe: nothing of it is tested, the others go on.
      '';
    };

    survey = {
      parallel = mkOption {
        type = types.ints.between 1 64;
        default = 8;
        example = 4;
        description = ''
          How many upstreams and mirrors are asked at once what they have: when a sweep
          begins, and by {command}`verify`, {command}`pins`, {command}`overrides`,
          {command}`adopt` and {command}`doctor`. One that does not answer counts for
          two seconds only, so that it keeps nobody waiting. See also `perHost`.
        '';
      };
      perHost = mkOption {
        type = types.ints.between 1 64;
        default = 8;
        example = 2;
        description = ''
          How many of them are asked at once at any one host and port. Lower it for a
          forge that answers 429 when it is asked too much.
        '';
      };
    };

    timeouts = {
      prepare = limit "30m" ''
        How long pulling a release's images may take. Longer is `infra`: a slow
        registry says nothing of the recipe.
      '';
      deploy = limit "5m" ''
        How long a stack may take until it is ready, where neither the recipe's own
        `timeout` label nor its settings say. Longer is red.
      '';
      deployCap = limit "1h" ''
        The longest that a recipe's `timeout` label counts: a label is upstream's
        and must not use up the whole fleet's time. What a recipe's settings say is
        not capped.
      '';
      probe = limit "1m" ''
        How long a probe is repeated until it passes. Longer is red; the recipe's
        log has the last answer.
      '';
      exec = limit "1m" ''
        How long a command in a container may take. Longer is a failed probe.
      '';
      test = limit "3h" ''
        How long one test of a release may take, all its tiers together, so that no
        recipe takes the others' time. Longer is `infra`, as each tier has a limit of
        its own that makes it red: the recipe is tried again, and says so every week.
      '';
    };

    preSweep = mkOption {
      type = types.listOf (types.nonEmptyListOf types.str);
      default = [ ];
      example = lib.literalExpression ''
        [ [ (lib.getExe pkgs.roll-live-apps) "traefik" "keycloak" ] ]
      '';
      description = ''
        Commands that the sweep itself runs, in this order, when it has its lock and
        before the first recipe; each is a program and its arguments, run without a
        shell, as the service's user and in its sandbox: Docker can be asked, `sudo`
        cannot. They end up in the Nix store: no secrets. Each has a line with its exit
        code in the journal. One that fails does not keep the recipes from being
        tested, but the run exits 1. A sweep of named recipes runs none of them, nor
        does one that is deferred before its first recipe, nor what takes it up again
        later: they run at the hour of {option}`services.canon-sweep.startAt` or not at
        all.
      '';
    };
  };
}
