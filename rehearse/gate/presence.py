"""What is there now: the working tree, production, the versions, the audit, other runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rehearse.checkout import Checkout
from rehearse.model.passes import Pass, Played, Production
from rehearse.model.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNow:
    """A file as it is."""

    sha256: str
    text: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files and folders that a pass speaks of, as they are; None: there is no such thing any more."""

    files: Mapping[str, FileNow | None]
    folders: Mapping[str, tuple[str, ...] | None]
    added: Mapping[str, str]  # files in these folders that the pass does not know: path -> sha256
    shadowing: Mapping[str, str]  # what an import would find now before what it found: path -> module
    checkout: Checkout
    project: str  # the configuration's place below the root


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pass where it was found."""

    permit: Pass
    place: str  # the file
    forgery: str | None = None  # what its signature gives away, in a sentence; None: nothing
    mislaid: str | None = None  # why it does not belong where it lies
    objects: Mapping[str, str] | None = None  # digests of production's objects then; None: they are not at hand
    later: tuple[str, ...] = ()  # what later runs of the same files said, in words: "20261128-... was unsafe"
    missing: tuple[str, ...] = ()  # sentences: later runs of the same files that were not safe, and are not kept
    unregistered: str | None = None  # what is wrong with the register of runs; None: nothing

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what is wrong with it by itself, in words."""
        single = (self.forgery, self.mislaid, self.unregistered)
        return (*(fault for fault in single if fault is not None), *self.later, *self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Everything a pass is compared with."""

    at: datetime
    environment: str | None  # None: a database nobody declared
    place: str  # how production is called
    tree: Tree
    production: Production
    objects: Mapping[str, str]  # digests of production's objects
    policy: Policy
    played: Played | None  # what the project's configuration plays; None: it does not say
    target: str | None
    versions: Mapping[str, str]
    has_key: bool
    audit: tuple[str, ...]  # what is wrong with it, in sentences
    lacking: tuple[str, ...] = ()  # earlier environments without a pass of their own, and why, in sentences
