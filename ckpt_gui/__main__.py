"""``python -m ckpt_gui`` is ``ckpt-gui``."""

from __future__ import annotations

import sys

from ckpt_gui.cli import main

sys.exit(main())
