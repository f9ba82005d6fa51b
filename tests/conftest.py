"""What every test stands on: no display, no trace in the user's own folders, nothing left running."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Before anything imports Qt: the platform is chosen when it loads.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Settings, caches and recent files of the tests go to a folder of their own (one for each worker).
_HOME = tempfile.TemporaryDirectory(prefix="ckpt_gui-tests-")
for _name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
    os.environ[_name] = str(Path(_HOME.name, _name))
# No window of a test is the person's running window, nor does it hand its files to that.
_RUNTIME = Path(_HOME.name, "run")
_RUNTIME.mkdir(mode=0o700)
os.environ["XDG_RUNTIME_DIR"] = str(_RUNTIME)
os.environ["CKPT_GUI_CACHE"] = str(Path(_HOME.name, "cache"))

pytest_plugins = ["tests.leaks", "pytester"]

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of checkpoints found in the wild, which stands beside the checkout, not in it."""
    if not REAL.is_dir():
        pytest.skip(f"the folder of real checkpoints is not on this machine ({REAL})")
    return REAL


@pytest.fixture(scope="session", autouse=True)
def warned_once() -> None:
    """What torch says once a process, of whichever test comes first, is said here."""
    from tests.builders.common import quiet

    with quiet():
        import torch

        torch.eye(1).to_sparse_csr()
        torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.int64), torch.ones(1), (1,))
