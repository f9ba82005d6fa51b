"""The leak detectors themselves: each kind of leak fails its test, and a tidy test passes."""

from __future__ import annotations

import pytest

LEAKS = {
    "QThread still running: QThread": """
        from PySide6.QtCore import QThread
        kept = QThread()
        kept.start()
        request.config.add_cleanup(lambda: (kept.quit(), kept.wait()))
    """,
    "QTimer still active: QTimer 'tick'": """
        from PySide6.QtCore import QTimer
        kept = QTimer(qapp, objectName="tick")
        kept.start(1000)
    """,
    "window left open: QWidget": """
        from PySide6.QtWidgets import QWidget
        global kept
        kept = QWidget()
        kept.show()
    """,
}


def run(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    pytester.makepyfile("def test_it(qtbot, qapp, request):\n" + "\n".join(line[4:] for line in body.splitlines()))
    return pytester.runpytest_subprocess("-p", "tests.leaks", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def plugin_can_be_imported(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))


@pytest.mark.parametrize(("said", "body"), LEAKS.items())
def test_a_leak_fails_the_test_that_made_it(pytester: pytest.Pytester, said: str, body: str) -> None:
    result = run(pytester, body)

    result.assert_outcomes(failed=0, passed=1, errors=1)
    assert said in result.stdout.str()


def test_a_tidy_test_passes(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QWidget
        widget = QWidget()
        qtbot.addWidget(widget)
        timer = QTimer(widget)
        timer.start(1000)
    """,
    )

    result.assert_outcomes(passed=1)
