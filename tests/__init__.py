"""Mirrors ``ckpt_gui/``: the tests of a room stand under the room's own path."""
