# The hosts whose rendered texts are kept: the example, and the machine of the stories.
{
  nixosSystem,
  module,
  system,
}:
let
  host =
    modules:
    (nixosSystem {
      modules = [
        module
        { nixpkgs.hostPlatform = system; }
        # a disk to start from is not what is shown here
        {
          boot.loader.grub.enable = false;
          fileSystems."/" = {
            device = "/dev/disk/by-label/nixos";
            fsType = "ext4";
          };
          system.stateVersion = "24.11";
        }
      ]
      ++ modules;
    }).config;
in
{
  cc-ci = host [ ../examples/cc-ci.nix ];
  local = host [ ./local.nix ];
  minimal = host [ ../examples/minimal.nix ];
}
