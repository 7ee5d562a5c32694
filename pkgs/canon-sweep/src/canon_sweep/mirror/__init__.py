"""Upstream, mirror and the cache clone between them: the only import of pygit2.

No git program is run.  This module stays empty, so that naming the package
does not load libgit2.
"""
