"""Tests; they mirror ``ckpt_gui/``. ``builders`` writes the files they open, ``oracle`` says what torch reads."""
