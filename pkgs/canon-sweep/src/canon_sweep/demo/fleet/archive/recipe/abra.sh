# Swarm never changes a config: raise this with every change of the program.
export PROGRAM_VERSION=@PROGRAM@
