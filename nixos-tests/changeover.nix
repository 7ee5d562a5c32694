# What the machine of the story `changeover` has besides: a harness that was there before,
# at a place of its own, tests and keeps the canonicals.  The story brings a stand-in of it.
let
  warm = "/var/lib/ci-warm";
  abra = "/srv/abra";
  runs = "/var/lib/cc-ci-runs";
in
{
  services.canon-sweep = {
    harness = {
      command = [
        "/srv/cc-ci/cc-ci-run"
        "runner/run_recipe_ci.py"
      ];
      workDir = "/srv/cc-ci";
      environment = {
        RECIPE = "{recipe}";
        CCCI_SKIP_FETCH = "1";
        CCCI_RUNS_DIR = runs;
        CCCI_WARM_DIR = warm;
        ABRA_DIR = abra;
      };
      checkout = "${abra}/recipes/{recipe}";
      timeout = "1m";
      stopTime = "10s";
      terminal = true;
      promotes = true;
      ref.environment.REF = "{commit}";
      result = {
        path = "${runs}/*/results.json";
        format = "cc-ci-2";
      };
    };
    canonicalsDir = warm;
    harnessSandbox = {
      writable = [
        abra
        runs
      ];
      # as for a harness with a browser
      generatedCode = true;
    };
  };
}
