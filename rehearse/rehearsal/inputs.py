"""What a rehearsal rests on, as its report tells it."""

from __future__ import annotations

from collections.abc import Mapping

from rehearse import __version__, audit
from rehearse.db.connect import describe
from rehearse.model.audit import Unrehearsed, unrehearsed
from rehearse.model.json import JSON
from rehearse.model.snapshot import Snapshot
from rehearse.request.request import Request


def inputs(request: Request, snapshot: Snapshot) -> Mapping[str, JSON]:
    """Return the inputs of a rehearsal, for `inputs` of the JSON report. Raises chain.Unreadable."""
    plan = request.named
    return {
        "source": describe(request.source) if request.source else snapshot.manifest.source,
        "snapshot": str(request.snapshot) if request.snapshot else None,
        "database": snapshot.facts.database,
        "catalog_fingerprint": snapshot.manifest.catalog_fingerprint,
        "tool": plan.tool,
        "config": str(plan.config) if plan.config else None,
        "files": [str(path) for path in plan.files],
        "folder": str(plan.folder) if plan.folder else None,
        "command": list(plan.command),
        "target": plan.target,
        "at": request.demands.at if request.demands else None,
        "base": request.demands.base if request.demands else None,
        "settings": [f"{setting.name} ({setting.origin})" for setting in request.settings],
        "unrehearsed": [release.told for release in _unrehearsed(request, snapshot)],
        "allow_superuser": list(request.allowed),
        "rows": request.sampling.rows,
        "tables": sorted(request.sampling.tables),
        "environment": request.policy.environment,
        "policy_from": request.base.told if request.base else None,
        "baseline": request.baseline.place if request.baseline else None,
        "max_blocking_ms": request.policy.max_blocking.total_seconds() * 1000,
        "versions": {"rehearse": __version__},
    }


def _unrehearsed(request: Request, snapshot: Snapshot) -> tuple[Unrehearsed, ...]:
    """Return the releases nobody rehearsed that this production does not contain."""
    manifest = snapshot.manifest
    entries = () if request.home is None else audit.read(request.home).entries
    return unrehearsed(
        entries, request.policy.environment, manifest.taken_at, manifest.heads, manifest.catalog_fingerprint
    )
