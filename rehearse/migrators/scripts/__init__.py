"""SQL files as migration tools name, order, wrap and record them: each module is a tool's convention."""
