"""What the remarks of the steps declare: acknowledgements and expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rehearse.errors import RequestError, did_you_mean
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.expectation import Bounds, Expectation, Subject
from rehearse.model.quantity import listing
from rehearse.model.remark import Remark

_ACKNOWLEDGED = re.compile(r'(?P<check>\S+)\s+(?P<object>(?:"(?:[^"]|"")*"|[^":]|:(?!\s|$))+?)\s*:(?:\s+(?P<rest>.*))?')
_UNTIL = re.compile(r"^(?P<before>.*?)[\s,;]*\buntil\s+(?P<value>\S+)$")
_OWNER = re.compile(r"^(?P<before>.*?)[\s,;]*\bowner:?\s+(?P<value>\S+)$")
_VERBS = ("acknowledge", "expect")
_FORM = "acknowledge CHECK OBJECT: REASON"
_EXPECTED = {subject.value.split()[0]: subject for subject in Subject}


class NotUnderstood(RequestError):
    """Comments of migrations that are addressed to rehearse, and say nothing it could heed."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        listed = "\n".join(f"  {mistake}" for mistake in self.mistakes)
        super().__init__(
            f"The migration says what cannot be heeded:\n{listed}",
            f"Write `rehearse: {_FORM} until DATE`, `rehearse: expect rows TABLE -120..-100`, `expect values COLUMN`, "
            "`expect drop OBJECT` or `expect no data change`.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What the steps declare."""

    acknowledgements: tuple[Acknowledgement, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    notes: tuple[str, ...] = ()


class _Mistake(Exception):
    """What is wrong with one remark."""


def declared(remarks: Mapping[str, Sequence[Remark]], checks: Collection[str]) -> Declarations:
    """Return what the remarks of each step declare; raises NotUnderstood with every mistake at once.

    What the base commit does not have acknowledges nothing; what it expects is expected, and excuses nothing.
    """
    acknowledgements: list[Acknowledgement] = []
    expectations: list[Expectation] = []
    mistakes: list[str] = []
    ignored: list[str] = []
    for step, said in remarks.items():
        for remark in said:
            try:
                found = _declared(remark, step, checks)
            except _Mistake as mistake:
                mistakes.append(f"{remark.place}: {mistake}")
                continue
            ignored += () if remark.is_in_base else (remark.place,)
            if isinstance(found, Expectation):
                expectations.append(found)
            elif remark.is_in_base:
                acknowledgements.append(found)
    if mistakes:
        raise NotUnderstood(mistakes)
    return Declarations(
        acknowledgements=tuple(acknowledgements), expectations=tuple(expectations), notes=tuple(_told(ignored))
    )


def _told(ignored: list[str]) -> Iterable[str]:
    if ignored:
        yield f"The base commit has no such comment, so it excuses nothing: {listing(tuple(ignored), 8)}."


def _declared(remark: Remark, step: str, checks: Collection[str]) -> Acknowledgement | Expectation:
    verb, _, rest = remark.text.partition(" ")
    if verb == "acknowledge":
        return _acknowledgement(rest.strip(), remark, step, checks)
    if verb == "expect":
        return _expectation(rest.strip(), remark, step)
    raise _Mistake(f'"{verb}" is no word of rehearse{did_you_mean(verb, _VERBS)}')


def _acknowledgement(text: str, remark: Remark, step: str, checks: Collection[str]) -> Acknowledgement:
    found = _ACKNOWLEDGED.fullmatch(text)
    check = found["check"] if found else text.partition(" ")[0].rstrip(":")
    if check and check not in checks:
        raise _Mistake(f'there is no check "{check}"{did_you_mean(check, checks)}')
    reason, owner, until = _taken_apart(found["rest"] or "") if found else ("", None, None)
    if found is None or not reason:
        raise _Mistake(f"an acknowledgement needs an object and a reason: {_FORM}.")
    return Acknowledgement(
        check=check,
        object=found["object"],
        reason=reason,
        owner=owner,
        expires=None if until is None else _day(until),
        place=remark.place,
        step=step,
    )


def _taken_apart(text: str) -> tuple[str, str | None, str | None]:
    """Return reason, owner and last day of what stands behind the object.

    >>> _taken_apart("unused since 4.2, owner anna until 2027-01-31")
    ('unused since 4.2', 'anna', '2027-01-31')
    >>> _taken_apart("kept until the end of the year")
    ('kept until the end of the year', None, None)
    """
    until, rest = _taken(_UNTIL, text.strip())
    owner, rest = _taken(_OWNER, rest)
    if until is None:
        until, rest = _taken(_UNTIL, rest)
    return rest, owner, until


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str | None, str]:
    found = pattern.match(text)
    return (found["value"], found["before"]) if found else (None, text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Mistake(f'"{text}" is no date: write it as 2027-01-31.') from None


def _expectation(text: str, remark: Remark, step: str) -> Expectation:
    word, _, rest = text.partition(" ")
    subject = _EXPECTED.get(word)
    if subject is None:
        raise _Mistake(f'"{word}" cannot be expected{did_you_mean(word, _EXPECTED)}')
    readings: dict[Subject, Callable[[str], tuple[str, Bounds | None]]] = {
        Subject.ROWS: _rows,
        Subject.VALUES: _column,
        Subject.DROP: _object,
        Subject.NOTHING: _nothing,
    }
    identity, bounds = readings[subject](rest.strip())
    return Expectation(
        step=step,
        subject=subject,
        said=" ".join(text.split()),
        place=remark.place,
        object=identity,
        bounds=bounds,
        excuses=remark.is_in_base,
    )


def _rows(text: str) -> tuple[str, Bounds | None]:
    table, _, numbers = text.rpartition(" ")
    bounds = Bounds.read(numbers)
    if bounds is None:
        raise _Mistake("rows need a table and a number or a range, the smaller number first: rows TABLE -120..-100.")
    if len(_parts(table)) < 2:  # noqa: PLR2004 - schema, table
        raise _Mistake(f'"{table}" names no table: write it with its schema, as public.orders.')
    return table.strip(), bounds


def _column(text: str) -> tuple[str, None]:
    if len(_parts(text)) != 3:  # noqa: PLR2004 - schema, table, column
        raise _Mistake("values need a column: values SCHEMA.TABLE.COLUMN.")
    return text, None


def _object(text: str) -> tuple[str, None]:
    if not text:
        raise _Mistake("drop needs an object: drop public.orders.note.")
    return text, None


def _nothing(text: str) -> tuple[str, None]:
    if text.split() != ["data", "change"]:
        raise _Mistake(f'"no {text}" cannot be expected: write `expect no data change`.')
    return "", None


def _parts(identity: str) -> list[str]:
    """Return the names of an identity, as they are quoted.

    >>> _parts('public."My.table".note')
    ['public', '"My.table"', 'note']
    """
    return re.findall(r'"(?:[^"]|"")*"|[^".\s]+', identity)
