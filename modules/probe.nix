# A question to a running app.  Which keys go with which type is the program's to
# say, when the configuration is built.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./types.nix { inherit lib; }) optional;
in
{
  options = {
    type = mkOption {
      type = types.enum [
        "http"
        "tcp"
        "exec"
      ];
      example = "http";
      description = ''
        `http` passes when the answer has this status and text, `tcp` when the port
        accepts so many times in a row, `exec` when the command exits 0 in the service
        and says this text. A key of another type fails the build.
      '';
    };
    service = optional types.str "db" ''
      The service that is asked; by default `app`, or of `http` without a port the one
      that has the label for it.
    '';
    port = optional types.port 8000 ''
      Of `http` and `tcp`: the container's own port. `tcp` needs one; by default `http` asks
      that of the label `traefik.http.services.<name>.loadbalancer.server.port`.
    '';
    path = optional types.str "/api/health" "Of `http`: what is asked for; by default `/`.";
    method =
      optional
        (types.enum [
          "GET"
          "HEAD"
          "POST"
          "PUT"
          "PATCH"
          "DELETE"
        ])
        "POST"
        ''
          Of `http`: by default `GET`.
        '';
    headers = optional (types.attrsOf types.str) {
      Accept = "application/json";
    } "Of `http`: more headers; by default none. They end up in the Nix store: no secrets.";
    body = optional types.str ''{"name": "{token}"}'' "Of `http`: what is sent; by default nothing.";
    status =
      optional (types.ints.between 100 599) 204
        "Of `http`: the status that passes; by default 200.";
    statuses = optional (types.nonEmptyListOf (types.ints.between 100 599)) [
      200
      302
    ] "Of `http`, in place of `status`: any of these passes. Redirects are not followed.";
    contains =
      optional types.str "{token}"
        "Of `http` and `exec`: text that has to be in the answer; by default any answer passes.";
    successes =
      optional (types.ints.between 1 100) 3
        "Of `tcp`: how many times in a row the port has to accept; by default once.";
    command = optional (types.nonEmptyListOf types.str) [
      "pg_isready"
    ] "Of `exec`, which needs one: a program and its arguments, without a shell.";
  };
}
