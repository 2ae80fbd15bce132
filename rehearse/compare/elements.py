"""Named elements: what the project itself counts, by a SELECT of one number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

from psycopg.sql import SQL

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
        Task(key=name, statement=SQL("SELECT e.* FROM ({}\n) AS e LIMIT 2").format(SQL(text)), by_hand=True)
        for name, text in elements.items()
    )
    return {name: _number(answers[name]) for name in elements}


def _number(answer: Answer) -> int | Problem:
    if isinstance(answer, Problem):
        return answer
    if len(answer) != 1 or len(answer[0]) != 1:
        return Problem(reason="its query returned no single number")
    value = answer[0][0]
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return Problem(reason="its query returned no number")
    if value != value or value in (math.inf, -math.inf) or value != int(value):  # noqa: PLR0124 - NaN alone is not itself
        return Problem(reason=f"its query returned {value}, not a whole number: round it")
    return int(value)
