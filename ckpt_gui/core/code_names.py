"""Which of the names a pickle refers to are known."""


def trust(module: str, name: str) -> str:
    """``data``, ``constructor`` or ``unknown``."""
    return "constructor" if module.startswith("torch") else "unknown"
