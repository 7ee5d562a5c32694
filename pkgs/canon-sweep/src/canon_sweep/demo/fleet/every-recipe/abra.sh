# Swarm never changes a config: raise these with every change of what they name.
export PROGRAM_VERSION=@PROGRAM@
export WEB_VERSION=v1
