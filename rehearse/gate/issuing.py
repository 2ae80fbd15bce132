"""Issue the pass of a safe rehearsal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from rehearse import __version__, audit, runs
from rehearse.checkout import Checkout, checkout, of_commit, path_within, root_of
from rehearse.model.audit import Head
from rehearse.model.facts import Facts
from rehearse.model.finding import Ground
from rehearse.model.migration import MigrationPlan
from rehearse.model.passes import FILE, FORMAT, Accepted, Nearness, Pass, Played, Production, of_interest
from rehearse.model.rehearsal import Fidelity, Rehearsal
from rehearse.model.report import Report, Verdict
from rehearse.model.severity import Severity
from rehearse.model.signature import Key, Purpose
from rehearse.reports import json as report_as_json

_NETWORK = "network namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A pass as it is kept, or why there is none."""

    content: bytes | None = None
    why_not: str | None = None  # None: the verdict says it


def keep(report: Report, plan: MigrationPlan, home: Path, key: Key | None, *, commit: str | None = None) -> str | None:
    """Keep a run, with its pass if it is safe; return why it has none where the verdict does not say so.

    It is on the register before it is kept: whatever becomes of its directory, the gate knows how it ended. `commit`
    is the one whose code was rehearsed; None: it was the working tree's.

    Raises RunNotKept.
    """
    registered = runs.enter(report, home)
    root = root_of(home.parent)
    here = checkout(root) if commit is None else of_commit(root, commit)
    issued = issue(report, plan, home, here, key, datetime.now(UTC), registered)
    runs.keep(report, home, **({} if issued.content is None else {FILE: issued.content}))
    return issued.why_not


def issue(
    report: Report,
    plan: MigrationPlan,
    home: Path,
    here: Checkout,
    key: Key | None,
    now: datetime,
    registered: Head,
) -> Issued:
    """Return the pass of a report as JSON, signed where there is a key; none of what is not safe, or of settings.

    What was made of files that nobody saw being read is bound to the commit instead, if all of it is committed.
    """
    if report.verdict is not Verdict.SAFE or plan.tool == "none":
        return Issued()
    material = report.rehearsal.migration.material
    if not (material.files or material.unseen):
        return Issued(why_not="No pass: it is not known which files this migration is made of.")
    if material.unseen and (here.tree is None or not here.is_clean):
        named = ", ".join(material.unseen)
        return Issued(
            why_not=f"No pass: {named} may have read files that nobody saw. Commit everything and rehearse again: then "
            "the pass is for the commit."
        )
    found = replace(_pass(report, plan, home, here, key, now), register=registered)
    return Issued(content=_signed(found, key))


def played(plan: MigrationPlan, root: Path) -> Played:
    """Return what a plan plays, named as on every machine."""
    places = plan.files if plan.folder is None else (plan.folder,)
    return Played(
        tool=plan.tool,
        config=None if plan.config is None else path_within(plan.config, root),
        scripts=tuple(path_within(place, root) for place in places),
        command=plan.command,
    )


def production_of(
    facts: Facts, fingerprint: str, heads: Mapping[str, tuple[str, ...]], taken_at: datetime
) -> Production:
    """Return the production a snapshot was taken of."""
    return Production(
        system_identifier=facts.system_identifier,
        database=facts.database,
        database_oid=facts.database_oid,
        server_major=facts.server_major,
        settings=of_interest(facts.settings),
        fingerprint=fingerprint,
        heads=heads,
        taken_at=taken_at,
    )


def _pass(report: Report, plan: MigrationPlan, home: Path, here: Checkout, key: Key | None, now: datetime) -> Pass:
    rehearsal = report.rehearsal
    rendered = report_as_json.render(report).encode()
    return Pass(
        format=FORMAT,
        run=rehearsal.id,
        issued_at=now,
        verdict=report.verdict,
        report=hashlib.sha256(rendered).hexdigest(),
        environment=report.policy.environment,
        project=path_within(home.parent, here.root),
        origin=here.origin,
        commit=here.commit,
        tree=here.tree,
        changed=here.changed,
        untracked=here.untracked,
        played=played(plan, here.root),
        target=plan.target,
        heads_after=rehearsal.heads_after,
        material=rehearsal.migration.material,
        production=_production(rehearsal),
        policy=report.policy.digests,
        accepted=tuple(_accepted(report)),
        forgiven=sum(
            finding.acceptance is not None
            and finding.acceptance.ground is Ground.BASELINE
            and finding.severity is Severity.BLOCK
            for finding in report.findings
        ),
        versions={**dict(rehearsal.migration.versions), "rehearse": __version__},
        nearness=_nearness(rehearsal.fidelity),
        audit=audit.read(home).head,
        key=None if key is None else key.name,
    )


def _production(rehearsal: Rehearsal) -> Production:
    facts = rehearsal.facts
    return production_of(
        facts,
        str(rehearsal.inputs["catalog_fingerprint"]),
        {table.table: table.heads for table in facts.version_tables},
        rehearsal.fidelity.data_taken_at,
    )


def _accepted(report: Report) -> tuple[Accepted, ...]:
    return tuple(
        Accepted(
            check=finding.check,
            object=finding.object,
            expires=finding.acceptance.expires,
            place=finding.acceptance.place,
        )
        for finding in report.findings
        if finding.acceptance is not None and finding.acceptance.expires is not None
    )


def _nearness(fidelity: Fidelity) -> Nearness:
    return Nearness(
        observation=fidelity.observation,
        source_version=fidelity.source_version,
        stage_version=fidelity.stage_version,
        sampled_fraction=fidelity.sampled_fraction,
        isolated=_NETWORK in fidelity.isolation,
        deviations=fidelity.deviations,
    )


def _signed(found: Pass, key: Key | None) -> bytes:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    told = cast("dict[str, object]", TypeAdapter(Pass).dump_python(found, mode="json", exclude={"signature"}))
    if key is not None:
        told["signature"] = key.sign(Purpose.PASS, told)
    return json.dumps(told, indent=1, sort_keys=True).encode()
