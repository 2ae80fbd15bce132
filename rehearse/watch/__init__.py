"""Observing a migration from the server: tracer, log, sampler, and the Timeline made of them."""
