"""What `canon-sweep doctor` looks at, a file a concern; nothing here changes anything."""
