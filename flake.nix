{
  description = "Proves the latest release of every Co-op Cloud recipe and keeps it warm";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem =
        f: lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f nixpkgs.legacyPackages.${system});
      systemOf = pkgs: pkgs.stdenv.hostPlatform.system;
      packageFor = pkgs: self.packages.${systemOf pkgs}.canon-sweep;

      # with the package of our own lock: the host's nixpkgs may have older libraries
      module =
        { pkgs, lib, ... }:
        {
          _class = "nixos";
          _file = "canon-sweep/flake.nix";
          # it has two names, and whoever imports both has it once
          key = "canon-sweep/flake.nix#nixosModules.default";
          imports = [ ./modules ];
          services.canon-sweep.package = lib.mkDefault (packageFor pkgs);
        };
    in
    {
      overlays.default = final: _prev: {
        canon-sweep = final.callPackage ./pkgs/canon-sweep/package.nix { };
      };

      packages = forEachSystem (pkgs: rec {
        canon-sweep = pkgs.callPackage ./pkgs/canon-sweep/package.nix { };
        default = canon-sweep;
      });

      apps = forEachSystem (pkgs: rec {
        canon-sweep = {
          type = "app";
          program = lib.getExe (packageFor pkgs);
          meta.description = "The canonical sweep";
        };
        default = canon-sweep;
      });

      nixosModules = {
        canon-sweep = module;
        default = module;
      };

      checks = forEachSystem (
        pkgs:
        import ./checks.nix {
          inherit (nixpkgs.lib) nixosSystem;
          inherit lib pkgs module;
          package = packageFor pkgs;
          source = self;
        }
      );

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (packageFor pkgs) ];
          packages = with pkgs; [
            docker-client
            git
            mypy
            nixfmt
            ruff
            shellcheck
          ];
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
