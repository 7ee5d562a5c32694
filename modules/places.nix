# What a folder or file has to be, so that the service can use it: where its sandbox
# lets it look, with a name that systemd reads as it is written.
{ config, lib, ... }:
let
  cfg = config.services.canon-sweep;
  folders = import ./folders.nix { inherit lib; };
  secrets = import ./secrets.nix { inherit lib; };
  sandbox = config.systemd.services.canon-sweep.serviceConfig;

  # an operator may take a part of the sandbox away, and then it hides nothing
  isOn =
    name:
    !lib.elem (sandbox.${name} or false) [
      false
      "no"
      "false"
      "read-only"
    ];
  hidden =
    lib.optionals (isOn "ProtectHome") [
      "/home"
      "/root"
      "/run/user"
    ]
    ++ lib.optionals (isOn "PrivateTmp") [
      "/tmp"
      "/var/tmp"
    ];
  isHidden = path: lib.any (place: path == place || lib.hasPrefix "${place}/" path) hidden;

  knownHosts = lib.concatLists (
    lib.mapAttrsToList (
      host: each:
      lib.optional (each.knownHostsFile != null) {
        option = ''credentials."${host}".knownHostsFile'';
        path = "${each.knownHostsFile}";
      }
    ) cfg.credentials
  );
  overlays = lib.concatLists (
    lib.mapAttrsToList (
      name: recipe:
      lib.imap1 (number: each: {
        option = "recipes.${name}.overlays[${toString number}].file";
        path = "${each.file}";
      }) recipe.overlays
    ) cfg.recipes
  );
  programs = lib.concatLists (
    lib.mapAttrsToList (
      name: recipe:
      lib.optional (recipe.install != null) {
        option = "recipes.${name}.install";
        path = lib.head recipe.install;
      }
    ) cfg.recipes
  );
  written = folders.own cfg ++ folders.shared cfg ++ folders.harness cfg;

  say = option: message: "services.canon-sweep.${option}: ${message}";

  lookedAt = map (each: {
    assertion = !isHidden each.path;
    message = say each.option ''
      ${each.path} lies where the service may not look, or sees a folder of its own that is
      emptied when it ends; move it, e.g. to /srv
    '';
  }) (written ++ folders.upstreams cfg ++ knownHosts ++ overlays ++ programs);

  # it is handed over to the service, with all that others have in it
  ownFolders = map (each: {
    assertion = builtins.match "/[^/]*/?|/var/[^/]*/?" each.path == null;
    message = say each.option ''
      ${each.path} is not the service's alone, and would be handed over to it; name a folder in
      it, e.g. ${lib.removeSuffix "/" each.path}/canon-sweep
    '';
  }) (folders.own cfg);

  isPlain =
    path:
    builtins.match "[A-Za-z0-9/._+@,=~-]+" path != null
    && !lib.any (part: part == "." || part == "..") (lib.splitString "/" path);
  plainFolders = map (each: {
    assertion = isPlain each.path;
    message = say each.option ''
      "${each.path}" has a character, or a "..", that systemd would not take as it is; use letters,
      digits and . _ + @ , = ~ - alone
    '';
  }) written;

  # each test would find out, and be `infra`
  checkout = if cfg.harness == null then null else cfg.harness.checkout;
  isWritten = lib.any (
    folder: lib.hasPrefix "${lib.removeSuffix "/" folder}/" "${checkout}"
  ) cfg.harnessSandbox.writable;
  writtenCheckout = {
    assertion = checkout == null || isWritten;
    message = say "harness.checkout" ''
      ${checkout} cannot be written to by the service; name a folder above it in
      services.canon-sweep.harnessSandbox.writable
    '';
  };

  plainSecrets = map (each: {
    assertion = builtins.match "[^%[:space:]\"'\\\\]+" "${each.file}" != null;
    message = say each.option ''
      "${each.file}" has a space, a quote, a % or a backslash, which systemd would not take as it
      is; give the file another name
    '';
  }) (lib.filter (each: !builtins.isPath each.file) (secrets.secretsOf cfg));
in
{
  config = lib.mkIf cfg.enable {
    assertions = lookedAt ++ ownFolders ++ plainFolders ++ plainSecrets ++ [ writtenCheckout ];
  };
}
