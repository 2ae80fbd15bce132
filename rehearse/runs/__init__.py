"""The runs that were kept: `.rehearse/runs/<id>/` of a project."""

from rehearse.runs.errors import NoRuns, RunDamaged, RunNotKept, RunNotRemoved, RunTooNew, UnknownRun
from rehearse.runs.place import home, runs_in
from rehearse.runs.pruning import Prunable, prunable, remove
from rehearse.runs.reading import directory_of, load, observation, runs
from rehearse.runs.register import Register, enter, register
from rehearse.runs.writing import keep, keep_observation, new_id

__all__ = [
    "NoRuns",
    "Prunable",
    "Register",
    "RunDamaged",
    "RunNotKept",
    "RunNotRemoved",
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
    "prunable",
    "register",
    "remove",
    "runs",
    "runs_in",
]
