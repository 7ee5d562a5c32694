# The VM tests: one story each, told on one machine, and on others if it needs them.
{
  lib,
  testers,
  module,
}:
let
  # the stories are told in CI too, on the rendered texts: they are a typed package
  stories =
    packages:
    packages.buildPythonPackage {
      pname = "canon-sweep-stories";
      version = "0";
      pyproject = false;
      src = ./stories;
      installPhase = ''
        mkdir -p $out/${packages.python.sitePackages}
        cp -r . $out/${packages.python.sitePackages}/stories
        touch $out/${packages.python.sitePackages}/stories/py.typed
      '';
    };

  test =
    name: besides: others:
    testers.runNixOSTest {
      name = "canon-sweep-${name}";
      nodes = {
        machine.imports = [
          module
          ./node.nix
        ]
        ++ besides;
      }
      // others;
      extraPythonPackages = packages: [ (stories packages) ];
      testScript = ''
        from stories.${lib.replaceStrings [ "-" ] [ "_" ] name} import story

        start_all()
        story(${lib.concatStringsSep ", " ([ "machine" ] ++ lib.attrNames others)})
      '';
    };
in
lib.genAttrs [
  "budget"
  "crash"
  "guard"
  "promote"
  "prune"
  "red"
  "resume"
  "run-twice"
  "skip"
  "timer"
  "untagged"
] (name: test name [ ] { })
// {
  changeover = test "changeover" [ ./changeover.nix ] { };
  forge = test "forge" [ ./forge.nix ] { forge = ./forgejo.nix; };
}
