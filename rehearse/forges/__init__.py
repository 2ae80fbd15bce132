"""Forges, where changes are reviewed: one comment on a pull request, kept up to date."""

from rehearse.forges.comment import Written, upsert
from rehearse.forges.github import GitHub
from rehearse.forges.gitlab import GitLab

__all__ = ["GitHub", "GitLab", "Written", "upsert"]
