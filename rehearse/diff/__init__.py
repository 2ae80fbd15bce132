"""Differences: between before and after, between one environment and another."""
