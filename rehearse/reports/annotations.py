"""What the formats say that put a report beside the code: one remark for each finding and each open point."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rehearse.model.finding import Acceptance, Finding, Severity
from rehearse.model.report import Report, Verdict
from rehearse.reports import sentences, verdict
from rehearse.reports.places import Place, Places

UNDECIDED = "undecided"  # what an open point is called where every remark needs the name of a check


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One remark on one place."""

    check: str
    severity: Severity
    title: str  # "table-rewrite in step 0002: public.orders"
    message: str
    remedy: str  # may be empty
    place: Place | None  # None: there is no file to point at
    fingerprint: str  # the same in every run, whatever the numbers in the message are
    acceptance: Acceptance | None = None  # None: it counts
    notes: tuple[str, ...] = ()  # why it weighs what it weighs


def annotated(report: Report) -> tuple[Annotation, ...]:
    """Return the remarks of a report, what is open first, then the findings in their order."""
    places = Places.of(report)
    prints = _fingerprints(report.findings)
    findings = (_of_finding(found, places, next(prints)) for found in report.findings)
    return (*_open_points(report, places), *findings)


def _open_points(report: Report, places: Places) -> Iterator[Annotation]:
    """Yield what could not be established: it must not look as if nothing had been found."""
    steps = report.rehearsal.migration.steps
    points = report.reasons if report.verdict is Verdict.UNDECIDED else verdict.open_besides(report)
    for point in points:
        yield Annotation(
            check=UNDECIDED,
            severity=Severity.BLOCK,
            title="undecided: this is neither safe nor unsafe",
            message=point,
            remedy="",
            place=places.of_step(steps[0]) if steps else None,
            fingerprint=_digest(UNDECIDED, point),
        )


def _of_finding(found: Finding, places: Places, fingerprint: str) -> Annotation:
    step = f" in step {found.step}" if found.step else ""
    return Annotation(
        check=found.check,
        severity=found.severity,
        title=f"{found.check}{step}: {found.object}",
        message=found.message,
        remedy=found.remedy,
        place=places.of_finding(found),
        fingerprint=fingerprint,
        acceptance=found.acceptance,
        notes=tuple(sentences.weighed(found)),
    )


def _fingerprints(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a digest of check, object and step; of several alike, which one it is."""
    met: Counter[tuple[str, ...]] = Counter()
    for found in findings:
        key = (found.check, found.object, found.step or "")
        yield _digest(*key, *((str(met[key]),) if met[key] else ()))
        met[key] += 1


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
