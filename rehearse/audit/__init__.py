"""The audit of a project: `.rehearse/audit.jsonl`, which only grows."""

from rehearse.audit.actor import actor
from rehearse.audit.lines import Audit, AuditNotWritten, append, path_in, read

__all__ = ["Audit", "AuditNotWritten", "actor", "append", "path_in", "read"]
