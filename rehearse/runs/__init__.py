"""The runs that were kept: `.rehearse/runs/<id>/` of a project."""

from rehearse.runs.errors import NoRuns, RunDamaged, RunNotKept, RunTooNew, UnknownRun
from rehearse.runs.place import home, runs_in
from rehearse.runs.reading import directory_of, load, observation, runs
from rehearse.runs.register import Register, enter, register
from rehearse.runs.writing import keep, keep_observation, new_id

__all__ = [
    "NoRuns",
    "Register",
    "RunDamaged",
    "RunNotKept",
    "RunTooNew",
    "UnknownRun",
    "directory_of",
    "enter",
    "home",
    "keep",
    "keep_observation",
    "load",
    "new_id",
    "observation",
    "register",
    "runs",
    "runs_in",
]
