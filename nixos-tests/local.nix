# A machine without Docker: the local engine, and a mirror that is one of its own folders.
# CI tells stories on it where a Docker would take minutes.
{ lib, ... }:
{
  services.canon-sweep = {
    enable = true;
    engine = "local";
    retries = 0;
    timeouts.probe = "30s";
    recipes = lib.genAttrs [ "draft" "notes" ] (name: {
      upstream = "git://127.0.0.1/upstream/${name}";
      mirror = "file:///srv/git/mirror/${name}";
      probes = [
        {
          type = "http";
          port = 8080;
          path = "/";
          contains = "notes";
        }
      ];
      data.seed = [
        {
          type = "exec";
          command = [
            "sh"
            "-c"
            ''echo {token} >"$DATA"/token''
          ];
        }
      ];
      data.check = [
        {
          type = "http";
          port = 8080;
          path = "/token";
          contains = "{token}";
        }
      ];
    });
  };
}
