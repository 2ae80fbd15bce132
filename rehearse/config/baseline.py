"""Reading a baseline: the JSON report of an earlier rehearsal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.model.baseline import Baseline, KnownFinding, lost
from rehearse.model.finding import Severity

_SCHEMA_VERSION = 1


class BaselineUnusable(RequestError):
    """A file that is no report this version can compare with."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"--baseline {path} cannot be used: {why}.",
            "Make it on the base branch with this version: rehearse run --format json > report.json",
        )


def read_baseline(path: Path) -> Baseline:
    """Read the findings of a report that `rehearse run --format json` printed. Raises BaselineUnusable."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineUnusable(path, error.strerror or str(error)) from None
    except ValueError:
        raise BaselineUnusable(path, "it is not JSON") from None
    if not isinstance(report, dict) or not {"schema_version", "verdict", "findings"} <= report.keys():
        raise BaselineUnusable(path, "it is no report of `rehearse run`")
    if report["schema_version"] != _SCHEMA_VERSION:
        version = json.dumps(report["schema_version"])
        raise BaselineUnusable(path, f"its schema_version is {version}, and this version reads {_SCHEMA_VERSION}")
    if "failed" in report:
        raise BaselineUnusable(path, "its rehearsal failed, and nothing was judged")
    try:
        return Baseline(place=str(path), findings=tuple(_findings(report["findings"])))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BaselineUnusable(path, "its findings are not such as `rehearse run` writes") from None


def _findings(written: list[dict[str, object]]) -> Iterator[KnownFinding]:
    for entry in written:
        evidence = entry["evidence"]
        yield KnownFinding(
            check=str(entry["check"]),
            object=str(entry["object"]),
            severity=Severity(entry["severity"]),
            lost=lost(evidence) if isinstance(evidence, dict) else None,
        )
