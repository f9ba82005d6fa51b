"""Tests of the integration with the desktop."""
