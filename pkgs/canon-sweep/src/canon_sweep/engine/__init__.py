"""What deploys a recipe.  See `protocol` for the promises every engine keeps."""
