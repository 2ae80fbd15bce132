"""Formats of a comparison of counts: each module renders one."""
