# What the module says of a host, as text: its units, users and folders and the
# checked configuration, without what a release of NixOS adds, and with names in
# place of store paths.  Kept in ./rendered, so that it can be read and run where
# there is no Nix.
{
  lib,
  runCommand,
  python3,
}:
{
  name,
  config,
}:
let
  cfg = config.services.canon-sweep;
  user = config.users.users.canon-sweep;

  units = lib.filterAttrs (
    name: each: lib.hasPrefix "canon-sweep" name && each.enable
  ) config.systemd.units;

  # as systemd.exec(5) would have it, were the users its own
  sysusers = [
    ''u canon-sweep - "${user.description}" ${user.home}''
  ]
  ++ map (group: "m canon-sweep ${group}") user.extraGroups;

  folders = lib.concatLists (
    lib.mapAttrsToList (
      path: lib.mapAttrsToList (kind: each: "${kind} ${path} ${each.mode} ${each.user} ${each.group}")
    ) (config.systemd.tmpfiles.settings.canon-sweep or { })
  );
in
runCommand "canon-sweep-rendered-${name}"
  {
    nativeBuildInputs = [ python3 ];
    passAsFile = [ "texts" ];
    texts = builtins.toJSON {
      files = lib.mapAttrs' (name: each: lib.nameValuePair "systemd/${name}" each.text) units // {
        "sysusers.d/canon-sweep.conf" = lib.concatMapStrings (line: "${line}\n") sysusers;
        "tmpfiles.d/canon-sweep.conf" = lib.concatMapStrings (line: "${line}\n") folders;
      };
      configuration = "${cfg.configFile}";
      command = "${lib.getExe cfg.command}";
    };
  }
  ''
    python3 ${./normalise.py} "$textsPath" $out
  ''
