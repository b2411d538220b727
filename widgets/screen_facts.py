"""What this process sees of screens and graphics, as findings for the doctor."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext

_WIDE, _HIGH = 1280, 720
_GL_RENDERER, _GL_VERSION = 0x1F01, 0x1F02
_SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "basic render", "software")


def facts() -> list[dict[str, Any]]:
    """Findings as the core takes them: name, state, found, code, facts. In the GUI thread."""
    return [_screens(), _renderer()]


def _screens() -> dict[str, Any]:
    screens = QGuiApplication.screens()
    shown = [
        f"{size.width()}x{size.height()} @{each.devicePixelRatio():g} {each.refreshRate():.0f} Hz"
        for each in screens
        for size in [each.size()]
    ]
    large = any(each.size().width() >= _WIDE and each.size().height() >= _HIGH for each in screens)
    said = {"screens": ", ".join(shown) or "0", "platform": QGuiApplication.platformName()}
    if said["platform"] == "offscreen":
        return _finding("screen", "unknown", "screen-unknown", error="offscreen")
    if not large:
        return _finding("screen", "warn", "screen-small", **said)
    return _finding("screen", "ok", "screen", **said)


def _renderer() -> dict[str, Any]:
    renderer, version = _opengl()
    software = not renderer or any(each in renderer.lower() for each in _SOFTWARE)
    said = {"renderer": renderer or "OpenGL -", "version": version or "-", "qt": qVersion()}
    return _finding("renderer", "ok", "renderer-software" if software else "renderer", **said)


def _opengl() -> tuple[str, str]:
    """Renderer and version of OpenGL, empty where there is none."""
    surface = QOffscreenSurface()
    surface.create()
    context = QOpenGLContext()
    if not context.create() or not context.makeCurrent(surface):
        return "", ""
    try:
        functions = context.functions()
        return str(functions.glGetString(_GL_RENDERER)), str(functions.glGetString(_GL_VERSION))
    finally:
        context.doneCurrent()


def _finding(name: str, state: str, code: str, **said: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": state,
        "found": ", ".join(map(str, said.values())),
        "code": code,
        "facts": said,
    }


def print_facts() -> int:
    """One JSON list on standard output, from a process of its own."""
    app = QGuiApplication.instance() or QGuiApplication(["gwanje"])
    sys.stdout.write(json.dumps(facts()))
    del app
    return 0
