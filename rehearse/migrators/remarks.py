"""Remarks: comments of a migration's file that are addressed to rehearse, and none that only look like it."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rehearse.checkout.base import Base
from rehearse.errors import RequestError
from rehearse.model.migration import StepRun
from rehearse.model.remark import Remark
from rehearse.watch import tokens

_ADDRESSED = re.compile(r"rehearse:\s*(?P<text>.*)", re.DOTALL)
_COPIED = re.compile(r"(?:(?!--).)*\bFROM\s+STDIN\b.*;\s*$", re.IGNORECASE)
_OF_PSQL = re.compile(r"\\[a-zA-Z!?]")


class Unreadable(RequestError):
    """A file that speaks to rehearse cannot be read as the Python it is called."""

    def __init__(self, source: str, line: int) -> None:
        super().__init__(
            f"{source}: what it says to rehearse cannot be told from its strings: Python's tokenizer stops in line "
            f"{line}.",
            "Write it in Python that this interpreter reads, or move the acknowledgement to rehearse.toml.",
        )


def of_file(path: Path, source: str) -> tuple[Remark, ...]:
    """Return the remarks of a file of Python or SQL; none of one that is gone or of another kind.

    Raises Unreadable.
    """
    try:
        return of_content(path.read_bytes(), path, source)
    except OSError:
        return ()


def of_content(content: bytes, path: Path, source: str) -> tuple[Remark, ...]:
    """Return the remarks of what a file holds, or held. Raises Unreadable."""
    if path.suffix == ".sql":
        return of_sql(content.decode(encoding="utf-8", errors="surrogateescape"), path, source)
    return of_python(content, path, source) if path.suffix == ".py" else ()


def of_python(content: bytes, path: Path, source: str) -> tuple[Remark, ...]:
    """Return the remarks in the comments of a module; what stands in a string is none. Raises Unreadable."""
    found: list[Remark] = []
    line = 1
    if b"rehearse:" not in content:
        return ()
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            line = token.start[0]
            if token.type == tokenize.COMMENT:
                found += _remarks(token.string.lstrip("#"), line, path, source)
    except (tokenize.TokenError, SyntaxError):
        raise Unreadable(source, line) from None
    return tuple(found)


def of_sql(text: str, path: Path, source: str) -> tuple[Remark, ...]:
    """Return the remarks in the comments of a script; what stands in a string, a body or copied rows is none."""
    if "rehearse:" not in text:
        return ()
    script = without_rows(text)
    found: list[Remark] = []
    for token in tokens.comments(script):
        said = token.text[2:-2] if token.kind == "comment" else token.text.lstrip("-")
        found += _remarks(said, script.count("\n", 0, token.start) + 1, path, source)
    return tuple(found)


def against(steps: Iterable[StepRun], base: Base) -> Iterator[StepRun]:
    """Yield the steps, with the remarks marked that the base commit does not have in the same file."""
    for step in steps:
        known: dict[Path, frozenset[str]] = {
            path: frozenset(remark.text for remark in _in_base(path, base))
            for path in {remark.path for remark in step.remarks}
        }
        marked = (replace(found, is_in_base=found.text in known[found.path]) for found in step.remarks)
        yield replace(step, remarks=tuple(marked))


def _in_base(path: Path, base: Base) -> tuple[Remark, ...]:
    content = base.content(path)
    try:
        return () if content is None else of_content(content, path, path.name)
    except Unreadable:
        return ()


def _remarks(said: str, line: int, path: Path, source: str) -> Iterator[Remark]:
    addressed = _ADDRESSED.fullmatch(said.strip())
    if addressed:
        yield Remark(text=" ".join(addressed["text"].split()), path=path, source=source, line=line)


def without_rows(text: str) -> str:
    r"""Return a script with rows that psql copies and commands of its own left out, lines where they were.

    >>> without_rows("COPY t FROM stdin;\n-- a row\n\\.\n\\echo it's\n-- a comment")
    'COPY t FROM stdin;\n\n\n\n-- a comment'
    """
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines) if line.rstrip("\r") == "\\."]
    kept: list[str] = []
    for number, line in enumerate(lines):
        if len(kept) > number:  # rows of a COPY above
            continue
        kept.append("" if _OF_PSQL.match(line) else line)
        end = next((end for end in ends if end > number), None)
        if end is not None and _COPIED.match(line):
            kept += [""] * (end - number)
    return "\n".join(kept)
