"""Work measured on the stage, at production's size, and how to run it there."""

from rehearse.forecast.advising import advise
from rehearse.forecast.scaling import predict

__all__ = ["advise", "predict"]
