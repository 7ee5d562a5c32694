"""The commands' jobs: each joins the parts, and decides nothing by itself."""
