# A machine without Docker: the local engine, and a mirror that is one of its own folders.
# CI tells stories on it where a Docker would take minutes.
{ lib, ... }:
{
  services.canon-sweep = {
    enable = true;
    engine = "local";
    retries = 0;
    # its stories of the clock are about the sweep
    prune.startAt = [ ];
    timeouts.probe = "30s";
    recipes = lib.genAttrs [ "draft" "notes" ] (
      name:
      import ./recipe.nix ''"$DATA"''
      // {
        upstream = "git://127.0.0.1/upstream/${name}";
        mirror = "file:///srv/git/mirror/${name}";
      }
    );
  };
}
