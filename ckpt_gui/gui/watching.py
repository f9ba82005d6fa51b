"""Hears from the system that an open file may have changed. Not every disk tells (network shares seldom do), so the
window looks by itself as well, every few seconds."""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from ckpt_gui.gui.open_files import OpenFile, OpenFiles

MOST = 200
"""Files of one checkpoint that are watched; systems allow only so many."""
_SOON_MS = 400
"""What writes a file writes it in many pieces."""


class Watching(QObject):
    """Has ``OpenFiles`` look at the disk when there is a reason to."""

    def __init__(self, files: OpenFiles, window: QObject) -> None:
        super().__init__(window)
        self._files = files
        self._watcher = QFileSystemWatcher(self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(files.check_disk)
        self._watcher.fileChanged.connect(lambda _path: self._soon.start())
        files.opened.connect(self._watch)
        files.removed.connect(self._watch)

    def _watch(self, _file: OpenFile) -> None:
        """Watch the files that are open now, and no others."""
        wanted = {source.path for file in self._files.all() if file.opened is not None
                  for source in file.opened.checkpoint.sources[:MOST]}  # fmt: skip
        watched = set(self._watcher.files())
        if gone := watched - wanted:
            self._watcher.removePaths(sorted(gone))
        if new := wanted - watched:
            self._watcher.addPaths(sorted(new))
