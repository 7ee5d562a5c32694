"""The operator's configuration: TOML in, frozen records out."""
