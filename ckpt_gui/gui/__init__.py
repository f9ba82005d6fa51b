"""The window: adapts what the core returns; computes nothing itself."""

import sys

if sys.version_info < (3, 12):
    # WORKAROUND (PySide6 6.12.0 with Python 3.11; no thread upstream found yet): each call of a Qt method that returns
    # nothing takes a reference from None that it never had, for from 3.12 on None is immortal. After some 5,000 such
    # calls the process dies of "none_dealloc: deallocating None". So None gets references that no session uses up.
    # Proof: t = QTimer(); a = sys.getrefcount(None); t.stop(); sys.getrefcount(None) - a  is -1.
    import ctypes

    ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40
