"""Pickles as data: opcodes become inert values. Nothing a pickle names is imported or called."""
