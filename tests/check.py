"""The one check command, for people and CI: ``python -m tests.check``. Stops at the first thing that fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LINT_IMPORTS = (
    "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command(['--no-logo']))"
)
"""import-linter has no ``python -m`` of its own, and its script may not be on the PATH."""

STEPS = {
    "style": ["-m", "ruff", "check", "."],
    "layout": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy", "--strict", "ckpt_gui", "tests"],
    "the laws between the rooms": ["-c", LINT_IMPORTS],
    "tests": ["-m", "pytest", "-q", "-n", "2", "--durations", "12"],
}


def main() -> int:
    """Runs every step with this interpreter; the exit code of the first that fails, else 0."""
    for name, arguments in STEPS.items():
        print(f"== {name}", flush=True)
        start = time.monotonic()
        code = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
        if code != 0:
            print(f"== {name}: failed (exit code {code})", file=sys.stderr)
            return code
        print(f"== {name}: good, {time.monotonic() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
