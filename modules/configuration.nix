# The options become the program's configuration, which the program itself checks
# when it is built: a mistake fails nixos-rebuild, not Sunday night.
{
  config,
  options,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.canon-sweep;
  toml = pkgs.formats.toml { };
  secrets = import ./secrets.nix { inherit lib; };

  # the program's keys that have an option of their own
  typed = [
    "baseDepth"
    "cacheDir"
    "canonicalsDir"
    "credentials"
    "disk"
    "domain"
    "engine"
    "guard"
    "harness"
    "infraRetries"
    "maxRuntime"
    "preSweep"
    "prune"
    "recipes"
    "registries"
    "retries"
    "retryRedAfter"
    "retryWindow"
    "stateDir"
    "survey"
    "swarm"
    "syncTimeout"
    "timeouts"
  ];

  # TOML has no null, and what is empty says nothing
  says = value: value != null && value != { } && value != [ ];
  spoken =
    value:
    if lib.isAttrs value then
      lib.filterAttrs (_: says) (lib.mapAttrs (_: spoken) value)
    else if lib.isList value then
      map spoken value
    else
      value;

  # a reason of several lines is shown in one
  onOneLine =
    text:
    lib.concatStringsSep " " (
      lib.filter (word: lib.isString word && word != "") (builtins.split "[[:space:]]+" text)
    );
  plain =
    override: if override == null then null else override // { reason = onOneLine override.reason; };
  recipe =
    name: each:
    each
    // {
      envFiles = secrets.variablesWithNames name each.envFiles;
      exception = plain each.exception;
      upgradeBase = plain each.upgradeBase;
      expectedNA = lib.mapAttrs (_: plain) each.expectedNA;
    };
  rendered = toml.generate "canon-sweep.toml" (
    spoken (
      removeAttrs cfg.settings typed
      // lib.getAttrs typed cfg
      // {
        recipes = lib.mapAttrs recipe cfg.recipes;
        guard = secrets.guardWithNames cfg.guard;
        credentials = secrets.withNames "credentials" cfg.credentials;
        registries = secrets.withNames "registries" cfg.registries;
        # whether and when is systemd's to know
        prune = removeAttrs cfg.prune [
          "enable"
          "startAt"
        ];
      }
    )
  );

  # `settings = lib.mkDefault { … }` says it of each of them; one that is forced by itself
  # stays as it is
  weighed =
    value:
    if value ? _type then
      value
    else
      lib.mkOverride options.services.canon-sweep.settings.highestPrio value;

  timesOf =
    option:
    map (time: {
      inherit option time;
    });
  times = timesOf "startAt" cfg.startAt ++ timesOf "prune.startAt" cfg.prune.startAt;

  # the program names a key; the operator wrote an option
  optionPath =
    "s/^  (${lib.concatStringsSep "|" typed})([].:[ ])/  services.canon-sweep.\\1\\2/; t; "
    + "s/^  ([^ ])/  services.canon-sweep.settings.\\1/";

  checked =
    pkgs.runCommand "canon-sweep.toml"
      {
        preferLocalBuild = true;
        nativeBuildInputs = [
          cfg.package
          config.systemd.package
        ];
        inherit rendered optionPath;
      }
      ''
        sound=yes
        if ! canon-sweep check --config "$rendered" >/dev/null 2>told; then
          sed -E "$optionPath" told >&2
          sound=
        fi
        ${lib.concatMapStrings (each: ''
          if ! systemd-analyze calendar ${lib.escapeShellArg each.time} >/dev/null 2>&1; then
            echo ${lib.escapeShellArg "  services.canon-sweep.${each.option}: ${each.time} is no time of systemd.time(7)"} >&2
            sound=
          fi
        '') times}
        [ -n "$sound" ]
        cp "$rendered" $out
      '';
in
{
  options.services.canon-sweep = {
    settings = mkOption {
      type = types.attrsOf toml.type;
      default = { };
      example = {
        retryRedAfter = "13d";
      };
      description = ''
        Settings of the program by their own names, see the README's table. A key that
        has an option here *is* that option, so either may be used, with the option's
        type. A key that the program does not know fails the build.
      '';
    };

    configFile = mkOption {
      type = types.path;
      readOnly = true;
      default = checked;
      defaultText = lib.literalMD "the rendered and checked configuration";
      description = ''
        The configuration, rendered and found sound by the program; it is installed
        as {file}`/etc/canon-sweep/config.toml`.
      '';
    };
  };

  config = {
    # one thing under two names: a definition of either is a definition of the option
    services.canon-sweep = lib.genAttrs typed (
      key:
      lib.mkMerge (
        lib.concatMap (
          given: lib.optional (given.value ? ${key}) (weighed given.value.${key})
        ) options.services.canon-sweep.settings.definitionsWithLocations
      )
    );

    environment.etc."canon-sweep/config.toml" = lib.mkIf cfg.enable { source = cfg.configFile; };
  };
}
