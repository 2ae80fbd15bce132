"""Stage providers: each module raises a stage from a snapshot."""
