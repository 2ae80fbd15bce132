"""Taking a snapshot: planning, sampling, masking, copying."""
