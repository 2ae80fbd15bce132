"""Named elements: what the project itself counts, by a SELECT of one number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from rehearse.compare.reader import Answer, Problem, Reader, Task
from rehearse.compare.sides import Sides, as_cell
from rehearse.diff.counts import judged
from rehearse.model.counts import Row


def rows(sides: Sides) -> Iterator[Row]:
    """Yield every element with its number on every side."""
    asked = sides.asked
    if not asked.elements:
        return
    answers = sides.each(lambda reader: _count(reader, asked.elements))
    for name in asked.elements:
        known = {side: as_cell(own[name]) for side, own in answers.items()}
        cells = {side: known.get(side) or sides.unasked(side) for side in sides.names}
        yield judged(name, "element", cells, tolerance=asked.tolerance)


def _count(reader: Reader, elements: Mapping[str, str]) -> dict[str, int | Problem]:
    answers = reader.ask(
        Task(key=name, statement=text.strip().rstrip(";").encode(), by_hand=True) for name, text in elements.items()
    )
    return {name: _number(answers[name]) for name in elements}


def _number(answer: Answer) -> int | Problem:
    if isinstance(answer, Problem):
        return answer
    if len(answer) != 1 or len(answer[0]) != 1:
        return Problem(reason="its query returned no single number")
    value = answer[0][0]
    try:
        number = int(cast("int", value))
    except (TypeError, ValueError):
        return Problem(reason="its query returned no number")
    return number if number == value else Problem(reason=f"its query returned {value}, not a whole number: round it")
