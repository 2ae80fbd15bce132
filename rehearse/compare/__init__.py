"""Comparing environments: what each side holds, read at once, in one snapshot each."""
