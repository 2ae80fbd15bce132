"""The gate: whether what was rehearsed is what is about to be released, to the production it was rehearsed for."""
