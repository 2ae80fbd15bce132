"""Checks: each module is one hazard."""
