"""What is asked for, by flags and by rehearse.toml, and the request that it makes."""
