"""Differences between before and after."""
