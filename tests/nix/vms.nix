# The VM tests on any nixpkgs: each instantiated to its driver, with its script.
{ nixpkgs }:
let
  pkgs = import nixpkgs { };
  tests = import ../../nixos-tests {
    inherit (pkgs) lib testers;
    module =
      { pkgs, ... }:
      {
        imports = [ ../../modules ];
        services.canon-sweep.package = pkgs.callPackage ../../pkgs/canon-sweep/package.nix { };
      };
  };
in
builtins.mapAttrs (_: test: {
  driver = builtins.unsafeDiscardStringContext test.driver.drvPath;
  script = test.config.testScriptString;
  warnings = test.nodes.machine.warnings;
  machines = builtins.attrNames test.nodes;
  # what the module says of it, as far as it can differ from test to test
  said = builtins.hashString "sha256" (
    builtins.unsafeDiscardStringContext (
      builtins.concatStringsSep "\n" (
        map (unit: test.nodes.machine.systemd.units.${unit}.text) [
          "canon-sweep.service"
          "canon-sweep.timer"
          "canon-sweep-prune.service"
          "canon-sweep-prune.timer"
        ]
        ++ [ "${test.nodes.machine.services.canon-sweep.configFile}" ]
      )
    )
  );
}) tests
