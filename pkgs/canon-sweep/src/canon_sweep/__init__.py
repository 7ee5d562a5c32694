"""Proves the latest release of every Co-op Cloud recipe and keeps it warm."""

__version__ = "0.1.0"
