"""What was rehearsed so far, how production moved in between, and how good the forecasts were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rehearse.diff.schema import changes
from rehearse.diff.sentences import sentences
from rehearse.model.history import Entry, History
from rehearse.model.observation import accuracy
from rehearse.model.run import Run
from rehearse.runs.reading import directory_of, load, observation, runs


def history(home: Path, most: int) -> History:
    """Return the newest runs of a project; how production moved is read from the evidence only where it did.

    Raises NoRuns, RunDamaged and RunTooNew.
    """
    directory_of("last", home)
    known = runs(home)
    entries = tuple(_entries(known, max(len(known) - most, 0), home))
    return History(entries=entries, accuracy=accuracy(found.observation for found in entries if found.observation))


def _entries(known: Sequence[Run], first: int, home: Path) -> Iterator[Entry]:
    for number, run in enumerate(known[first:], first):
        earlier = next((found for found in reversed(known[:number]) if found.source == run.source), None)
        moved = None if earlier is None else earlier.production != run.production
        directory = directory_of(run.id, home)
        yield Entry(
            run=run,
            moved=moved,
            changes=_changes(earlier, run, home) if earlier is not None and moved else (),
            observation=observation(directory),
        )


def _changes(earlier: Run, run: Run, home: Path) -> tuple[str, ...]:
    """Say how the stages of two runs differed before a migration was played: as production did."""
    before, after = (load(directory_of(found.id, home))[1].rehearsal.before for found in (earlier, run))
    return sentences(changes(before, after))
