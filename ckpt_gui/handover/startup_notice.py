"""Tells an X11 desktop that a start is over, although no window of it appeared: else the pointer stays busy for long.

Source: the freedesktop.org startup notification protocol: client messages of 20 bytes to the root window. A
second start has no Qt, so it speaks to libX11 itself. On Wayland the running window answers, with the token.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_CLIENT_MESSAGE = 33
_PROPERTY_CHANGE_MASK = 1 << 22
_CHUNK = 20


def finish_start(environ: Mapping[str, str] = os.environ) -> bool:
    """Say it, where a desktop waits for it; whether it was said. What hinders is no trouble worth a word."""
    name = environ.get("DESKTOP_STARTUP_ID", "")
    if not name or not environ.get("DISPLAY") or sys.platform in ("win32", "darwin"):
        return False
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        return _send(f'remove: ID="{quoted}"'.encode() + b"\0")
    except (OSError, ImportError, AttributeError, ValueError):
        return False


def _send(text: bytes) -> bool:
    """Broadcast a text to the X server's clients. Raises OSError where there is no libX11."""
    import ctypes

    class Message(ctypes.Structure):
        """XClientMessageEvent, as long as an XEvent is."""

        _fields_ = (
            ("type", ctypes.c_int),
            ("serial", ctypes.c_ulong),
            ("send_event", ctypes.c_int),
            ("display", ctypes.c_void_p),
            ("window", ctypes.c_ulong),
            ("message_type", ctypes.c_ulong),
            ("format", ctypes.c_int),
            ("data", ctypes.c_long * 5),
            ("rest", ctypes.c_long * 12),
        )

    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XCreateSimpleWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
    if not (opened := x11.XOpenDisplay(None)):
        return False
    display = ctypes.c_void_p(opened)
    root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
    window = x11.XCreateSimpleWindow(display, root, -100, -100, 1, 1, 0, ctypes.c_ulong(0), ctypes.c_ulong(0))
    kinds = [x11.XInternAtom(display, each, 0) for each in (b"_NET_STARTUP_INFO_BEGIN", b"_NET_STARTUP_INFO")]
    for start in range(0, len(text), _CHUNK):
        message = Message(_CLIENT_MESSAGE, 0, 1, display, window, kinds[min(start, 1)], 8)
        chunk = text[start : start + _CHUNK]
        ctypes.memmove(ctypes.byref(message, Message.data.offset), chunk, len(chunk))
        x11.XSendEvent(display, root, 0, ctypes.c_long(_PROPERTY_CHANGE_MASK), ctypes.byref(message))
    x11.XSync(display, 0)
    x11.XCloseDisplay(display)
    return True
