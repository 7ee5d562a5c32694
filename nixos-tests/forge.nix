# What the machine of the story `forge` has besides: a mirror on a forge, another computer, which
# the sweep makes there when it is missing.
{ lib, ... }:
let
  tokenFile = "/root/forge-token";
in
{
  services.canon-sweep = {
    recipes.notes.mirror = lib.mkForce "http://forge:3000/recipes/notes.git";
    credentials."forge:3000" = {
      username = "sweeper";
      inherit tokenFile;
    };
    forge = {
      type = "forgejo";
      url = "http://forge:3000";
      inherit tokenFile;
      createMirrors = true;
      visibility = "public";
    };
  };
}
