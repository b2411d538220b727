"""Which central platform a URL means, and what of the URL may be shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from console.errors import SettingsError
from console.sync.file_central import FileCentral
from console.sync.ports import Central


def open_central(
    url: str, password: str = "", *, password_file: str = "", base: Path | None = None
) -> Central:
    """The platform that `url` names, not yet spoken with: `postgresql://…` or `file:FOLDER`.

    `password_file` and a relative FOLDER are taken from `base`. Raises SettingsError.
    """
    secret = password or read_password(password_file, base)
    if is_postgres(url):
        try:
            from console.sync.postgres import PostgresCentral
        except ImportError as error:
            raise SettingsError(
                "central.url: names a PostgreSQL, but its driver is not installed; install gwanje[postgres]"
            ) from error
        return PostgresCentral(url, secret)
    return FileCentral(file_folder(url, base))


def is_postgres(url: str) -> bool:
    """Whether `url` names a PostgreSQL; raises SettingsError if it names nothing we know."""
    scheme = url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return True
    if scheme == "file":
        return False
    raise SettingsError(
        f"central.url: found {scheme[:20]!r}…; allowed: postgresql://HOST/DATABASE or file:FOLDER"
    )


def file_folder(url: str, base: Path | None = None) -> Path:
    """The folder of a `file:` URL."""
    name = url.removeprefix("file:")
    name = name.removeprefix("//") if name.startswith("///") else name
    if not name:
        raise SettingsError("central.url: found file: without a folder; allowed: file:FOLDER")
    return (base or Path()) / name


def read_password(password_file: str, base: Path | None = None) -> str:
    """The first line of the file, "" if none is named."""
    if not password_file:
        return ""
    path = (base or Path()) / password_file
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"central.password_file: {path} cannot be read as text") from error


def public_url(url: str) -> str:
    """The URL as it may be shown: without user, password and options."""
    if not is_postgres(url):
        return url
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise SettingsError(
            "central.url: found no readable address; allowed: postgresql://HOST/DATABASE"
        ) from error
    return f"postgresql://{parts.hostname or ''}{port}{parts.path}"
