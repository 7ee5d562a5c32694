"""What a sweep did: for machines and for people."""
