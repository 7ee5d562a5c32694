# docs/options.md, from the options themselves; what is not described is a mistake.
{
  lib,
  nixosOptionsDoc,
  runCommand,
  python3,
  nixosSystem,
  module,
  system,
}:
let
  evaluated = nixosSystem {
    modules = [
      module
      { nixpkgs.hostPlatform = system; }
    ];
  };
  document = nixosOptionsDoc {
    options.services.canon-sweep = evaluated.options.services.canon-sweep;
    # where it is declared is a path of whoever builds it
    transformOptions = option: option // { declarations = [ ]; };
    warningsAreErrors = true;
  };
in
runCommand "options.md" { nativeBuildInputs = [ python3 ]; } ''
  python3 ${./options.py} ${document.optionsJSON}/share/doc/nixos/options.json > $out
''
