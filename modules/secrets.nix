# Which secrets a configuration names, and what each is called as a credential.
{ lib }:
let
  kinds = [
    "tokenFile"
    "sshKeyFile"
    "sshPassphraseFile"
  ];

  # a credential's name is a file's, and ends at the first colon
  nameOf = host: kind: "${lib.replaceStrings [ ":" "/" ] [ "_" "_" ] host}.${kind}";
in
{
  inherit kinds nameOf;

  secretsOf =
    credentials:
    lib.concatLists (
      lib.mapAttrsToList (
        host: each:
        map (kind: {
          inherit host kind;
          name = nameOf host kind;
          file = each.${kind};
        }) (lib.filter (kind: each.${kind} != null) kinds)
      ) credentials
    );
}
