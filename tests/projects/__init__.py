"""Toy projects, written to a directory by small functions."""
