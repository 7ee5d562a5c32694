{
  description = "Proves the latest release of every Co-op Cloud recipe and keeps it warm";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem =
        f:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f nixpkgs.legacyPackages.${system});
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
          program = lib.getExe self.packages.${pkgs.stdenv.hostPlatform.system}.canon-sweep;
          meta.description = "The canonical sweep";
        };
        default = canon-sweep;
      });

      # the package's own check runs the tests
      checks = forEachSystem (pkgs: {
        inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) canon-sweep;
      });

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ self.packages.${pkgs.stdenv.hostPlatform.system}.canon-sweep ];
          packages = with pkgs; [
            docker-client
            git
            mypy
            ruff
          ];
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt);
    };
}
