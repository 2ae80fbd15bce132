"""A page with a limit: sections of which items are left out, and counted, where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

_APART = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page of Markdown, of which items may be left out from the end."""

    title: str
    items: tuple[str, ...]
    rank: int  # the lowest goes first where there is no room
    noun: str  # what one of its items is called
    folded: bool = True
    head: str = ""  # of a table, whose rows the items are
    between: str = "\n"
    left_out: int = 0

    @property
    def text(self) -> str:
        nouns = f"{self.noun}{'' if self.left_out == 1 else 's'}"
        more = f"{self.left_out:,} more {nouns} (all of them with `--format json`)" if self.left_out else ""
        rows = (self.head, *self.items) if self.head else self.items
        told = _APART.join(part for part in (self.between.join(rows) if self.items else "", more) if part)
        if self.folded:
            return f"<details><summary>{self.title}</summary>\n\n{told}\n\n</details>"
        return f"#### {self.title}\n\n{told}"


def fitting(sections: Sequence[Section], room: int) -> tuple[Section, ...]:
    """Return sections that together, set apart, are no longer than so many characters, if their titles are not."""
    kept = list(sections)
    over = len(_APART.join(section.text for section in kept)) - room
    for number in sorted(range(len(kept)), key=lambda number: kept[number].rank):
        while over > 0 and kept[number].items:
            shorter = _shortened(kept[number], over)
            over -= len(kept[number].text) - len(shorter.text)
            kept[number] = shorter
    return tuple(kept)


def _shortened(section: Section, over: int) -> Section:
    """Leave out as many items as are so many characters too many, one at least."""
    number = len(section.items)
    lost = 0
    while number and lost < over:
        number -= 1
        lost += len(section.items[number])
    return replace(section, items=section.items[:number], left_out=section.left_out + len(section.items) - number)
