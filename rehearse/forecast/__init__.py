"""Work measured on the stage, at production's size."""

from rehearse.forecast.scaling import predict

__all__ = ["predict"]
