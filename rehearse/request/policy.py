"""The policy that counts: the working tree's or a commit's, for the environment that is rehearsed for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rehearse.checkout.base import Base
from rehearse.config import Configuration, policy_at
from rehearse.errors import RequestError, did_you_mean
from rehearse.model.policy import Policy
from rehearse.model.quantity import listing
from rehearse.registry import check_names


class UnknownChecks(RequestError):
    """A policy speaks of checks that there are not."""

    def __init__(self, entries: Iterable[tuple[str, str]], known: Collection[str]) -> None:
        listed = "\n".join(
            f'  {place}: there is no check "{check}"{did_you_mean(check, known)}' for place, check in entries
        )
        super().__init__(f"The policy cannot be used:\n{listed}", "`rehearse checks` lists them.")


def policy_for(
    source: str | None,
    configuration: Configuration,
    *,
    file: Path | None = None,
    base: Base | None = None,
    max_blocking: timedelta | None = None,
) -> Policy:
    """Return the policy for a source: an environment, a URL or a snapshot; None: production.

    It is the configuration's, or that of a base commit, from the file of that name or the nearest one.
    Raises UnknownChecks and ConfigurationError.
    """
    policy = configuration.policy if base is None else policy_at(base, file, Path.cwd(), os.environ)
    named = [(entry.place, entry.check) for entry in policy.acknowledgements]
    named += [(entry.place, entry.check) for entry in policy.overrides]
    if named and (unknown := [(place, check) for place, check in named if check not in check_names()]):
        raise UnknownChecks(unknown, check_names())
    environment = _environment(source, configuration, base)
    return replace(
        policy,
        environment=environment,
        max_blocking=policy.max_blocking if max_blocking is None else max_blocking,
        notes=(*policy.notes, *(() if environment else _unplaced(policy))),
    )


def _environment(source: str | None, configuration: Configuration, base: Base | None) -> str | None:
    """Return the environment that is rehearsed for, by its name or by its URL; None where nobody declared it.

    Beside a policy of a commit the working tree's word for a URL counts for nothing.
    """
    name = source or "production"
    if name in configuration.environments:
        return name
    return configuration.name_of(name) if base is None else None


def _unplaced(policy: Policy) -> tuple[str, ...]:
    """Say that the policy speaks of environments where it is not known which one this is."""
    named = {entry.environment for entry in policy.overrides} | {entry.environment for entry in policy.limits}
    places = tuple(sorted(name for name in named if name))
    if not places:
        return ()
    return (f"What the policy says of {listing(places)} counts where it is stricter: no declared one was named.",)
