"""rehearse: know what your pending migrations will do to production, before they do it."""

__version__ = "0.1.0"
