"""The embedded engine: each service is a child process, each volume a folder."""
