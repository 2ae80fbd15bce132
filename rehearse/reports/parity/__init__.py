"""The answer of a comparison of servers, for people and for machines."""
