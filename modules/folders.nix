# Which folders of this machine a configuration names.
{ lib }:
let
  isFolder = url: lib.hasPrefix "/" url || lib.hasPrefix "file:///" url;
  folderOf = lib.removePrefix "file://";

  # a remote's folder, with the option that names it
  remotes =
    kind: cfg:
    lib.concatLists (
      lib.mapAttrsToList (
        name: each:
        lib.optional (isFolder each.${kind}) {
          option = "recipes.${name}.${kind}";
          path = folderOf each.${kind};
        }
      ) cfg.recipes
    );
  # systemd makes it and hands it over, if it has a name below this root
  below = root: path: lib.hasPrefix "${root}/" path;
in
rec {
  mirrors = remotes "mirror";
  upstreams = remotes "upstream";

  # what is made for the service, where systemd does not
  made =
    cfg:
    lib.optional (!below "/var/lib" cfg.stateDir) cfg.stateDir
    ++ lib.optional (!below "/var/cache" cfg.cacheDir) cfg.cacheDir;

  # below a root of systemd's own: the name there, else nothing
  nameBelow = root: path: lib.optional (below root path) (lib.removePrefix "${root}/" path);

  # what the service owns
  own = cfg: [
    {
      option = "stateDir";
      path = cfg.stateDir;
    }
    {
      option = "cacheDir";
      path = cfg.cacheDir;
    }
  ];

  # what it writes to for others to read
  shared =
    cfg:
    mirrors cfg
    ++ lib.optional (cfg.canonicalsDir != null) {
      option = "canonicalsDir";
      path = cfg.canonicalsDir;
    };

  # what an outside harness writes to as the service's child
  harness =
    cfg:
    map (path: {
      option = "harnessSandbox.writable";
      inherit path;
    }) (lib.optionals (cfg.harness != null) cfg.harnessSandbox.writable);
}
