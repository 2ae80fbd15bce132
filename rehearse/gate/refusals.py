"""Compare a pass with what is there now: every reason not to let the release through, each in its own sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rehearse.gate.of_material import of_material
from rehearse.gate.of_production import of_production
from rehearse.gate.presence import Found, Now
from rehearse.model.passes import Pass, Refusal
from rehearse.model.quantity import duration
from rehearse.model.report import Verdict

_AGAIN = "Rehearse again: rehearse run."
_SKEW = timedelta(minutes=1)  # by which two machines' clocks may differ
_POLICY = {
    "acknowledgements": "the acknowledgements",
    "limits": "limits, severities or rates",
    "admission": "what it asks of a pass (age, signature, windows, paths, fidelity)",
}


def refusals(found: Found, now: Now) -> tuple[Refusal, ...]:
    """Return every reason, the pass itself first; none: the release may go."""
    return (
        *_of_itself(found, now),
        *_of_time(found.permit, now),
        *of_material(found.permit, now),
        *of_production(found, now),
        *_of_policy(found.permit, now),
        *_of_versions(found.permit, now),
        *_of_nearness(found.permit, now),
        *_of_release(now),
    )


def _of_itself(found: Found, now: Now) -> Iterator[Refusal]:
    permit = found.permit
    if found.forgery is not None:
        yield _refusal("pass-forged", found.forgery, _AGAIN, found.place)
    if permit.signature is None and now.policy.admission.require_signed:
        yield _refusal(
            "pass-unsigned",
            f"The pass of run {permit.run} is not signed, and the policy demands it (policy.require_signed).",
            "Rehearse where REHEARSE_PASS_KEY is set.",
            found.place,
        )
    elif permit.signature is None and now.has_key:
        yield _refusal(
            "pass-unsigned",
            f"The pass of run {permit.run} is not signed, and there is a key to sign with (REHEARSE_PASS_KEY).",
            "Rehearse where REHEARSE_PASS_KEY is set.",
            found.place,
        )
    if found.mislaid is not None:
        yield _refusal("pass-mislaid", found.mislaid, _AGAIN, found.place)
    if permit.verdict is not Verdict.SAFE:
        yield _refusal(
            "verdict", f"Run {permit.run} was {permit.verdict.value}, and only what is safe is let through.", _AGAIN
        )
    for later in found.later:
        yield _refusal("superseded", f"A later run of the same files was not safe: {later}.", _AGAIN)
    for sentence in found.missing:
        yield _refusal("run-missing", sentence, "Bring the run back, or rehearse again.")
    if found.unregistered is not None:
        yield _refusal("register", found.unregistered, "Bring it back; or move the runs away and rehearse again.")
    if permit.forgiven:
        yield _refusal(
            "baseline",
            f"Run {permit.run} was judged against a baseline that excused {permit.forgiven} blocking "
            f"finding{'' if permit.forgiven == 1 else 's'}; nobody has acknowledged them.",
            "Rehearse without --baseline, and acknowledge what is meant.",
        )
    yield from (_refusal("audit", fault, "rehearse gate --verify-audit; bring the audit back.") for fault in now.audit)


def _of_time(permit: Pass, now: Now) -> Iterator[Refusal]:
    age = now.at - permit.issued_at
    if age < -_SKEW:
        yield _refusal(
            "from-the-future",
            f"The pass of run {permit.run} was issued {_span(-age)} from now: a clock is wrong here or where it was "
            "rehearsed.",
            "Set the clocks right, then rehearse again.",
        )
    if age > now.policy.admission.max_age:
        yield _refusal(
            "too-old",
            f"Run {permit.run} was {_span(age)} ago, and a pass is good for {_span(now.policy.admission.max_age)} "
            "(policy.max_age).",
            _AGAIN,
        )
    today = now.at.date()
    for accepted in permit.accepted:
        if accepted.expires < today:
            where = f" ({accepted.place})" if accepted.place else ""
            yield _refusal(
                "acknowledgement-expired",
                f"{accepted.check} on {accepted.object} was acknowledged until {accepted.expires}, which is past"
                f"{where}.",
                "Mend it, or renew the acknowledgement, then rehearse again.",
                accepted.object,
            )


def _of_policy(permit: Pass, now: Now) -> Iterator[Refusal]:
    if permit.environment not in (now.environment, None):
        yield _refusal(
            "other-environment",
            f"Run {permit.run} was for {permit.environment}, and this is {now.environment or now.place}.",
            f"Rehearse for it: rehearse run --from {now.environment or 'URL'}.",
        )
    digests = now.policy.digests
    for part, name in _POLICY.items():
        if permit.policy.get(part) != digests[part]:
            yield _refusal(
                f"policy-{part}",
                f"The policy is not the one run {permit.run} was judged by: {name} differ.",
                "Rehearse under the policy that holds.",
            )


def _of_versions(permit: Pass, now: Now) -> Iterator[Refusal]:
    for name in sorted(now.policy.admission.versions):
        then, here = permit.versions.get(name), now.versions.get(name)
        if then is not None and then != here:
            yield _refusal(
                f"version-{name}",
                f"It was rehearsed with {name} {then}, and here is {f'{name} {here}' if here else f'no {name}'}.",
                f"Install {name} {then}, or rehearse again with the version that will migrate.",
                name,
            )


def _of_nearness(permit: Pass, now: Now) -> Iterator[Refusal]:
    asked, near = now.policy.admission.min_fidelity, permit.nearness
    age = now.at - permit.production.taken_at
    if asked.observation == "exact" and near.observation != "exact":
        yield _near("it was observed by samples only", "observation", "Rehearse on a server of rehearse's own.")
    if asked.same_major and not near.same_major:
        stage, source = near.stage_version.split(" ")[0], near.source_version.split(" ")[0]
        yield _near(
            f"the stage ran PostgreSQL {stage}, production {source}",
            "same_major",
            "Install production's major version where it is rehearsed.",
        )
    if asked.max_data_age is not None and age > asked.max_data_age:
        yield _near(
            f"its data is {_span(age)} old, more than {_span(asked.max_data_age)}",
            "max_data_age",
            "Take a new snapshot, then rehearse.",
        )
    if asked.sampled_fraction is not None and (near.sampled_fraction or 0) < asked.sampled_fraction:
        held = "an unknown part" if near.sampled_fraction is None else f"{near.sampled_fraction:.2%}"
        yield _near(
            f"the stage held {held} of production's rows, less than {asked.sampled_fraction:.2%}",
            "sampled_fraction",
            "Raise snapshot.rows.",
        )
    if asked.isolated and not near.isolated:
        yield _near("the migration had a network", "isolated", "Rehearse where the kernel grants namespaces.")
    if asked.max_deviations is not None and len(near.deviations) > asked.max_deviations:
        yield _near(
            f"the stage deviated from production in {len(near.deviations)} points, more than {asked.max_deviations}",
            "max_deviations",
            f"The report lists them: rehearse report {permit.run}.",
        )


def _of_release(now: Now) -> Iterator[Refusal]:
    admission = now.policy.admission
    for sentence in now.lacking:
        yield _refusal("path", sentence, "Rehearse there first, with the same files.")
    for freeze in admission.freezes:
        if freeze.contains(now.at.date()):
            yield _refusal(
                "frozen",
                f"Nothing is released from {freeze.first} to {freeze.last} (policy.freezes).",
                'Wait, or let it through with --emergency "reason".',
            )
    if admission.windows and not any(window.contains(now.at) for window in admission.windows):
        opening = min(window.opens_after(now.at) for window in admission.windows)
        yield _refusal(
            "outside-window",
            f"It is outside the windows for releases: {'; '.join(window.written for window in admission.windows)}.",
            f"The next one opens on {opening:%a %d %b %H:%M} ({opening.tzinfo}).",
        )


def _near(what: str, key: str, remedy: str) -> Refusal:
    return _refusal(f"fidelity-{key}", f"The rehearsal was too far from production: {what}.", remedy)


def _refusal(reason: str, sentence: str, remedy: str, about: str | None = None) -> Refusal:
    return Refusal(reason=reason, sentence=sentence, remedy=remedy, object=about)


def _span(span: timedelta) -> str:
    """Write an age.

    >>> _span(timedelta(hours=30)), _span(timedelta(days=3)), _span(timedelta(minutes=7))
    ('30 h', '3 days', '7 min 0 s')
    """
    hours = span.total_seconds() / 3600
    if hours < 1:
        return duration(span)
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - where people count in days
