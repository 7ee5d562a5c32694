# What a sweep is never beside: builds, other people's deployments, jobs of the host's own.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  own = import ./types.nix { inherit lib; };

  server =
    name: port: description:
    mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            url = mkOption {
              type = types.str;
              example = "https://${lib.toLower name}.example.org";
              description = "Where ${name} is, as its users call it, without `/api`.";
            };
            tokenFile = mkOption {
              type = types.path;
              example = "/run/secrets/${lib.toLower name}-token";
              description = ''
                A file with the token of an administrator, as nobody else may see what is
                in flight. root reads it when the service starts, so it needs no other
                reader. One in the Nix store is refused.
              '';
            };
          };
        }
      );
      default = null;
      example = {
        url = "http://127.0.0.1:${toString port}";
        tokenFile = "/run/secrets/${lib.toLower name}-token";
      };
      inherit description;
    };

  patterns =
    example: description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit example description;
    };
in
{
  options.services.canon-sweep.guard = {
    wait = mkOption {
      type = own.duration;
      default = "30m";
      example = "2h";
      description = ''
        How long a sweep waits for the end of what is in flight: before the first
        recipe, and again before each further one. What is still in flight then defers
        the recipes that are left as `deferred/in-flight`, named in each one's line, and
        the run exits 75. The waiting is part of {option}`services.canon-sweep.maxRuntime`.
        {command}`canon-sweep test` waits as long.
      '';
    };

    poll = mkOption {
      type = own.duration;
      default = "30s";
      example = "2m";
      description = "How long after each other it asks while it waits.";
    };

    drone = server "Drone" 3001 ''
      A Drone that builds on this host. Before each recipe it is asked twice, some
      seconds apart, for stages in its queue and for builds that are not complete. Any
      other answer than that there are none counts as a build in flight: an error, a
      page for people, a token that may not ask. By default none is asked.
    '';

    woodpecker = server "Woodpecker" 8000 ''
      A Woodpecker that builds on this host, asked as Drone is: what runs, what waits,
      and what cannot be told are in flight. By default none is asked.
    '';

    stacks = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether the Swarm's other stacks are waited for while they converge: while a
        service has fewer tasks up than it should have, or is being updated. A stack that
        takes longer than `wait` is named in the line of each recipe that it defers.
      '';
    };

    ignore = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "backup-bot-two" ];
      description = ''
        Stacks that are not waited for, such as one that is known to be broken: it would
        never converge, and each sweep would be deferred. With a `harness.command`, what
        is named here (also a container's name) is none that its test has left up.
      '';
    };

    units = patterns [ "upgrade-all.service" "rebuild@*.service" ] ''
      Units of this host that a sweep is never beside, by name or pattern. Whatever is
      neither inactive nor failed is in flight. A name that is no unit's is a doubt, and
      defers; a pattern may match none.
    '';

    processes = patterns [ "*run_recipe_ci.py*" ] ''
      Processes of this host that a sweep is never beside, by a pattern that has to match
      the whole command line, its words joined by spaces. With any of these the service
      sees other users' processes (`ProtectProc=default`).
    '';

    lockFiles = patterns [ "/run/lock/cc-ci/*.lock" ] ''
      Files that no process may have locked (`flock` or `fcntl`) while a sweep tests. The
      last part of a path may be a pattern; a file that is only there is not locked. With
      any of these the service sees all of {file}`/proc` (`ProcSubset=all`).
    '';
  };
}
