"""The shapes of the objects of our JSON report. What may be null says so; every other key is always there."""
