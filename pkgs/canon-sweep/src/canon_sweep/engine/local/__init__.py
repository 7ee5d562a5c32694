"""The embedded engine: each service is a child process, each volume a folder."""

from canon_sweep.engine.local.engine import LocalEngine

__all__ = ["LocalEngine"]
