# The NixOS module: one file a concern.
{
  imports = [
    ./options.nix
    ./recipes.nix
    ./credentials.nix
    ./guard.nix
    ./forge.nix
    ./harness.nix
    ./configuration.nix
    ./disk.nix
    ./service.nix
    ./hardening.nix
    ./prune.nix
    ./resume.nix
    ./command.nix
    ./assertions.nix
    ./places.nix
  ];
}
