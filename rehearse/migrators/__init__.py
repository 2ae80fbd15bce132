"""Migrators: each module plays pending steps on a stage."""
