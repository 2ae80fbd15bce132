"""Ask the gate: find a pass, look at what is there now, compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from rehearse import audit, runs
from rehearse.checkout import Checkout, checkout, root_of
from rehearse.checkout.base import Base
from rehearse.compare.environments import named
from rehearse.config import Configuration
from rehearse.config.errors import NoWayToMigrate
from rehearse.errors import RehearseError, RequestError
from rehearse.gate import finding, tree, versions
from rehearse.gate.issuing import played
from rehearse.gate.presence import Found, Now
from rehearse.gate.refusals import refusals
from rehearse.migrators import project
from rehearse.model.audit import START, Act, Entry, Head
from rehearse.model.passes import Played, Refusal
from rehearse.model.policy import Policy
from rehearse.model.report import Verdict
from rehearse.model.signature import VARIABLE, Key
from rehearse.request.policy import policy_for
from rehearse.snapshot import standing
from rehearse.snapshot.standing import Reading

_MOST = 20  # passes that are tried


class NothingToAsk(RequestError):
    """An environment without a database that could be looked at."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a snapshot: the gate looks at the database that gets the release.",
            f"Set url under [environments.{name}], or give a URL.",
        )


class NoKey(RequestError):
    """Signatures are demanded and cannot be checked."""

    def __init__(self) -> None:
        super().__init__(
            f"The policy demands signed passes (policy.require_signed), and {VARIABLE} is not set here.",
            f"Give the gate the key that runs are signed with: {VARIABLE}.",
        )


