"""The runs that were kept: `.rehearse/runs/<id>/` of a project."""

from rehearse.runs.errors import NoRuns, RunDamaged, RunNotKept, RunTooNew, UnknownRun
from rehearse.runs.place import home
from rehearse.runs.reading import directory_of, load, observation, runs
from rehearse.runs.writing import keep, keep_observation, new_id

__all__ = [
    "NoRuns",
    "RunDamaged",
    "RunNotKept",
    "RunTooNew",
    "UnknownRun",
    "directory_of",
    "home",
    "keep",
    "keep_observation",
    "load",
    "new_id",
    "observation",
    "runs",
]
