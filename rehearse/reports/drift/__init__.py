"""The drift of two schemas, written for people and for machines."""
