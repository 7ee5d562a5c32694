# An outside harness: a command that tests a release instead of our own tiers, and what the
# service may do more because of it, each with the reason.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  own = import ./types.nix { inherit lib; };

  variables =
    example: description:
    mkOption {
      type = types.attrsOf types.str;
      default = { };
      inherit example description;
    };

  # what is off as long as nobody needs it
  loosened =
    description:
    mkOption {
      type = types.bool;
      default = false;
      example = true;
      inherit description;
    };

  harness = types.submodule {
    options = {
      command = mkOption {
        type = types.nonEmptyListOf types.str;
        example = [
          "cc-ci-run"
          "runner/run_recipe_ci.py"
        ];
        description = ''
          The program and its words. What it is told of a release comes by
          `environment`: every user of the host can read a command line.
        '';
      };

      environment =
        variables
          {
            RECIPE = "{recipe}";
            CCCI_SKIP_FETCH = "1";
          }
          ''
            Its variables; of the service's own it has none but those that
            `passEnvironment` names. `{recipe}`, `{tag}`, `{version}`, `{commit}`,
            `{base}`, `{checkout}`, `{result}`, `{run}` and `{deadline}` are filled in, a
            brace that is meant is written twice, and anything else in braces fails the
            build. What stands here is in the Nix store: a secret is named by its file.
          '';

      passEnvironment = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "CREDENTIALS_DIRECTORY" ];
        description = ''
          Variables of the service that are handed on, by their names. One that is not set
          is not handed on.
        '';
      };

      path = mkOption {
        type = types.str;
        default = "/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin";
        example = lib.literalExpression "lib.makeBinPath [ pkgs.git pkgs.git-lfs pkgs.docker ]";
        description = ''
          Its PATH. The system's own has what people have on this host; a path of its own
          does not drift with it.
        '';
      };

      version = mkOption {
        type = types.str;
        default = "";
        example = lib.literalExpression "inputs.cc-ci.rev";
        description = ''
          Which harness it is: with another text every known red is tested again. Without
          it, only a change of these options does that, or
          {command}`canon-sweep run --retry RECIPE`.
        '';
      };

      checkout = own.optional types.path "/srv/abra/recipes/{recipe}" ''
        Where it looks for a recipe's work tree, with `{recipe}` in the last folder's
        name: a real one of git, at the tag, with every tag. A folder that is not there is
        made; a work tree that is somebody else's is moved to the tag, unless it has
        changes: then the test is `infra`. By default it is in a folder of the test's own,
        which the harness is told as `{checkout}`.
      '';

      workDir = own.optional types.path "/srv/cc-ci" ''
        Where it runs. By default in a folder of the test's own, which goes afterwards.
      '';

      timeout = own.optional own.duration "2h" ''
        How long a test may take; a recipe's own `timeouts.test` comes first. What takes
        longer is ended and is `infra`: it says nothing of the recipe. By default it is
        everybody's `timeouts.test`.
      '';

      stopTime = mkOption {
        type = own.duration;
        default = "2m";
        example = "10m";
        description = ''
          How long it has to take down what is up, once it was told to stop (SIGTERM);
          then it is killed. The service waits that much longer when it is stopped.
        '';
      };

      terminal = loosened ''
        Whether it runs on a terminal, as some programs want for a backup. Escape codes and
        carriage returns are taken out of the log in any case.
      '';

      promotes = loosened ''
        Whether it makes its canonicals itself, as cc-ci's does, in
        {option}`services.canon-sweep.canonicalsDir`: then green counts as promoted only
        if its record, its `last_good` and its snapshot show it and the volumes exist,
        and {command}`canon-sweep adopt` takes over those that it made before. Otherwise
        it leaves a stack that is down, names it in its result, and canon-sweep promotes
        that.
      '';

      quick =
        own.optional
          (types.submodule {
            options.environment = variables { CCCI_QUICK = "1"; } ''
              Variables besides, or instead of, the others.
            '';
          })
          { environment.CCCI_QUICK = "1"; }
          ''
            What it is told for {command}`canon-sweep test --quick`. By default that is
            canon-sweep's own quick run, on the canonical that it keeps.
          '';

      ref.environment = variables { REF = "{commit}"; } ''
        Variables besides, or instead of, the others for
        {command}`canon-sweep test --ref`, and for a release that may not be promoted,
        as an older one. A harness that promotes by itself has to be told so here;
        without any, it is not run for those.
      '';

      result.path = own.optional types.path "/var/lib/cc-ci-runs/*/results.json" ''
        The file that it writes; `{recipe}` and `{run}` are filled in, and `*` stands for
        one folder that it makes. By default it is told as `{result}`. A run that writes
        none is `infra`.
      '';

      result.format = mkOption {
        type = types.enum [
          "canon-sweep-1"
          "cc-ci-2"
        ];
        default = "canon-sweep-1";
        example = "cc-ci-2";
        description = ''
          How the file is to be read: canon-sweep's own form, or cc-ci's `results.json` of
          schema 2; {file}`docs/harness.md` has both.
        '';
      };
    };
  };
in
{
  options.services.canon-sweep = {
    harness = own.optional harness { command = [ "cc-ci-run" ]; } ''
      A command that tests each release, instead of canon-sweep's own tiers. It runs as
      the service does: {option}`services.canon-sweep.harnessSandbox` says what it may do
      more.
    '';

    harnessSandbox = {
      writable = mkOption {
        type = types.listOf types.path;
        default = [ ];
        example = [
          "/srv/abra"
          "/var/lib/cc-ci-runs"
          "/var/lib/ci-warm"
        ];
        description = ''
          Folders that the harness writes to: all else is read-only to the service. They
          have to exist and to belong to the user `canon-sweep`, otherwise the unit does
          not start, and {command}`systemctl status canon-sweep` names the folder.
        '';
      };

      home = loosened ''
        Whether {file}`/home`, {file}`/root` and {file}`/run/user` can be seen: for a
        harness, or a browser, that is installed below them. Without it they are empty.
      '';

      generatedCode = loosened ''
        Whether memory may be written and run: for what compiles while it runs, as a
        browser, Node, Java and PyPy do. Without it they end at once.
      '';

      namespaces = loosened ''
        Whether it may make namespaces and mount in them: for a browser with a sandbox of
        its own. A browser without one, as playwright starts it, does not need this.
      '';

      privileges = loosened ''
        Whether its programs may gain rights that the service has not (`sudo`, `ping`).
        With it the rest of the sandbox bounds mistakes only.
      '';
    };
  };
}
