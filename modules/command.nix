# `canon-sweep` for people: it runs as the service does, with the unit's own user,
# folders, credentials and limits, so that what works by hand works on Sunday, and
# root's hand leaves nothing of root's behind.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.canon-sweep;
  service = config.systemd.services.canon-sweep;
  program = lib.getExe cfg.package;

  secrets = import ./secrets.nix { inherit lib; };

  # what is about the weekly run and not about where it happens
  isOfTheRun =
    name:
    builtins.match "Type|Exec.*|Restart.*|RemainAfterExit|Standard.*|SuccessExitStatus|TimeoutStartSec" name
    != null;
  shown = value: if lib.isBool value then lib.boolToString value else toString value;
  property =
    name: value:
    # an empty list says what systemd says anyway
    map (each: "--property=${name}=${shown each}") (lib.toList value);
  properties = lib.concatLists (
    lib.mapAttrsToList property (lib.filterAttrs (name: _: !isOfTheRun name) service.serviceConfig)
  );
  variables = lib.mapAttrsToList (name: value: "--setenv=${name}=${toString value}") (
    lib.filterAttrs (_: value: value != null) service.environment
  );

  # the option that names a secret, and where it is to be
  needed = lib.concatMap (each: [
    "services.canon-sweep.${each.option}"
    # a path of Nix is another's to refuse, and not to be copied here
    (toString each.file)
  ]) (lib.filter (each: each.required) (secrets.secretsOf cfg));

  command = pkgs.writeShellApplication {
    name = "canon-sweep";
    # the caller's own tools are not needed, nor trusted to be there
    runtimeInputs = [
      config.systemd.package
      pkgs.coreutils
    ];
    text = ''
      program=${lib.escapeShellArg program}

      # these touch neither state nor secrets; and inside the service there is nothing to enter
      case ''${1---help} in
        -* | check | demo | import-cc-ci) exec "$program" "$@" ;;
      esac
      # another configuration has another state, which is the caller's own, and what a
      # command is for may be asked by anybody
      other=''${CANON_SWEEP_CONFIG-}
      before=
      for word; do
        case $word in
          -h | --help) exec "$program" "$@" ;;
        esac
        if [[ $before == --config ]]; then other=$word; fi
        if [[ $word == --config=* ]]; then other=''${word#*=}; fi
        before=$word
      done
      if [[ -n $other && $other != /etc/canon-sweep/config.toml ]]; then
        exec "$program" "$@"
      fi
      if [[ $(id --user --name) == canon-sweep ]]; then
        exec "$program" "$@"
      fi
      if [[ $(id --user) != 0 ]]; then
        typed=
        for word; do
          # what a shell would split, or put something else in for, is quoted
          if [[ ! $word =~ ^[[:alnum:]@%+=:,./_-]+$ ]]; then word=''${word@Q}; fi
          typed+=" $word"
        done
        echo "canon-sweep: error usage: the state belongs to the service, and you are $(id --user --name); type instead: sudo canon-sweep$typed" >&2
        exit 2
      fi

      # without one of them systemd starts nothing, and says so with a number alone
      missing=
      secrets=(${lib.concatMapStrings (word: "\n  ${lib.escapeShellArg word}") needed})
      for ((n = 0; n < ''${#secrets[@]}; n += 2)); do
        if [[ ! -r ''${secrets[n + 1]} ]]; then
          echo "canon-sweep: error settings: ''${secrets[n]}: there is no ''${secrets[n + 1]} to read, and without it the service cannot start; put the secret there, or name another file" >&2
          missing=yes
        fi
      done
      if [[ $missing ]]; then
        exit 2
      fi

      unit=canon-sweep-by-hand-$$
      options=(
        --quiet
        --wait
        --collect
        --unit="$unit"
        --description="canon-sweep $*"
        --service-type=exec
        ${lib.concatMapStringsSep "\n  " lib.escapeShellArg (properties ++ variables)}
      )
      # a run that is stopped takes down what is up before it ends
      stopped=0
      trap 'stopped=129; systemctl stop --no-block "$unit.service"' HUP
      trap 'stopped=130; systemctl stop --no-block "$unit.service"' INT
      trap 'stopped=143; systemctl stop --no-block "$unit.service"' TERM
      if [[ -t 0 && -t 1 && -t 2 ]]; then
        options+=(--pty)
      else
        options+=(--pipe)
      fi
      # systemd would put a variable in where a word has a dollar
      systemd-run "''${options[@]}" -- "$program" "''${@//\$/\$\$}" <&0 &
      job=$!
      code=0
      wait "$job" || code=$?
      while kill -0 "$job" 2>/dev/null; do
        code=0
        wait "$job" || code=$?
      done
      # a program that a signal ended has done well in systemd's eyes, not in ours
      if [[ $code == 0 ]]; then
        code=$stopped
      fi
      exit "$code"
    '';
  };
in
{
  options.services.canon-sweep.command = lib.mkOption {
    type = lib.types.package;
    internal = true;
    readOnly = true;
    default =
      # with the package's manual and completions, and without its program beside it
      pkgs.runCommand "canon-sweep-command"
        {
          meta.mainProgram = "canon-sweep";
          passthru = { inherit properties; };
        }
        ''
          mkdir -p $out/bin
          ln -s ${lib.getExe command} $out/bin/canon-sweep
          if [ -e ${cfg.package}/share ]; then ln -s ${cfg.package}/share $out/share; fi
        '';
    description = "The command in the system's path.";
  };

  config = lib.mkIf cfg.enable { environment.systemPackages = [ cfg.command ]; };
}
