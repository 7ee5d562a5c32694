# What the service may not do.  What is missing here is named, with what breaks.
# Whoever may ask Docker can become root by it: this bounds mistakes and a recipe's
# text that is read wrongly, not whoever holds the socket.
{ config, lib, ... }:
let
  cfg = config.services.canon-sweep;
  guard = cfg.guard;
  # the local engine runs the recipes' own programs as children of the service
  containers = cfg.engine == "swarm";
  # an outside harness is a child of the service too, and may need more
  loose = lib.mapAttrs (_: on: cfg.harness != null && on) (
    removeAttrs cfg.harnessSandbox [ "writable" ]
  );
  folders = import ./folders.nix { inherit lib; };
in
{
  config = lib.mkIf cfg.enable {
    systemd.services.canon-sweep.serviceConfig = lib.mapAttrs (_: lib.mkDefault) {
      # left out: PrivateNetwork, IPAddressDeny: remotes and apps are reached by network,
      #   and an app that cannot be asked would be red
      # left out: PrivateUsers: Docker's socket belongs to a group that would not be there
      # left out: DynamicUser: git refuses folders of somebody else's as remotes
      CapabilityBoundingSet = "";
      AmbientCapabilities = "";
      NoNewPrivileges = !loose.privileges;

      ProtectSystem = "strict";
      ProtectHome = !loose.home;
      PrivateTmp = true;
      PrivateDevices = true;
      DevicePolicy = "closed";
      PrivateMounts = true;
      # records and mirrors outside of the state folder are there for others to read; in
      # the state folder, which is the service's alone, nobody can
      UMask = if folders.shared cfg == [ ] then "0077" else "0022";

      ProtectClock = true;
      ProtectControlGroups = true;
      ProtectHostname = true;
      ProtectKernelLogs = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      # hidden, the processes that the guard looks for would look like nobody there
      ProtectProc = if guard.processes == [ ] then "invisible" else "default";
      # the local engine finds its processes by more than their own folders there, and the
      # guard reads who has locked a file
      ProcSubset = if containers && guard.lockFiles == [ ] then "pid" else "all";

      KeyringMode = "private";
      LockPersonality = true;
      PrivateIPC = true;
      RemoveIPC = true;
      RestrictNamespaces = !loose.namespaces;
      RestrictRealtime = true;
      # a recipe's program may compile at run time, or keep a folder with a group's mark
      MemoryDenyWriteExecute = containers && !loose.generatedCode;
      RestrictSUIDSGID = containers;

      # unix: Docker's socket, D-Bus; inet: remotes, apps, servers of builds
      RestrictAddressFamilies = [
        "AF_UNIX"
        "AF_INET"
        "AF_INET6"
      ];
      SystemCallArchitectures = "native";
      SystemCallErrorNumber = "EPERM";
      SystemCallFilter = [
        "@system-service"
        "~@privileged @resources"
      ]
      # after what is taken away: a sandbox of a browser's own mounts, and changes its root
      ++ lib.optional loose.namespaces "@mount";
    };
  };
}
