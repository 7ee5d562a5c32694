# What cannot be meant: each says the option's path and the way out.
{ config, lib, ... }:
let
  cfg = config.services.canon-sweep;
  docker = config.virtualisation.docker;
  secrets = import ./secrets.nix { inherit lib; };

  onSocket = cfg.engine == "swarm" && lib.hasPrefix "unix://" cfg.swarm.host;
  enrolled = lib.filterAttrs (_: each: each.enroll) cfg.recipes;

  # a path of Nix is copied into the store as soon as it is used, and what NixOS puts
  # into these folders lies there already
  isStored =
    file:
    builtins.isPath file
    || lib.any (lib.flip lib.hasPrefix "${file}") [
      "${builtins.storeDir}/"
      "/run/current-system/"
      "/run/booted-system/"
    ];
  ofEtc =
    file:
    lib.filter (each: each.enable && "/etc/${each.target}" == file) (
      lib.optionals (lib.hasPrefix "/etc/" file) (lib.attrValues config.environment.etc)
    );
  inStore = file: isStored file || lib.any (each: isStored each.source) (ofEtc "${file}");

  # "https://bot:s3cret@host/…"
  hasPassword = url: builtins.match "[a-z+]+://[^/@]*:[^/]*@.*" url != null;

  # short options come together, and may have a value: -af, -a=true
  eats =
    flag:
    lib.hasPrefix "--all" flag
    || lib.hasPrefix "--volumes" flag
    || builtins.match "-[a-z]*a[a-z]*(=.*)?" flag != null;
  eaters = lib.filter eats (lib.concatMap (lib.splitString " ") docker.autoPrune.flags);

  hollow = config.systemd.services.nightly-sweep or null;
  hollowIsOn = hollow != null && hollow.enable;

  recipeAssertions = lib.concatLists (
    lib.mapAttrsToList (name: each: [
      {
        assertion = each.enroll || each.exception != null;
        message = ''
          services.canon-sweep.recipes.${name}: enroll = false needs a reason and an end, e.g.
          exception = { reason = "mail store without bound"; until = "2027-03-01"; }
        '';
      }
      {
        assertion = each.enroll -> each.exception == null;
        message = ''
          services.canon-sweep.recipes.${name}.exception: a reason to stay out, but the recipe
          takes part; set enroll = false, or remove the exception
        '';
      }
    ]) cfg.recipes
  );

  # of a recipe, by the option's path below it
  overridesOf =
    each:
    {
      inherit (each) exception upgradeBase;
    }
    // lib.mapAttrs' (tier: lib.nameValuePair "expectedNA.${tier}") each.expectedNA;
  endless = lib.concatLists (
    lib.mapAttrsToList (
      name: each:
      map (key: "recipes.${name}.${key}") (
        lib.attrNames (
          lib.filterAttrs (_: written: written != null && written.until == null) (overridesOf each)
        )
      )
    ) cfg.recipes
  );

  # what the service does not see, or sees a copy of its own of
  unseen = [
    "/home/"
    "/root/"
    "/run/user/"
    "/tmp/"
    "/var/tmp/"
  ];
  lockAssertions = map (pattern: {
    assertion = !lib.any (lib.flip lib.hasPrefix pattern) unseen;
    message = ''
      services.canon-sweep.guard.lockFiles: ${pattern} lies where the service may not look; let
      what it is for lock a file elsewhere, e.g. in /run/lock
    '';
  }) cfg.guard.lockFiles;

  secretAssertions = map (each: {
    assertion = !inStore each.file;
    message = ''
      services.canon-sweep.${each.option}: the secret lies in the Nix store, where everybody can
      read it; give the path of a file outside of it as text, e.g. one of sops-nix or agenix,
      "/run/secrets/forge-token"
    '';
  }) (secrets.secretsOf cfg);

  urlAssertions = lib.concatLists (
    lib.mapAttrsToList (
      name: each:
      map
        (kind: {
          assertion = !hasPassword each.${kind};
          message = ''
            services.canon-sweep.recipes.${name}.${kind}: the URL carries a password, which would lie
            in the Nix store, where everybody can read it; take it out, and name a file with it in
            services.canon-sweep.credentials
          '';
        })
        [
          "mirror"
          "upstream"
        ]
    ) cfg.recipes
  );
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      recipeAssertions
      ++ lockAssertions
      ++ secretAssertions
      ++ urlAssertions
      ++ [
        {
          assertion = enrolled != { };
          message = ''
            services.canon-sweep.recipes: no recipe takes part in the sweep: nothing would be
            tested, and every week would look green; enrol a recipe, or set
            services.canon-sweep.enable = false
          '';
        }
        {
          assertion = (cfg.harness.promotes or false) -> cfg.canonicalsDir != null;
          message = ''
            services.canon-sweep.canonicalsDir: with harness.promotes the canonicals are read where
            the harness keeps them; name that folder, e.g. "/var/lib/ci-warm"
          '';
        }
        {
          assertion = onSocket -> docker.enable;
          message = ''
            services.canon-sweep.engine: "swarm" needs a Docker Engine; set
            virtualisation.docker.enable = true, or services.canon-sweep.swarm.host to where one is
          '';
        }
        {
          assertion = onSocket && docker.enable -> !(docker.daemon.settings.live-restore or false);
          message = ''
            virtualisation.docker: live-restore does not go with a Swarm, and the daemon would
            refuse one; set virtualisation.docker.liveRestore = false
          '';
        }
        {
          assertion = docker.enable && docker.autoPrune.enable -> eaters == [ ];
          message = ''
            virtualisation.docker.autoPrune.flags: ${toString eaters} would remove the images and
            volumes that canonicals are kept warm with; remove it
          '';
        }
        {
          assertion = docker.enable -> !(docker.autoPrune.allVolumes.enable or false);
          message = ''
            virtualisation.docker.autoPrune.allVolumes: every volume that no container uses would
            be removed, and a canonical's are not used between tests; set
            virtualisation.docker.autoPrune.allVolumes.enable = false
          '';
        }
        {
          assertion = !hollowIsOn;
          message = ''
            systemd.services.nightly-sweep: the hollow sweep is still enabled beside
            services.canon-sweep; disable it. It has a second job: it rolls the live traefik and
            keycloak to their latest before each sweep. Move that to services.canon-sweep.preSweep,
            or to a unit of its own, or it stops without a word
          '';
        }
      ];

    warnings =
      lib.optional (endless != [ ]) ''
        services.canon-sweep: without an end, so that nothing ever reminds of it:
        ${lib.concatStringsSep ", " endless}; say until when it is meant, e.g.
        ${lib.head endless}.until = "2027-03-01"
      ''
      ++ lib.optional (cfg.engine == "local") ''
        services.canon-sweep.engine: "local" runs what recipes say for it as processes of this
        machine; it proves nothing of containers and is for trying things out
      ''
      ++ lib.optional (hollow != null && !hollow.enable && cfg.preSweep == [ ]) ''
        services.canon-sweep.preSweep is empty, and the disabled nightly-sweep had a second job: to
        roll the live traefik and keycloak to their latest before each sweep. See that something
        else does, e.g. services.canon-sweep.preSweep
      '';
  };
}
