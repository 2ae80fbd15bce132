"""What was rehearsed so far, on paper."""
