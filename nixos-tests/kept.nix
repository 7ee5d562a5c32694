# Everything that is kept in the tree and made from the module, on any nixpkgs:
# `make rendered NIXPKGS=…` copies it.
{ nixpkgs, system }:
let
  pkgs = import nixpkgs { inherit system; };
  inherit (pkgs) lib;
  nixosSystem =
    args:
    import (nixpkgs + "/nixos/lib/eval-config.nix") (
      {
        inherit lib;
        system = null;
      }
      // args
    );
  module =
    { pkgs, ... }:
    {
      imports = [ ../modules ];
      services.canon-sweep.package = pkgs.callPackage ../pkgs/canon-sweep/package.nix { };
    };
  rendered = pkgs.callPackage ./rendered.nix { };
  hosts = import ./hosts.nix { inherit nixosSystem module system; };
  tests = import ./. {
    inherit (pkgs) lib testers;
    inherit module;
  };
in
pkgs.linkFarm "canon-sweep-kept" {
  "rendered/cc-ci" = rendered {
    name = "cc-ci";
    config = hosts.cc-ci;
  };
  "rendered/local" = rendered {
    name = "local";
    config = hosts.local;
  };
  "rendered/machine" = rendered {
    name = "machine";
    config = tests.promote.nodes.machine;
  };
  "rendered/changeover" = rendered {
    name = "changeover";
    config = tests.changeover.nodes.machine;
  };
  "rendered/forge" = rendered {
    name = "forge";
    config = tests.forge.nodes.machine;
  };
  "options.md" = pkgs.callPackage ../docs/options.nix { inherit nixosSystem module system; };
}
