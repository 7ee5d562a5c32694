"""The server that mirrors lie on, beyond git: pull requests, and making repositories."""
