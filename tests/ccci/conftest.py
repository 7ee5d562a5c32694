"""What is read here is never run: the fleet's own tests are none of ours."""

collect_ignore = ["fleet"]
