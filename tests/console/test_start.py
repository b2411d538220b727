"""Starting a core: faults of the settings and of the data folder are one sentence each."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console import start
from console.errors import SettingsError, StoreError, Unavailable
from console.settings import Settings

MAPPED = '[brokers.main]\n[feeds.x]\ntopics = ["a/#"]\n[[feeds.x.mappings]]\ntopic = "a/{source}"\n'


def gwanje(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "console", *arguments]
    place = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.run(
        command, cwd=cwd, env=os.environ | place, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            MAPPED + 'values = [{ quantity = "q", value = "a[[" }]',
            "key feeds.x.mappings[0].values[0].value: found",
        ),
        ('[[rules]]\nid = "a"\nkind = "threshold"', "key rules: rule 'a': key above: found nothing"),
        ('[site]\nassets = "none.toml"', "key site.assets: "),
        ('[central]\nurl = "gopher://u:hidden@x"', "key central.url: found 'gopher'"),
        ('[central]\nurl = "postgresql://u:hidden@[x"', "key central.url: found no readable address"),
        ('[central]\nurl = "file:c"\npassword_file = "none"', "key central.password_file: "),
        ('[brokers.main]\npassword_file = "none"', "key brokers.main: password_file "),
        ('[brokers.main]\ntls = true\nca_file = "none"', "key brokers.main: TLS files "),
    ],
)
def test_a_fault_of_the_settings_is_found_before_anything_runs(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        start.checked(path)
    assert str(caught.value).startswith(f"{path}: {said}")
    assert "hidden" not in str(caught.value)


def test_a_core_with_faulty_settings_ends_with_2_and_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[central]\nurl = "gopher://x"', encoding="utf-8")
    done = gwanje("core", "--settings", "bad.toml", "--data", "data", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in ("file/data", "x" * 300):
        done = gwanje("core", "--data", folder, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "cannot be used as the data folder" in done.stderr


def test_a_full_disk_may_pass_and_leaves_no_half_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_text("[site]\n", encoding="utf-8")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(Unavailable, match="No space left"):
        start.settings_path(tmp_path, None)
    assert not (tmp_path / "settings.toml").exists()


def test_a_folder_that_may_not_be_written_needs_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        start.settings_path(tmp_path, None)


def test_looking_at_the_settings_writes_none(tmp_path: Path) -> None:
    assert start.own_settings(tmp_path / "new", None) == Settings()
    assert not (tmp_path / "new").exists()


def test_files_of_a_broker_are_taken_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "site.toml").write_text('[brokers.main]\npassword_file = "secret"', encoding="utf-8")
    settings = start.own_settings(tmp_path, tmp_path / "site.toml")
    assert settings.brokers["main"].password_file == str(tmp_path / "secret")


def test_the_film_of_a_camera_is_taken_from_there_too(tmp_path: Path) -> None:
    text = '[[cameras]]\nid = "a"\nname = "a"\nurl = "clips/a.mp4"\nmain_url = "rtsp://host/a"'
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    camera = start.checked(tmp_path / "site.toml").cameras[0]
    assert (camera.url, camera.main_url) == (str(tmp_path / "clips" / "a.mp4"), "rtsp://host/a")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "console", "decode", "--feed", "sdot", str(tmp_path / "m.json")]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_an_unknown_feed_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no feed 'none'; allowed: .*\bair\b.*\bsdot\b"):
        start.settings_with_feed("none", tmp_path, None)
