"""Looking for bytes that a reader does not survive, for longer than a test may: ``python -m tests.fuzz``."""
