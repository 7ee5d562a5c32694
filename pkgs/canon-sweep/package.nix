{
  lib,
  stdenv,
  python3Packages,
  coreutils,
  docker-client,
  gitMinimal,
  installShellFiles,
  util-linuxMinimal,
  versionCheckHook,
}:

python3Packages.buildPythonApplication (finalAttrs: {
  pname = "canon-sweep";
  version = (lib.importTOML ./pyproject.toml).project.version;
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions [
      ./README.md
      ./pyproject.toml
      ./src
      ../../ARCHITECTURE.md
      ../../bench
      ../../docs
      ../../examples
      ../../nixos-tests
      ../../pyproject.toml
      ../../tests
    ];
  };
  sourceRoot = "${finalAttrs.src.name}/pkgs/canon-sweep";

  build-system = [ python3Packages.setuptools ];

  dependencies = with python3Packages; [
    click
    docker
    google-re2
    msgspec
    packaging
    pygit2
    pyyaml
    requests
    rich
  ];

  # `cp --reflink` copies volumes, `docker stack deploy` deploys; a docker that
  # the host has on its PATH comes first, since it fits the host's daemon
  makeWrapperArgs = [
    "--suffix"
    "PATH"
    ":"
    (lib.makeBinPath [
      coreutils
      docker-client
    ])
  ];

  nativeBuildInputs = [ installShellFiles ];

  # both are made from the commands, so that they cannot say something else
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    installShellCompletion --cmd canon-sweep \
      --bash <(_CANON_SWEEP_COMPLETE=bash_source $out/bin/canon-sweep) \
      --fish <(_CANON_SWEEP_COMPLETE=fish_source $out/bin/canon-sweep) \
      --zsh <(_CANON_SWEEP_COMPLETE=zsh_source $out/bin/canon-sweep)
    ${python3Packages.python.interpreter} -m canon_sweep.cli.manual > canon-sweep.1
    installManPage canon-sweep.1
  '';

  nativeCheckInputs = [
    gitMinimal
    python3Packages.hypothesis
    python3Packages.pytest-xdist
    python3Packages.pytestCheckHook
    util-linuxMinimal
    versionCheckHook
  ];

  enabledTestPaths = [ "../../tests" ];

  # the tests' own folder is not writable here
  pytestFlags = [
    "-p"
    "no:cacheprovider"
  ];

  # these start a Docker Engine, boot machines, or need root or a tool that is not here
  disabledTestMarks = [
    "host"
    "long"
    "machine"
    "swarm"
  ];

  pythonImportsCheck = [ "canon_sweep" ];

  meta = {
    description = "Proves the latest release of every Co-op Cloud recipe and keeps it warm";
    license = lib.licenses.agpl3Plus;
    mainProgram = "canon-sweep";
    platforms = lib.platforms.linux;
  };
})
