"""Measurements against what a user would run instead, both in one run: ``python -m tests.benchmarks [--mini]``."""
