"""The report as one JSON object, for machines; its keys may grow, never shrink or change."""

from rehearse.reports.json.failed import render_failure
from rehearse.reports.json.report import SCHEMA_VERSION, as_object, render

__all__ = ["SCHEMA_VERSION", "as_object", "render", "render_failure"]
