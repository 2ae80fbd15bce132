"""The migrating process: confined, in a scrubbed environment, ended with everything it started."""
