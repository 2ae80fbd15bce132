"""The plan of a snapshot, on paper."""
