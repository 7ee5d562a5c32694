# What `nix flake check` shows.
{
  lib,
  pkgs,
  nixosSystem,
  module,
  package,
  source,
}:
let
  system = pkgs.stdenv.hostPlatform.system;
  hosts = import ./nixos-tests/hosts.nix { inherit nixosSystem module system; };
  tests = import ./nixos-tests {
    inherit (pkgs) lib testers;
    inherit module;
  };
  rendered = pkgs.callPackage ./nixos-tests/rendered.nix { };
  options = pkgs.callPackage ./docs/options.nix { inherit nixosSystem module system; };

  # in an example a warning is a mistake of ours
  examples = { inherit (hosts) cc-ci minimal; };
  sound =
    name: config:
    lib.throwIf (config.warnings != [ ]) "${name}: ${lib.concatStringsSep "\n" config.warnings}" (
      config.system.build.toplevel.drvPath
    );

  # what the module says does not depend on the release: it is compared, not rebuilt
  isKept =
    name: config:
    pkgs.runCommand "canon-sweep-rendered-${name}-is-kept"
      {
        kept = ./nixos-tests/rendered + "/${name}";
        now = rendered { inherit name config; };
      }
      ''
        if ! diff --recursive --unified "$kept" "$now"; then
          echo "nixos-tests/rendered/${name} is stale: make rendered NIXPKGS=…" >&2
          exit 1
        fi
        touch $out
      '';
in
{
  # its own check runs the tests
  inherit package;

  # evaluated, not built: a whole system says nothing more of the module
  module = pkgs.writeText "canon-sweep-hosts" (
    builtins.unsafeDiscardStringContext (
      lib.concatStrings (lib.mapAttrsToList (name: config: "${name} ${sound name config}\n") examples)
    )
  );

  configuration = hosts.cc-ci.services.canon-sweep.configFile;

  rendered-cc-ci = isKept "cc-ci" hosts.cc-ci;
  rendered-local = isKept "local" hosts.local;

  options = pkgs.runCommand "canon-sweep-options-are-kept" { } ''
    if ! diff --unified ${./docs/options.md} ${options}; then
      echo "docs/options.md is stale: make rendered NIXPKGS=…" >&2
      exit 1
    fi
    touch $out
  '';

  format =
    pkgs.runCommand "canon-sweep-format"
      {
        nativeBuildInputs = [ pkgs.nixfmt ];
      }
      ''
        find ${source} -name '*.nix' -exec nixfmt --check {} +
        touch $out
      '';

  shell =
    pkgs.runCommand "canon-sweep-shell"
      {
        nativeBuildInputs = [ pkgs.shellcheck ];
      }
      ''
        shellcheck ${source}/.ci/run
        touch $out
      '';
}
// lib.mapAttrs' (name: lib.nameValuePair "vm-${name}") tests
# each says what CI runs its story on: texts of its own, or those that most have in common
// lib.mapAttrs' (
  name: test:
  let
    own = builtins.pathExists (./nixos-tests/rendered + "/${name}");
  in
  lib.nameValuePair "rendered-vm-${name}" (
    isKept (if own then name else "machine") test.nodes.machine
  )
) tests
