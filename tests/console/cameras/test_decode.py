"""Opening, scaling, likeness; on a file made here."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from console.cameras import decode
from console.cameras.decode import Likeness
from console.clock import SystemClock
from console.demo.scenes import Scene


def test_a_picture_is_made_smaller_in_proportion_and_never_larger() -> None:
    picture = np.zeros((360, 640, 3), np.uint8)
    assert decode.fit(picture, 320, 320).shape == (180, 320, 3)
    assert decode.fit(picture, 4000, 4000).shape == (360, 640, 3)


def test_fit_gives_red_first() -> None:
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[..., 0] = 200
    assert decode.fit(blue, 4, 4)[0, 0].tolist() == [0, 0, 200]


def test_jpeg_carries_its_comment() -> None:
    body = decode.jpeg(np.zeros((8, 8, 3), np.uint8), "taken=now")
    assert body.startswith(b"\xff\xd8\xff\xfe")
    assert b"taken=now" in body
    assert decode.cv2.imdecode(np.frombuffer(body, np.uint8), 1).shape == (8, 8, 3)


def test_the_same_picture_and_one_coded_again_count_as_unchanged() -> None:
    likeness, picture = Likeness(), np.full((360, 640, 3), 90, np.uint8)
    for second in range(20):
        likeness.look(picture + second % 2, float(second))
    assert likeness.changed_s == 0.0


def test_a_quiet_street_with_sensor_noise_counts_as_changing() -> None:
    chance, likeness = np.random.default_rng(1), Likeness()
    for second in range(5):
        likeness.look(chance.normal(90, 2.5, (360, 640, 3)).clip(0, 255).astype(np.uint8), float(second))
        assert likeness.changed_s == second


def test_a_black_picture_is_found_with_its_beginning_and_a_night_street_is_not_black() -> None:
    likeness = Likeness()
    likeness.look(np.full((360, 640, 3), 120, np.uint8), 1.0)
    assert likeness.black_s is None
    likeness.look(np.full((360, 640, 3), 3, np.uint8), 2.0)
    likeness.look(np.full((360, 640, 3), 4, np.uint8), 3.0)
    assert likeness.black_s == 2.0
    likeness.look(Scene(5).draw(3.0, 1_795_000_000_000), 4.0)
    assert likeness.black_s is None


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Half a second of five pictures, at 10 a second."""
    path = tmp_path / "a film.avi"
    writer = decode.cv2.VideoWriter(str(path), decode.cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in range(5):
        writer.write(np.full((48, 64, 3), level * 50, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("form", ["path", "url"])
def test_a_file_plays_and_begins_again_at_its_end(film: Path, form: str) -> None:
    video = decode.open_video(str(film) if form == "path" else film.as_uri(), SystemClock())
    assert video is not None
    assert video.size == (64, 48)
    levels = []
    for _ in range(11):
        picture = video.read(threading.Event().wait)
        assert picture is not None
        levels.append(round(float(picture.mean()) / 50))
    video.close()
    follows = [(after - before) % 5 for before, after in itertools.pairwise(levels)]
    assert follows == [1] * 10


def test_a_file_that_is_none_does_not_open(tmp_path: Path) -> None:
    assert decode.open_video(str(tmp_path / "none.mp4"), SystemClock()) is None


def test_cv2_leaves_no_mark_that_another_qt_would_obey() -> None:
    code = "import console.cameras.decode, os; print([n for n in os.environ if n.startswith('QT_QPA')])"
    env = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_the_screens_end_of_the_pool_does_not_load_opencv() -> None:
    code = "import sys, console.cameras; print('cv2' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
