"""The audit of a project: `.rehearse/audit.jsonl`, which only grows."""

from rehearse.audit.actor import actor
from rehearse.audit.chain import AuditUnreadable, Chain, path_in, read
from rehearse.audit.writing import AuditNotWritten, append

__all__ = ["AuditNotWritten", "AuditUnreadable", "Chain", "actor", "append", "path_in", "read"]
