"""CI: one recipe, one version, one result."""
