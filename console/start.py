"""Starts roles: a core in this process, or a console of several under a supervisor."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from console import lifeline, logs
from console.alarms import rulebook
from console.clock import SystemClock
from console.errors import Refused, SettingsError, StoreError, Unavailable
from console.formats.decoders import decoder
from console.health.tree import load as load_assets
from console.packs.joining import joined
from console.roles import role_command
from console.settings import Broker, Settings, load
from console.supervisor import HELD, Part, Supervisor
from console.sync import opening
from db.records import Camera

_SHIPPED = Path(__file__).resolve().parent.parent / "resources" / "settings"


def settings_path(folder: Path, given: Path | None) -> Path:
    """The settings file; on the first start a commented one is put into the data folder."""
    if given is not None:
        return given.resolve()
    path = folder / "settings.toml"
    with _on_disk(folder):
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")  # never half a settings file, which would be read as one
            shutil.copyfile(_SHIPPED / "example.toml", unfinished)
            unfinished.replace(path)
    return path


def checked(path: Path) -> Settings:
    """The settings, examined as far as that needs nothing running; raises SettingsError."""
    settings = _with_packs(load(path), path)
    for name in settings.feeds:
        _check_feed(path, settings, name)
    for name, broker in settings.brokers.items():
        _check_broker(path, name, broker)
    try:
        for rule in settings.rules:
            rulebook.check(rule)
        if settings.central.url and not opening.is_postgres(settings.central.url):
            opening.file_folder(settings.central.url)
        opening.public_url(settings.central.url or "file:")
        opening.read_password(settings.central.password_file, path.parent)
    except SettingsError as error:
        raise SettingsError(f"{path}: key {error}") from error
    try:
        if settings.site.assets:
            load_assets(path.parent / settings.site.assets)
    except SettingsError as error:
        raise SettingsError(f"{path}: key site.assets: {error}") from error
    cameras = tuple(_placed_camera(camera, path.parent) for camera in settings.cameras)
    return msgspec.structs.replace(settings, cameras=cameras)


def _with_packs(settings: Settings, path: Path) -> Settings:
    try:
        return joined(settings, path.parent)
    except SettingsError as error:
        text = str(error)
        raise SettingsError(f"{path}: {text}" if text.startswith("key ") else text) from error


def _placed_camera(camera: Camera, base: Path) -> Camera:
    """The camera with its files named from the folder of the settings; addresses stay as they are."""
    named = {
        key: str(base / url)
        for key, url in (("url", camera.url), ("main_url", camera.main_url))
        if url and "://" not in url and not url.startswith("file:")
    }
    return msgspec.structs.replace(camera, **named) if named else camera


def _check_feed(path: Path, settings: Settings, name: str) -> None:
    try:
        decoder(name, settings.feeds[name], settings.site.encodings)
    except SettingsError as error:
        raise SettingsError(f"{path}: key {error}") from error


def _check_broker(path: Path, name: str, broker: Broker) -> None:
    from console.feeds.session import password_of, tls_context
    from console.feeds.sessions import placed

    try:
        password_of(placed(broker, path.parent))
        if broker.tls:
            tls_context(placed(broker, path.parent))
    except SettingsError as error:
        raise SettingsError(f"{path}: key brokers.{name}: {error}") from error


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    """What the disk refuses, as a sentence: Unavailable where it may pass, else StoreError."""
    try:
        yield
    except OSError as error:
        passing = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
        kind = Unavailable if passing else StoreError
        shown = os.fspath(folder) if len(os.fspath(folder)) <= 300 else os.fspath(folder)[:300] + "…"
        raise kind(f"{shown}: cannot be used as the data folder ({error.strerror or error})") from error


def settings_with_feed(feed: str, folder: Path, given: Path | None) -> Settings:
    """The settings that define `feed`: the site's, else a shipped example that has it.

    With `given` only that file counts. Raises SettingsError if none has it, or if it cannot work.
    """
    own = folder / "settings.toml"
    paths = [given] if given is not None else [own] * _is_file(own) + sorted(_SHIPPED.glob("*.toml"))
    known: list[str] = []
    for path in paths:
        settings = load(path)
        if feed in settings.feeds:
            _check_feed(path, settings, feed)
            return settings
        known += settings.feeds
    where = ", ".join(str(path) for path in paths)
    allowed = ", ".join(known) or "none is defined"
    raise SettingsError(f"{where}: key feeds: found no feed {feed!r}; allowed: {allowed}")


def own_settings(folder: Path, given: Path | None) -> Settings:
    """The settings as they are now, the defaults where there are none yet; writes nothing.

    The files of the brokers are named from the folder of the settings, as the core names them.
    """
    from console.feeds.sessions import placed

    path = given or folder / "settings.toml"
    if given is None and not _is_file(path):
        return Settings()
    settings = checked(path)
    brokers = {name: placed(broker, path.parent) for name, broker in settings.brokers.items()}
    return msgspec.structs.replace(settings, brokers=brokers)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the system allows, a folder that may not be entered
        return False


def run_core(folder: Path, settings: Path | None) -> int:
    """Be the core until asked to end; returns the exit status."""
    from console.allocation import give_back
    from console.core import Core

    give_back()
    path = settings_path(folder, settings)
    settings_now = checked(path)
    with _on_disk(folder):
        logs.begin(folder, "core")
    end = threading.Event()
    lifeline.watch(end.set)
    try:
        with _on_disk(folder):
            core = Core(folder, settings_now, SystemClock(), origin=path)
    except Refused as error:
        click.echo(f"gwanje: {error}", err=True)
        return HELD
    try:
        core.start()
        while not end.wait(3600):
            pass
    finally:
        core.stop()
    return 0


def run_supervised_core(folder: Path, settings: Path | None) -> int:
    """Keep a core running, without a screen, as a service does."""
    path = settings_path(folder, settings)
    checked(path)
    return _supervise([core_part(folder, path)])


def run_console(folder: Path, settings: Path | None) -> int:
    """Open the screen, with a core under it if none runs for this data folder."""
    path = settings_path(folder, settings)
    checked(path)
    return _supervise([core_part(folder, path), ui_part(folder)])


def core_part(folder: Path, settings: Path) -> Part:
    """The core of a data folder, kept running."""
    command = role_command("core", "--data", str(folder), "--settings", str(settings))
    return Part("core", tuple(command))


def ui_part(folder: Path, *more: str) -> Part:
    """A screen on a data folder; when the operator closes it, all ends."""
    return Part("ui", tuple(role_command("ui", "--data", str(folder), *more)), when_done="end all")


def _supervise(parts: list[Part]) -> int:
    supervisor = Supervisor(
        parts, SystemClock(), tell=lambda line: click.echo(line, err=True), cwd=lifeline.working_folder()
    )
    lifeline.watch(supervisor.stop)
    return supervisor.run()
