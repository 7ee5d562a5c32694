# The forge of the story `forge`: a Forgejo as NixOS has it, and what manages it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.forgejo;
in
{
  # as for the machine that sweeps: twice what adds up
  virtualisation.memorySize = 1024;

  services.forgejo = {
    enable = true;
    settings = {
      server = {
        HTTP_PORT = 3000;
        ROOT_URL = "http://forge:3000/";
        OFFLINE_MODE = true;
      };
      service.DISABLE_REGISTRATION = true;
    };
  };
  networking.firewall.allowedTCPPorts = [ 3000 ];

  # whatever software it is, the story has one name for it, and one for what manages it
  systemd.services.forgejo.aliases = [ "forge.service" ];
  environment.systemPackages = [
    pkgs.curl
    (pkgs.writeShellScriptBin "forge-manage" ''
      exec runuser -u ${cfg.user} -- \
        env GITEA_WORK_DIR=${cfg.stateDir} FORGEJO_WORK_DIR=${cfg.stateDir} \
        ${lib.getExe cfg.package} "$@"
    '')
  ];
}
