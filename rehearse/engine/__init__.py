"""Owned PostgreSQL servers: finding binaries, starting, cloning, putting away."""
