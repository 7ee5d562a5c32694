# The recipes, and how each of them is tested.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.canon-sweep;
  own = import ./types.nix { inherit lib; };
  probe = types.submodule ./probe.nix;

  inherit (own) optional;
  # a text alone is a reason without an end
  excuse = types.coercedTo types.str (reason: { inherit reason; }) (own.override { });
  limit = optional own.duration "20m";
  probes =
    description:
    mkOption {
      type = types.listOf probe;
      default = [ ];
      example = [
        {
          type = "http";
          port = 8000;
          path = "/api/health";
        }
      ];
      inherit description;
    };
  names =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "shared_ldap_password" ];
      inherit description;
    };
  notApplicable =
    tier:
    optional excuse {
      reason = "both tags pin a moving image";
      until = "2027-03-01";
    } "Why ${tier} is not tested, and until when. By default it is.";

  envRule = {
    options = {
      when = mkOption {
        type = types.str;
        example = ">= 1.0.0, < 2";
        description = ''
          Of which versions it holds: `>=`, `>`, `<=`, `<`, `==` or `!=` and the part
          before the `+`, several with commas. A commit without a version is newer than
          every release.
        '';
      };
      env = mkOption {
        type = own.nonEmptyAttrsOf types.str;
        example = {
          COMPOSE_FILE = "compose.yml:compose.host-ports.yml";
        };
        description = "The values, as in `env`.";
      };
    };
  };
  overlay = {
    options = {
      file = mkOption {
        type = types.path;
        example = lib.literalExpression "./compose.start-period.yml";
        description = ''
          A compose file: one of the configuration's, or a path that the service can read
          when it runs, which is not in a home folder or {file}`/tmp`.
        '';
      };
      when =
        optional types.str ">= 1.0.0, < 2"
          "Of which versions it holds, as in `envRules`; by default of all.";
      on =
        optional
          (types.enum [
            "base"
            "target"
          ])
          "base"
          "Only for what an upgrade starts from, or only for what is tested and kept; by default for both.";
    };
  };

  recipe = {
    options = {
      upstream = mkOption {
        type = types.str;
        example = "https://git.coopcloud.tech/coop-cloud/plausible";
        description = ''
          Where the recipe is maintained: an `https`, `http`, `ssh`, `git` or `file`
          URL, or an absolute path. It is only ever read.
        '';
      };
      mirror = mkOption {
        type = types.str;
        example = "https://git.example.org/recipe-maintainers/plausible";
        description = ''
          Where it is mirrored to; `main` and the tags there are made equal to
          upstream's at each sweep. It has to be there before, bare and empty, or
          the sweep makes it on the forge, with
          {option}`services.canon-sweep.forge.createMirrors`; it is nobody else's. A
          login is set by {option}`services.canon-sweep.credentials`; a folder of this
          machine has to belong to the user `canon-sweep`.
        '';
      };
      branch = optional types.str "develop" ''
        The upstream branch that becomes the mirror's `main`. By default `main`, else
        that of upstream's HEAD, else `master`.
      '';
      enroll = mkOption {
        type = types.bool;
        default = true;
        example = false;
        description = ''
          Whether the recipe takes part in the sweep. One that does not needs an
          `exception`, and its line says so in every report.
        '';
      };
      exception =
        optional excuse
          {
            reason = "mail store without bound";
            until = "2027-03-01";
          }
          ''
            Why the recipe does not take part, and until when. Needed with `enroll =
            false`, refused without.
          '';
      tagPattern = optional types.str "v(?P<version>\\d+\\.\\d+\\.\\d+)" ''
        A regular expression, in full, that widens what a release tag is; it has a
        group `version`. By default `X.Y.Z+<app version>`.
        {command}`canon-sweep explain RECIPE` lists the tags that are ignored.
      '';
      prereleases = mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = "Whether pre-releases (`1.0.0-rc1+…`) are releases.";
      };
      upgradeBase =
        optional
          (own.override {
            tag = mkOption {
              type = types.str;
              example = "3.0.1+v2.0.0";
              description = "The release to upgrade from before any other.";
            };
          })
          {
            tag = "3.0.1+v2.0.0";
            reason = "3.0.0 never comes up";
            until = "2027-03-01";
          }
          ''
            A pinned base of the upgrade. By default the canonical, else the newest
            older release that comes up. {command}`canon-sweep pins` says whether it is
            needed still; as long as it is, it is used after its end too, with a note.
          '';
      retries = optional (types.ints.between 0 100) 0 ''
        How often a red release is tested again in the same sweep; by default
        {option}`services.canon-sweep.retries`.
      '';
      priority = optional (types.ints.between 0 1000) 10 ''
        How much its data matters, for when {option}`services.canon-sweep.disk.budget`
        is used up: what is new takes the place of data with a lower one, of which the
        record stays. Without one a recipe neither gives nor takes.
      '';
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          ADMIN_EMAIL = "ci@example.org";
          SANDBOX_DOMAIN = "sandbox.{domain}";
        };
        description = ''
          Values on top of the recipe's `.env.sample`, whose lines can use them.
          `{domain}` and `{stack}` stand for the deployment's own; other braces stay as
          they are. They end up in the Nix store: no secrets, which
          {option}`envFiles` is for.
        '';
      };
      envFiles = mkOption {
        type = types.attrsOf types.path;
        default = { };
        example = {
          ADMIN_PASSWORD = "/run/secrets/plausible-admin";
        };
        description = ''
          Variables whose values are secret: variable = file with it. root reads the
          files when the service starts, so they need no other reader; one that is not
          there makes this recipe `infra` and no other. Logs and results have the
          variable's name in the value's place. One in the Nix store is refused.
        '';
      };
      envRules = mkOption {
        type = types.listOf (types.submodule envRule);
        default = [ ];
        example = [
          {
            when = ">= 1.0.0";
            env.COMPOSE_FILE = "compose.yml:compose.host-ports.yml";
          }
        ];
        description = ''
          Values of some versions only, on top of `env`: those of every rule that holds
          of the version that is deployed, be it a base, in the order of the list.
        '';
      };
      upgradeEnv = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          MIGRATE = "true";
        };
        description = ''
          Values on top of all others where a version is deployed over an older one. What
          a canonical is made of is installed cold, without them.
        '';
      };
      overlays = mkOption {
        type = types.listOf (types.submodule overlay);
        default = [ ];
        example = lib.literalExpression ''
          [
            { file = ./compose.start-period.yml; }
            { file = ./compose.mend-old.yml; when = "< 1.0.0"; on = "base"; }
          ]
        '';
        description = ''
          Compose files of your own, joined after the recipe's in the order of the list.
          Paths in them are of the recipe's folder. One that cannot be read, or that
          alone breaks the recipe's files, is `infra`.
        '';
      };
      install = optional (types.nonEmptyListOf types.str) [ "/run/current-system/sw/bin/make-dns" ] ''
        A program and its arguments, without a shell: run on this host before each stack
        that is deployed where nothing was before, in a copy of the version's files. Of
        the environment it has `RECIPE`, `TAG`, `VERSION`, `COMMIT`, `STACK`, `DOMAIN`,
        `CHECKOUT` and `PATH`. If it fails, or takes longer than `timeouts.prepare`, that
        is `infra`.
      '';
      needs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "keycloak_example_org" ];
        description = ''
          Stacks, as {command}`docker stack ls` has them, that have to be up and healthy
          before each test, and are never deployed by one. Else it is `infra`.
        '';
      };
      hostPaths = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          "/srv/media" = "read by all media apps, written by none";
        };
        description = ''
          Folders of the host, and volumes kept elsewhere, that the recipe's stack may
          write to: path or volume = reason. Undeclared ones are refused; a test with
          declared ones is not cold and promotes nothing, unless `stateless` is set.
        '';
      };
      stateless = mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = ''
          Whether nothing in `hostPaths` matters to the next deployment, so that the
          recipe may be promoted all the same.
        '';
      };
      externalSecrets = names ''
        Secrets of the Swarm that are not the stack's own, and may be used. Others are
        refused by name.
      '';
      externalConfigs = names ''
        Configs of the Swarm that are not the stack's own, and may be used. Others are
        refused by name.
      '';
      probes = probes ''
        What has to pass after every deploy. Without any, a recipe whose services have
        no health check either is noted as `no-probe`: nothing asks whether it works.
      '';
      checks = probes "What has to pass in the tier `custom`, once a test.";
      data = {
        seed = probes ''
          How data is put into the running app that has to survive upgrade and
          reattach. `{token}` stands for a word that is another in each deployment.
        '';
        check = probes ''
          How it is seen that the data is still there. Without any, the canonical is
          noted as `no-data-check`.
        '';
      };
      timeouts = {
        prepare = limit "As {option}`services.canon-sweep.timeouts.prepare`, for this recipe.";
        deploy = limit ''
          How long its stack may take until it is ready; this outranks its `timeout`
          label and is not capped.
        '';
        probe = limit "As {option}`services.canon-sweep.timeouts.probe`, for this recipe.";
        exec = limit "As {option}`services.canon-sweep.timeouts.exec`, for this recipe.";
        test = limit "As {option}`services.canon-sweep.timeouts.test`, for this recipe.";
      };
      expectedNA = {
        custom = notApplicable "what `checks` asks";
        backup = notApplicable "the backup";
        restore = notApplicable "restoring it";
        upgrade = notApplicable "the upgrade";
        reattach = notApplicable "attaching its data again";
      };
    };
  };

  imported =
    file:
    let
      content = if lib.hasSuffix ".nix" file then import file else lib.importTOML file;
      others = lib.attrNames (removeAttrs content [ "recipes" ]);
      refuse = reason: throw "services.canon-sweep.recipesFrom: ${toString file}: ${reason}";
      tables =
        if !lib.isAttrs content then
          refuse "not a table of recipes; what is a module goes to `imports`"
        else if !content ? recipes then
          content
        else if others == [ ] then
          content.recipes
        else
          # they would be lost without a word
          refuse
            "beside [recipes] there is ${lib.concatStringsSep ", " others}; say it in options of services.canon-sweep";
      # what is imported gives way, value by value, to what the options say
      yielding = lib.mapAttrsRecursive (_: lib.mkDefault);
      # a mistake has the file's name, not that of this one
      located =
        each:
        if lib.isAttrs each then
          (_: {
            _file = toString file;
            config = yielding each;
          })
        else
          each;
    in
    lib.mapAttrs (_: located) tables;
in
{
  options.services.canon-sweep = {
    recipes = mkOption {
      type = types.attrsOf (types.submodule recipe);
      default = { };
      example = lib.literalExpression ''
        {
          plausible = {
            upstream = "https://git.coopcloud.tech/coop-cloud/plausible";
            mirror = "https://git.example.org/recipe-maintainers/plausible";
            probes = [ { type = "http"; port = 8000; path = "/api/health"; } ];
          };
        }
      '';
      description = ''
        The recipes, by name. Every one takes part, unless it has an exception with a
        written reason. {command}`canon-sweep status` lists them.
      '';
    };

    recipesFrom = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./recipes.toml";
      description = ''
        A file with more recipes, in TOML or Nix: a table of each, with the same keys
        as {option}`services.canon-sweep.recipes`, whose values outrank the file's.
      '';
    };
  };

  config.services.canon-sweep.recipes = lib.mkIf (cfg.enable && cfg.recipesFrom != null) (
    imported cfg.recipesFrom
  );
}
