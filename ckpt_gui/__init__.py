"""ckpt_gui: look inside PyTorch checkpoints, safely and at once.

The rooms, from the ground up (the laws between them stand in pyproject.toml,
``[tool.importlinter]``; README draws the map):

``core``   the library: no Qt, no prints, starts no threads, imports nothing a file names.
``gui``    the window: adapts what the core returns.
``handover``  one window: a second start hands its files to the first, before it imports Qt.
``desktop``   file types and associations: what a desktop is told, and how that is undone.
``cli``    the verbs: the only room that prints.
"""

__version__ = "0.1.0"
