"""The report as one page that needs nothing else: for a ticket, for paper, for people who never saw a terminal."""

from __future__ import annotations

from importlib.resources import files

from rehearse.model.report import Report


def render(report: Report) -> str:
    """Return the report as HTML: styles and pictures inside, no script, nothing to be fetched."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - slow to import for other formats

    from rehearse.reports.html import page, words  # noqa: PLC0415 - as above

    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=words.shown,
    )
    return environment.get_template("page.html.j2").render(page.of(report), style=_source("page.css"))


def _source(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
