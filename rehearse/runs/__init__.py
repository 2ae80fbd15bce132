"""The runs that were kept: `.rehearse/runs/<id>/` of a project."""

from rehearse.runs.errors import NoRuns, RunDamaged, RunNotKept, RunTooNew, UnknownRun
from rehearse.runs.place import home
from rehearse.runs.reading import directory_of, load, runs
from rehearse.runs.writing import keep, new_id

__all__ = [
    "NoRuns",
    "RunDamaged",
    "RunNotKept",
    "RunTooNew",
    "UnknownRun",
    "directory_of",
    "home",
    "keep",
    "load",
    "new_id",
    "runs",
]
