# Hosts as an operator could write them, on any nixpkgs: what each is told.
{
  nixpkgs,
  program,
  host ? null,
  readme ? { },
}:
let
  pkgs = import nixpkgs { };
  inherit (pkgs) lib;

  evaluate =
    modules:
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      inherit lib;
      system = null;
      modules = [
        ../../modules
        {
          nixpkgs.pkgs = pkgs;
          boot.loader.grub.enable = false;
          fileSystems."/" = {
            device = "/dev/disk/by-label/nixos";
            fsType = "ext4";
          };
          system.stateVersion = "24.11";
          # the program of these tests, which nobody has to build
          services.canon-sweep.package = lib.mkDefault (
            pkgs.writeShellScriptBin "canon-sweep" ''exec ${program} "$@"''
          );
        }
      ]
      ++ modules;
    }).config;

  hosts = import ./cases.nix { inherit lib nixpkgs; };
  minimal = ../../examples/minimal.nix;
  told = config: {
    failed = map (each: each.message) (lib.filter (each: !each.assertion) config.assertions);
    inherit (config) warnings;
  };
in
if host == null then
  {
    cases = lib.mapAttrs (
      _: case:
      told (evaluate [
        minimal
        case
      ])
    ) hosts.told;
    examples =
      lib.mapAttrs
        (
          _: example:
          let
            config = evaluate [ example ];
          in
          told config
          // {
            # nothing of it is built, and all of it is evaluated
            system = builtins.unsafeDiscardStringContext config.system.build.toplevel.drvPath;
            service = config.systemd.units."canon-sweep.service".text;
            timer = config.systemd.units ? "canon-sweep.timer";
          }
        )
        {
          cc-ci = ../../examples/cc-ci.nix;
          inherit minimal readme;
        };
    # what the options say, for a comparison with the program's own defaults
    defaults =
      let
        config = evaluate [ ];
      in
      removeAttrs config.services.canon-sweep [
        "command"
        "configFile"
        "enable"
        "harnessSandbox"
        "package"
        "recipes"
        "recipesFrom"
        "settings"
        "startAt"
      ]
      // {
        prune = removeAttrs config.services.canon-sweep.prune [
          "enable"
          "startAt"
        ];
      };
    renders = lib.mapAttrs (
      _: case:
      let
        config = evaluate [
          minimal
          case
        ];
      in
      {
        service = config.systemd.units."canon-sweep.service".text;
        timer = config.systemd.units."canon-sweep.timer".text or null;
        command = config.services.canon-sweep.command.properties;
        pruneService = config.systemd.units."canon-sweep-prune.service".text or null;
        pruneTimer = config.systemd.units."canon-sweep-prune.timer".text or null;
        resume = config.systemd.units."canon-sweep-resume.service".text;
        resumePath = config.systemd.units."canon-sweep-resume.path".text or null;
        resumeTimer = config.systemd.units."canon-sweep-resume.timer".text or null;
        settings = removeAttrs config.services.canon-sweep [
          "command"
          "configFile"
          "package"
        ];
      }
    ) hosts.renders;
  }
else
  (evaluate [
    minimal
    (hosts.refused.${host} or hosts.built.${host})
  ]).services.canon-sweep.configFile
