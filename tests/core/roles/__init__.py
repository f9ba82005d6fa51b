"""Tests of the search for roles."""
