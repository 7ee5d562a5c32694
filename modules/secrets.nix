# Which secrets a configuration names, and what each is called as a credential.
{ lib }:
let
  # of each option with logins by host, the keys that name a file with a secret
  kinds = {
    credentials = [
      "tokenFile"
      "sshKeyFile"
      "sshPassphraseFile"
    ];
    registries = [ "passwordFile" ];
  };

  # a credential's name is a file's, and ends at the first colon; no host has a plus or
  # an equals sign, so that no two have one name
  nameOf = host: kind: "${lib.replaceStrings [ ":" "/" ] [ "+" "=" ] host}.${kind}";

  # the servers of builds that the guard may ask; each has a token
  servers = [
    "drone"
    "woodpecker"
  ];
  tokenName = server: "guard.${server}.tokenFile";

  tokensIn =
    guard:
    map (server: {
      option = tokenName server;
      name = tokenName server;
      file = guard.${server}.tokenFile;
      required = true;
    }) (lib.filter (server: guard.${server} != null) servers);

  forgeToken = "forge.tokenFile";

  tokenOf =
    forge:
    lib.optional (forge != null) {
      option = forgeToken;
      name = forgeToken;
      file = forge.tokenFile;
      required = true;
    };

  # a recipe's name has no equals sign either, and a variable's neither that nor a dot
  variableName = recipe: variable: "env=${recipe}=${variable}";

  variablesIn =
    recipes:
    lib.concatLists (
      lib.mapAttrsToList (
        recipe: each:
        lib.mapAttrsToList (variable: file: {
          option = "recipes.${recipe}.envFiles.${variable}";
          name = variableName recipe variable;
          inherit file;
          # one recipe without its password costs no other its test
          required = false;
        }) each.envFiles
      ) recipes
    );

  secretsIn =
    option: logins:
    lib.concatLists (
      lib.mapAttrsToList (
        host: each:
        map (kind: {
          option = ''${option}."${host}".${kind}'';
          name = nameOf host kind;
          file = each.${kind};
          required = true;
        }) (lib.filter (kind: each.${kind} != null) kinds.${option})
      ) logins
    );
in
{
  # every secret of a configuration, with the option that names it
  secretsOf =
    cfg:
    lib.concatMap (option: secretsIn option cfg.${option}) (lib.attrNames kinds)
    ++ tokensIn cfg.guard
    ++ tokenOf cfg.forge
    ++ variablesIn cfg.recipes;

  # the guard as the program is given it: each token by its credential's name
  guardWithNames =
    guard:
    guard
    // lib.genAttrs servers (
      server:
      if guard.${server} == null then null else guard.${server} // { tokenFile = tokenName server; }
    );

  # the forge as the program is given it: its token by its credential's name
  forgeWithNames = forge: if forge == null then null else forge // { tokenFile = forgeToken; };

  # a recipe's secret variables as the program is given them: each by its credential's name
  variablesWithNames = recipe: lib.mapAttrs (variable: _: variableName recipe variable);

  # an option's logins as the program is given them: each secret by its credential's name
  withNames =
    option:
    lib.mapAttrs (
      host: each:
      each // lib.genAttrs kinds.${option} (kind: if each.${kind} == null then null else nameOf host kind)
    );
}
