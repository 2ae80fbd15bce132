"""Sanitising: which values may leave a source, and behind which mask."""

from rehearse.sanitise.rules import SanitiseRules

__all__ = ["SanitiseRules"]
