# The flake's own module on a host, on any nixpkgs, without the flake's lock.
{ nixpkgs }:
let
  pkgs = import nixpkgs { };
  inherit (pkgs) lib;
  system = pkgs.stdenv.hostPlatform.system;
  outputs = (import ../../flake.nix).outputs {
    self = outputs;
    nixpkgs = {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: pkgs);
    };
  };
  config =
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      inherit lib;
      system = null;
      modules = [
        outputs.nixosModules.default
        outputs.nixosModules.canon-sweep
        ../../examples/minimal.nix
        {
          nixpkgs.pkgs = pkgs;
          boot.loader.grub.enable = false;
          fileSystems."/" = {
            device = "/dev/disk/by-label/nixos";
            fsType = "ext4";
          };
          system.stateVersion = "24.11";
        }
      ];
    }).config;
in
{
  failed = map (each: each.message) (lib.filter (each: !each.assertion) config.assertions);
  program = config.services.canon-sweep.package.drvPath;
  ours = outputs.packages.${system}.default.drvPath;
}
