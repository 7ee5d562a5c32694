# The one machine that every story is told on: a Swarm of one node, a git server,
# two recipes, and no network.  The repositories are the stories' to make.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  remote = kind: name: "git://127.0.0.1/${kind}/${name}";

  recipe =
    name:
    import ./recipe.nix "/data"
    // {
      upstream = remote "upstream" name;
      mirror = remote "mirror" name;
    };

  image = pkgs.dockerTools.buildImage {
    name = "canon-sweep/busybox";
    tag = "1";
    copyToRoot = [ pkgs.busybox ];
    config.Env = [ "PATH=/bin" ];
  };
in
{
  # Found by adding up, since nobody could boot it: NixOS with Docker and a Swarm takes
  # about 500 MB, a sweep 100, an app of busybox 5, twice during an upgrade; the store
  # is the host's, the image 2 MB, the journal and Docker's own state 200.  Twice that
  # and more, so that a red is never the machine's.
  virtualisation = {
    cores = 2;
    memorySize = 2048;
    diskSize = 4096;
    docker = {
      enable = true;
      # does not go with a Swarm
      liveRestore = false;
    };
  };

  services.canon-sweep = {
    enable = true;
    engine = "swarm";
    # what is red in a story is meant to be: once is enough
    retries = 0;
    timeouts.deploy = "1m";
    timeouts.probe = "10s";
    # what the story `guard` lets happen; nothing of it does in the others
    guard = {
      wait = "10s";
      poll = "1s";
      units = [ "build@*.service" ];
      processes = [ "*run_recipe_ci.py*" ];
      lockFiles = [ "/run/lock/builds/*.lock" ];
    };
    # the story `budget` needs these; there is room for the others
    disk = {
      minFree = "64MiB";
      floor = "32MiB";
      budget = "24MiB";
      assumedPeak = "16MiB";
    };
    recipes = lib.genAttrs [
      "draft"
      "notes"
    ] recipe;
  };

  services.gitDaemon = {
    enable = true;
    basePath = "/srv/git";
    exportAll = true;
    listenAddress = "127.0.0.1";
    options = "--enable=receive-pack";
  };
  systemd.tmpfiles.rules = [ "d /srv/git 0755 git git" ];
  environment.systemPackages = [
    pkgs.git
    pkgs.curl
  ];

  systemd.services.swarm = {
    description = "A Swarm of one node, with the image that the stories' recipes deploy";
    after = [ "docker.service" ];
    requires = [ "docker.service" ];
    wantedBy = [ "multi-user.target" ];
    path = [ config.virtualisation.docker.package ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    script = ''
      docker image inspect canon-sweep/busybox:1 >/dev/null 2>&1 || docker load --input ${image}
      docker node ls >/dev/null 2>&1 || docker swarm init --advertise-addr 127.0.0.1
      docker network inspect proxy >/dev/null 2>&1 ||
        docker network create --driver overlay --attachable proxy
    '';
  };
  systemd.services.fake-drone = {
    description = "A fake of Drone for the story `guard`, which starts it: files behind HTTP";
    serviceConfig.ExecStart = "${lib.getExe pkgs.busybox} httpd -f -p 127.0.0.1:3001 -h /srv/fake-drone";
  };
  # a persistent timer fires at boot
  systemd.services.canon-sweep.after = [ "swarm.service" ];
}
