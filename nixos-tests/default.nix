# The VM tests: one story each, told on one machine.
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
    name: besides:
    testers.runNixOSTest {
      name = "canon-sweep-${name}";
      nodes.machine.imports = [
        module
        ./node.nix
      ]
      ++ besides;
      extraPythonPackages = packages: [ (stories packages) ];
      testScript = ''
        from stories.${lib.replaceStrings [ "-" ] [ "_" ] name} import story

        machine.start()
        story(machine)
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
] (name: test name [ ])
// {
  changeover = test "changeover" [ ./changeover.nix ];
}
