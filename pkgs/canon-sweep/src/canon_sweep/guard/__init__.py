"""Is anything in flight beside which no test may run?  One answer; a doubt means yes."""
