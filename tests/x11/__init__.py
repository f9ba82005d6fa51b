"""Real key events under a real X server; skipped where there is none."""
