"""The main job on the embedded default: a small fleet, its upstreams and its settings."""
