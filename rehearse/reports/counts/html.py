"""Counts as one page that needs nothing else: for people who never saw a terminal, for a ticket, for paper."""

from __future__ import annotations

from importlib.resources import files

from rehearse.model.comparison import Status
from rehearse.model.counts import Counts
from rehearse.model.quantity import listing
from rehearse.reports.counts import figures, words
from rehearse.reports.counts.limits import limits

_SIGN = {Status.EQUAL: "=", Status.DIFFERENT: "≠", Status.UNKNOWN: "?", Status.SKIPPED: "·"}
_MOST_LOCATED = 1_000


def render(counts: Counts) -> str:
    """Return the comparison as HTML: styles inside, no script, nothing to be fetched."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow to import, and the other formats do without

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    template = files(__package__).joinpath("counts.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        counts=counts,
        sides=tuple(side.name for side in counts.sides),
        listed=words.listed(counts),
        equal=counts.with_status(Status.EQUAL),
        left_out=words.left_out(counts),
        limits=list(limits(counts)),
        most_located=_MOST_LOCATED,
        sign=_SIGN,
        listing=listing,
        words=words,
        figures=figures,
    )


def _shown(value: object) -> object:
    """Return what is written for a value: text without signs that a page may not hold."""
    return figures.plain(value) if type(value) is str else value
