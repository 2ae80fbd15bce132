"""Work measured on the stage, at production's size."""
