"""Deploys with ``docker stack deploy`` on a Docker Swarm.

    engine    the promises of `protocol`, each a few lines over the rest
    overlay   our labels, as one more compose file (pure)
    facts     what the API answers, as values (pure)
    ready     facts -> is the stack ready, is it a failure (pure)
    watch     look again at every event
    volume    size and copy of a volume
    api       the only import of the Docker SDK

Whoever chooses an engine imports ``SwarmEngine`` from `engine` only when it is the
one: the Docker SDK is large, and no other engine needs it.
"""
