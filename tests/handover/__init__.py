"""Tests of the hand-over from a second start to the running window."""
