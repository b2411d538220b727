"""The environment `.venv` of this checkout, made by uv from the hashed lock."""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from machine import SetupError, install, say, venv_package

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOL = ROOT / ".uv"
STAMP = VENV / ".gwanje-stamp"
LOCKS = {"run": ROOT / "requirements.txt", "dev": ROOT / "requirements-dev.txt"}
OLDEST_UV = (0, 5)
WINDOWS = sys.platform == "win32"


def python() -> Path:
    """The environment's own Python."""
    return VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def tool(name: str) -> str:
    """A program that the environment brings."""
    return str(VENV / (f"Scripts/{name}.exe" if WINDOWS else f"bin/{name}"))


def variables() -> dict[str, str]:
    """The surroundings in which the tools of the project run, in the checkout."""
    # Without compiled files each start of a role would compile all of it again.
    foreign = ("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    inherited = {key: value for key, value in os.environ.items() if key not in foreign}
    return inherited | {"PYTHONUTF8": "1", "VIRTUAL_ENV": str(VENV)}


def anywhere() -> dict[str, str]:
    """The surroundings in which the console runs from any folder, unharmed by what lies there."""
    return variables() | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}


def prepare(kind: str) -> None:
    """Make the environment of `kind` ("run" or "dev") be as locked; quick where it already is.

    An environment with the development tools also serves for running.
    """
    if _is_current(kind):
        return
    uv = find_uv()
    site = site_variables()
    STAMP.unlink(missing_ok=True)
    if not _same_python():
        say(f"making {VENV.name} with Python {sys.version.split()[0]}")
        _uv([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], site)
    say(f"installing the packages of {LOCKS[kind].name}, each checked by its hash")
    options = ["--require-hashes", "--compile-bytecode", "--python", str(python())]
    _uv([*uv, "pip", "sync", *options, str(LOCKS[kind])], site)
    STAMP.write_text(json.dumps({"kind": kind, "lock": _fingerprint(kind)}), encoding="utf-8")


def _is_current(kind: str) -> bool:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        had = str(stamp["kind"])
        current = python().exists() and stamp["lock"] == _fingerprint(had)
    except (OSError, ValueError, KeyError):
        return False
    return current and had in (kind, "dev")


def _fingerprint(kind: str) -> str:
    """What the environment depends on: the lock, this Python, and where it stands."""
    words = [LOCKS[kind].read_text(encoding="utf-8"), sys.version, sys.base_prefix, str(VENV)]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def _same_python() -> bool:
    """Whether `.venv` is there, works, and was made by this very Python."""
    ask = "import sys; print(sys.version, sys.base_prefix, sep='|')"
    try:
        done = subprocess.run([str(python()), "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == f"{sys.version}|{sys.base_prefix}"


def _uv(command: list[str], site: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(command, env={**os.environ, **site}, check=False)
    except OSError as error:
        raise SetupError(f"uv cannot be started: {error}") from error
    if done.returncode:
        raise SetupError(
            "uv could not finish; its message is above. Is the package registry reachable? A mirror is taken "
            "from pip's configuration (index-url, cert) or from UV_DEFAULT_INDEX and SSL_CERT_FILE."
        )


def find_uv() -> list[str]:
    """The command that starts uv: the one on PATH, else our own, pinned by hash, in `.uv`."""
    found = shutil.which("uv")
    if found and _new_enough(found):
        return [found]
    own = TOOL / ("Scripts/uv.exe" if WINDOWS else "bin/uv")
    if not own.exists():
        _install_uv()
    if not own.exists():
        raise SetupError(f"pip did not put uv into {TOOL}")
    return [str(own)]


def _new_enough(uv: str) -> bool:
    try:
        text = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return False
    number = re.search(r"(\d+)\.(\d+)", text)
    return number is not None and (int(number[1]), int(number[2])) >= OLDEST_UV


def _install_uv() -> None:
    pinned = str(ROOT / "packaging" / "uv.txt")
    say(f"installing uv into {TOOL.name}")
    shutil.rmtree(TOOL, ignore_errors=True)
    if not has("ensurepip", "venv") and not has("pip"):
        package = venv_package()
        say(f"this Python has neither pip nor venv; Debian keeps them in {package}")
        if not install([package]):
            raise SetupError(f"{package} is needed to set up the environment, or uv on PATH")
    if has("ensurepip", "venv"):
        _step([sys.executable, "-m", "venv", str(TOOL)])
        own_python = TOOL / ("Scripts/python.exe" if WINDOWS else "bin/python")
        _step([str(own_python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pinned])
    else:
        _step([sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", str(TOOL),
               "-r", pinned])  # fmt: skip


def has(*modules: str) -> bool:
    """Whether this Python has all the modules; Debian's has `venv` without its `ensurepip`."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(module) is not None for module in modules)


def _step(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise SetupError(f"this failed, its message is above: {' '.join(command)}")


def site_variables() -> dict[str, str]:
    """uv's settings out of what the site has set for pip, which uv does not read.

    What is set for uv itself wins. Extra indexes may carry other builds of the same
    version; any index may answer, since every file is checked by its hash.
    """
    pip = pip_settings(os.environ)
    wanted = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(url for url in pip.get("extra-index-url", "").split() if url.startswith("http")),
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
        "UV_HTTP_TIMEOUT": "180",
        "UV_LINK_MODE": "" if _can_link() else "copy",
    }
    if wanted["UV_INDEX"]:
        wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if not (wanted["SSL_CERT_FILE"] or os.environ.get("SSL_CERT_FILE")) and _has_system_certificates():
        wanted |= {"UV_SYSTEM_CERTS": "true"}
    if "UV_INDEX_URL" in os.environ:
        wanted["UV_DEFAULT_INDEX"] = ""
    return {key: value for key, value in wanted.items() if value and not os.environ.get(key)}


def _can_link() -> bool:
    """Whether uv's cache is on the checkout's disk, so that files are linked and not copied."""
    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home())
    try:
        return cache.stat().st_dev == ROOT.stat().st_dev
    except OSError:
        return False


def _has_system_certificates() -> bool:
    return not sys.platform.startswith("linux") or Path("/etc/ssl/certs/ca-certificates.crt").exists()


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's options for its `install` command, as pip itself would find them."""
    found: dict[str, str] = {}
    for path in _pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {key.replace("_", "-"): value.strip() for key, value in parser.items(section)}
    for key, value in environ.items():
        if key.startswith("PIP_") and value:
            found[key.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    """Where pip looks, the later winning. Source: pip's documentation, "Configuration"."""
    name = "pip.ini" if WINDOWS else "pip.conf"
    home = Path.home()
    if WINDOWS:
        files = [Path(environ.get("ProgramData", "C:/ProgramData")) / "pip" / name, home / "pip" / name]
        files.append(Path(environ.get("APPDATA", home)) / "pip" / name)
    elif sys.platform == "darwin":
        files = [Path("/Library/Application Support/pip") / name, home / ".pip" / name]
        files += [home / "Library/Application Support/pip" / name, home / ".config/pip" / name]
    else:
        files = [Path("/etc/xdg/pip") / name, Path("/etc") / name, home / ".pip" / name]
        files.append(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / name)
    files.append(Path(sys.prefix) / name)
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    return [*files, Path(chosen)] if chosen else files
