"""The story, once: snapshot, stage, migration under observation, comparison, verdict."""
