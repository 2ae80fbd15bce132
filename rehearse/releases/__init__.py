"""Releases: the code of a tag that is to be rehearsed, and of the one that is in production."""
