# The least that a host says.
{
  virtualisation.docker.enable = true;
  virtualisation.docker.liveRestore = false;
  services.canon-sweep = {
    enable = true;
    credentials."git.example.org".tokenFile = "/run/secrets/forge-token";
    recipes.plausible.upstream = "https://git.coopcloud.tech/coop-cloud/plausible";
    recipes.plausible.mirror = "https://git.example.org/recipe-maintainers/plausible";
  };
}
