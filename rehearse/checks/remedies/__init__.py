"""What to do about a step that failed, by SQLSTATE."""
