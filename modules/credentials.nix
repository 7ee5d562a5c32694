# Logins at git hosts and registries: each secret is handed to the service by systemd, and named
# in the configuration by its credential's name alone.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.canon-sweep;

  secret =
    example: description:
    mkOption {
      type = types.nullOr types.path;
      default = null;
      inherit example description;
    };
in
{
  options.services.canon-sweep.credentials = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          username = mkOption {
            type = types.str;
            default = "git";
            example = "bot";
            description = "Whose login it is; a token is sent as its password.";
          };
          tokenFile = secret "/run/secrets/forge-token" ''
            A file with a token, for `http` and `https`. root reads it when the service
            starts, so it needs no other reader. One in the Nix store is refused.
          '';
          sshKeyFile = secret "/run/secrets/forge-key" ''
            A private key, for `ssh`, which is refused without `knownHostsFile`. One in
            the Nix store is refused.
          '';
          sshPassphraseFile = secret "/run/secrets/forge-key-passphrase" ''
            The passphrase of `sshKeyFile`, if it has one. One in the Nix store is
            refused.
          '';
          knownHostsFile = mkOption {
            type = types.nullOr types.path;
            default = null;
            example = "/etc/ssh/ssh_known_hosts";
            description = ''
              The hosts that are trusted with `ssh`; no secret, and read by the
              service's user itself.
            '';
          };
        };
      }
    );
    default = { };
    example = {
      "git.example.org" = {
        username = "bot";
        tokenFile = "/run/secrets/forge-token";
      };
    };
    description = ''
      How to log in, by git host (`host` or `host:port`). A mirror that wants a login
      and has none is `error/sync`, and the line names the host.
    '';
  };

  options.services.canon-sweep.registries = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          username = mkOption {
            type = types.str;
            example = "bot";
            description = "Whose login it is.";
          };
          passwordFile = mkOption {
            type = types.path;
            example = "/run/secrets/registry-password";
            description = ''
              A file with the password. root reads it when the service starts, so it
              needs no other reader. One in the Nix store is refused.
            '';
          };
        };
      }
    );
    default = { };
    example = {
      "ghcr.io" = {
        username = "bot";
        passwordFile = "/run/secrets/registry-password";
      };
    };
    description = ''
      How to log in to pull images, by what their names begin with (`ghcr.io`,
      `host:5000`), or `docker.io` for those of Docker Hub. A registry that wants
      another login leaves the image that is here already, with the note
      `image-not-asked`; without one the test is `infra`.
    '';
  };

  config = lib.mkIf cfg.enable {
    systemd.services.canon-sweep.serviceConfig =
      let
        own = import ./secrets.nix { inherit lib; };
        secrets = own.secretsOf cfg;
      in
      {
        LoadCredential = map (each: "${each.name}:${toString each.file}") secrets;
        # where the file is not there: without this, nothing would start
        SetCredential = map (each: "${each.name}:\\n") (lib.filter (each: !each.required) secrets);
      };
  };
}
