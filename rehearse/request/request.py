"""What is to be rehearsed, from what, under which policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rehearse.checkout.base import Base
from rehearse.checkout.worktree import Worktree
from rehearse.model.baseline import Baseline
from rehearse.model.migration import MigrationPlan
from rehearse.model.policy import Policy
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.model.setting import WantedSetting
from rehearse.request.demands import Demands
from rehearse.sanitise import SanitiseRules
from rehearse.stages.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One rehearsal that is wished for, before anything was read for it."""

    source: str | None = None  # URL of the database to take a snapshot of
    snapshot: Path | None = None  # or a snapshot taken earlier
    plan: MigrationPlan
    policy: Policy = field(default_factory=Policy)
    engine: str = "auto"
    bin_dir: Path | None = None
    sampling: SampleRules = field(default_factory=SampleRules)
    limits: ReadingLimits = field(default_factory=ReadingLimits)
    sanitise: SanitiseRules = field(default_factory=SanitiseRules)
    settings: tuple[WantedSetting, ...] = ()  # to be rehearsed, beside the migration or alone
    downgrade: bool = True  # rehearse the way back, too, where there is one
    one_by_one: bool = False  # each revision's by itself, however long that takes
    calibrate: bool = False  # measure each step on samples of three sizes; on rehearse's own server only
    role: str | None = None  # role the migration runs as; None: production's owner
    allowed: tuple[str, ...] = ()  # the statements for which it has a superuser's rights on the stage
    into: Place | None = None  # a server that others own; None: one of rehearse's own
    code: Worktree | None = None  # that is rehearsed; None: that of the working tree
    base: Base | None = None  # the commit whose policy and comments count; None: those of the working tree
    baseline: Baseline | None = None  # what an earlier report found blocks no more
    demands: Demands | None = None  # what the project itself asks of the migrated stage
    home: Path | None = None  # of the project's runs; None: this one is not kept, and has no id

    @property
    def named(self) -> MigrationPlan:
        """Return the plan with its paths as the project knows them, wherever its code was checked out."""
        return self.plan if self.code is None else self.code.named(self.plan)

    @property
    def commit(self) -> str | None:
        """Return the commit whose code is rehearsed; None: it is the working tree's."""
        return None if self.code is None else self.code.base.commit
