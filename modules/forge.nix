# The server that mirrors lie on, beyond git: pull requests, and mirrors that are missing.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.services.canon-sweep.forge = mkOption {
    type = types.nullOr (
      types.submodule {
        options = {
          type = mkOption {
            type = types.enum [
              "forgejo"
              "gitea"
            ];
            example = "forgejo";
            description = "Which software it is.";
          };
          url = mkOption {
            type = types.str;
            example = "https://git.example.org";
            description = ''
              Where it is, as people call it, without `/api`. A recipe's mirror lies there if
              its URL has the same host, as `https://git.example.org/OWNER/NAME.git` or by
              ssh; any other mirror is left alone, and none at all fails the build.
            '';
          };
          tokenFile = mkOption {
            type = types.path;
            example = "/run/secrets/forge-token";
            description = ''
              A file with a token whose owner may write to the mirrors: scopes
              `write:repository` for their pull requests and `write:issue` for the comments,
              and for `createMirrors` also `write:organization`, or `write:user` where the
              mirrors are the owner's own. No sweep needs more. Only
              {command}`canon-sweep doctor` asks whose the token is, for which it needs
              `read:user`: without it that is not told, and whether tags that are protected
              are closed to the owner is `unknown`, which makes doctor exit 1. root reads the
              file when the service starts, so it needs no other reader. One in the Nix store
              is refused.
            '';
          };
          createMirrors = mkOption {
            type = types.bool;
            default = false;
            example = true;
            description = ''
              Whether a mirror that the forge does not have is made there, empty, before its
              first sync. Without it, that recipe is `error/sync`, and its line has the
              command that makes the mirror.
            '';
          };
          visibility = mkOption {
            type = types.enum [
              "private"
              "public"
            ];
            default = "private";
            example = "public";
            description = ''
              Who may see a mirror that is made: those whom its owner lets in, or everybody.
              One that is there already stays as it is.
            '';
          };
        };
      }
    );
    default = null;
    example = {
      type = "forgejo";
      url = "https://git.example.org";
      tokenFile = "/run/secrets/forge-token";
    };
    description = ''
      The forge that mirrors lie on. A sweep asks it once for each mirror's open pull
      requests, and closes those against `main` whose commits, or squashed or rebased
      changes, upstream's `main` has: each with one comment that names the commit. Whoever
      opens one again is heard. No other pull request, branch or issue is touched. A forge
      that does not answer is the note `forge-unreachable` in each line; one that refuses,
      `forge-refused`, makes the run exit 1, as nobody but you can mend that. By default
      none is asked.
    '';
  };
}