class NoReason(RequestError):
    """An emergency without a word why."""

    def __init__(self) -> None:
        super().__init__("--emergency needs a reason: it is written down.", 'gate --emergency "what happened"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the gate."""

    name: str  # an environment, or the URL of a database
    configuration: Configuration
    environ: Mapping[str, str] = field(repr=False)
    at: datetime
    run: str | None = None
    file: Path | None = None  # of a pass
    target: str | None = None  # None: every head
    python: Path | None = None
    config: Path | None = None  # the configuration's file, if it was named
    base: Base | None = None  # whose policy counts
    here: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the gate says."""

    place: str  # how the environment is called
    found: Found | None  # the pass it looked at
    refusals: tuple[Refusal, ...]
    at: datetime
    signed: str  # "signed", "unsigned", "signature not checked"
    audit: Head
    reading: Reading | None  # of production, if it got so far
    files: Mapping[str, str]  # of the release, as far as they are known: path -> sha256
    checkout: Checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What holds for every pass that is tried."""

    question: Question
    place: str
    policy: Policy
    home: Path
    key: Key | None
    checkout: Checkout
    chain: audit.Audit
    played: Played | None


def ask(question: Question) -> Answer:
    """Return whether the release may go; raises RequestError, and RehearseError where that could not be established."""
    ground, url = _ground(question)
    opened = _passes(ground)
    candidates = [found for found in opened if isinstance(found, Found)][:_MOST]
    if not candidates:
        broken = tuple(found for found in opened if isinstance(found, Refusal))
        none = finding.none_of(ground.policy.environment, ground.place, ground.home)
        return _answer(ground, None, broken[:1] or (none,), None)
    reading = standing.read(url, question.configuration.reading.max_lag)
    here = versions.read(_wanted(ground.policy, candidates), _python(question))
    tried = [(found, _refusals(found, ground, reading, here)) for found in candidates]
    found, against = next((pair for pair in tried if not pair[1]), tried[0])
    return _answer(ground, found, against, reading)


def pass_through(question: Question) -> Answer:
    """Ask, and write down what is let through. Raises what `ask` does, and AuditNotWritten."""
    answer = ask(question)
    if answer.refusals:
        return answer
    return _written(question, answer, Act.PASSED)


def let_through(question: Question, reason: str) -> tuple[Answer, tuple[str, ...]]:
    """Write down that a release goes out unrehearsed, by whom and why; return what stood against it, too.

    That something could not be established stops nothing, it is written down. Raises RequestError and AuditNotWritten.
    """
    if not reason.strip():
        raise NoReason
    try:
        answer = ask(question)
        skipped = tuple(refusal.sentence for refusal in answer.refusals)
    except RequestError:
        raise
    except RehearseError as error:
        ground, _ = _ground(question)
        answer = _answer(ground, None, (), None)
        skipped = (f"It could not be established: {error.sentence}",)
    if answer.reading is None:
        answer = replace(answer, reading=_tried(question))
    return _written(question, answer, Act.EMERGENCY, reason=reason.strip(), skipped=skipped), skipped


def verify_audit(configuration: Configuration, environ: Mapping[str, str], here: Path) -> tuple[Head, tuple[str, ...]]:
    """Return where the audit ends, and what is wrong with it and with the register of runs, by the passes, too."""
    home = runs.home(configuration.file, here)
    key = Key.of(environ)
    chain = audit.read(home, key)
    kept = [found for found in finding.of_environment(None, home, key) if isinstance(found, Found)]
    faults = [chain.fault, *(chain.lacks(found.permit.audit) for found in kept)]
    faults += [runs.register(runs.runs_in(home)).fault, *(found.unregistered for found in kept)]
    return chain.head, tuple(dict.fromkeys(fault for fault in faults if fault is not None))


def _ground(question: Question) -> tuple[_Ground, str]:
    configuration = question.configuration
    (environment,) = named([question.name], configuration)
    if environment.url is None:
        raise NothingToAsk(environment.name)
    policy = policy_for(question.name, configuration, file=question.config, base=question.base)
    key = Key.of(question.environ)
    if key is None and policy.admission.require_signed:
        raise NoKey
    home = runs.home(configuration.file, question.here)
    here = checkout(root_of(home.parent))
    ground = _Ground(
        question=question,
        place=environment.name,
        policy=policy,
        home=home,
        key=key,
        checkout=here,
        chain=audit.read(home, key),
        played=_played(configuration, here.root),
    )
    return ground, environment.url


def _passes(ground: _Ground) -> tuple[Found | Refusal, ...]:
    question = ground.question
    if question.file is not None:
        return (finding.in_file(question.file, ground.home, ground.key),)
    if question.run is not None:
        return (finding.of_run(question.run, ground.home, ground.key),)
    return finding.of_environment(ground.policy.environment, ground.home, ground.key)


def _refusals(found: Found, ground: _Ground, reading: Reading, here: Mapping[str, str]) -> tuple[Refusal, ...]:
    permit, question = found.permit, ground.question
    if permit.production.fingerprint != reading.production.fingerprint:
        found = replace(found, objects=finding.objects_of(Path(found.place)))
    faults = (ground.chain.fault, ground.chain.lacks(permit.audit))
    now = Now(
        at=question.at,
        environment=ground.policy.environment,
        place=ground.place,
        tree=tree.read(permit.material, ground.checkout, ground.home),
        production=reading.production,
        objects=reading.objects,
        policy=ground.policy,
        played=ground.played,
        target=None if question.target in ("head", "heads") else question.target,
        versions=here,
        has_key=ground.key is not None,
        audit=tuple(fault for fault in faults if fault is not None),
        lacking=tuple(_lacking(found, ground)),
    )
    return refusals(found, now)


def _lacking(found: Found, ground: _Ground) -> list[str]:
    """Return which earlier environments have no pass for the same files, and why."""
    sentences = []
    for name in ground.policy.admission.earlier(ground.policy.environment):
        opened = finding.of_environment(name, ground.home, ground.key)
        kept = [each for each in opened if isinstance(each, Found) and each.permit.environment == name]
        if not any(_vouches(each, found, ground) for each in kept):
            why = "no pass of its own" if not kept else "none that is good for these files"
            sentences.append(f"{name} comes before {ground.place}, and has {why}.")
    return sentences


def _vouches(earlier: Found, found: Found, ground: _Ground) -> bool:
    """Say whether the pass of an earlier environment is good for the same release."""
    permit, admission = earlier.permit, ground.policy.admission
    is_signed = permit.signature is not None or not (admission.require_signed or ground.key)
    is_sound = earlier.faults == () and is_signed
    is_same = permit.material.digest == found.permit.material.digest and permit.target == found.permit.target
    is_young = ground.question.at - permit.issued_at <= admission.max_age
    return is_sound and is_same and is_young and permit.verdict is Verdict.SAFE and not permit.forgiven


def _played(configuration: Configuration, root: Path) -> Played | None:
    """Return what the project says it plays; None where it leaves that to flags."""
    if configuration.file is None:
        return None
    try:
        return played(configuration.migrations.plan(), root)
    except NoWayToMigrate:
        return None


def _wanted(policy: Policy, candidates: list[Found]) -> frozenset[str]:
    noted = frozenset(name for found in candidates for name in found.permit.versions)
    return noted.intersection(policy.admission.versions)


def _python(question: Question) -> Path:
    """Return the interpreter that migrates, found as it is for a rehearsal."""
    plan = question.configuration.migrations.project()
    chosen = question.python.absolute() if question.python else plan.python
    found = project.own_interpreter(replace(plan, python=chosen), plan.config, question.environ)
    return found or Path(sys.executable)


def _answer(ground: _Ground, found: Found | None, against: tuple[Refusal, ...], reading: Reading | None) -> Answer:
    files: Mapping[str, str] = {}
    if found is not None:
        read = tree.read(found.permit.material, ground.checkout, ground.home)
        files = {path: file.sha256 for path, file in read.files.items() if file is not None} | dict(read.added)
    return Answer(
        place=ground.place,
        found=found,
        refusals=against,
        at=ground.question.at,
        signed=_signed(found, ground.key),
        audit=ground.chain.head,
        reading=reading,
        files=files,
        checkout=ground.checkout,
    )


def _signed(found: Found | None, key: Key | None) -> str:
    if found is None or found.permit.signature is None:
        return "unsigned"
    return "signed" if key is not None else f"its signature not checked ({VARIABLE} is not set)"


def _tried(question: Question) -> Reading | None:
    _, url = _ground(question)
    return _or_none(lambda: standing.read(url, question.configuration.reading.max_lag))


def _or_none(read: Callable[[], Reading]) -> Reading | None:
    try:
        return read()
    except RehearseError:
        return None


def _written(
    question: Question, answer: Answer, act: Act, *, reason: str = "", skipped: tuple[str, ...] = ()
) -> Answer:
    here, there = answer.checkout, answer.reading.production if answer.reading else None
    entry = Entry(
        number=0,
        at=question.at,
        act=act,
        environment=answer.place,
        who=audit.actor(question.environ),
        reason=reason,
        skipped=skipped,
        run=answer.found.permit.run if answer.found else None,
        commit=here.commit,
        dirty=bool(here.changed),
        files=answer.files,
        heads=there.heads if there else None,
        fingerprint=there.fingerprint if there else None,
        previous=START,
    )
    home = runs.home(question.configuration.file, question.here)
    return replace(answer, audit=audit.append(entry, home, Key.of(question.environ)))
