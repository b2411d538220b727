"""The ring of pictures: newest only, never torn."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from console.cameras import frames, sharing
from console.cameras.frames import FrameReader, FrameWriter


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring"
    frames.create(path, 64, 36, generation=7)
    return path


def plain(level: int, width: int = 64, height: int = 36) -> frames.Picture:
    return np.full((height, width, 3), level, np.uint8)


def test_an_empty_ring_has_no_picture(ring: Path) -> None:
    reader = FrameReader(ring)
    assert (reader.newest(), reader.stamps()) == (None, None)
    reader.close()


def test_the_reader_gets_the_newest_picture_with_its_stamps_and_generation(ring: Path) -> None:
    writer, reader = FrameWriter(ring), FrameReader(ring)
    for level in range(1, 6):
        writer.write(plain(level), level * 1.5, 2.0, None if level < 5 else 7.0)
    frame = reader.newest()
    assert frame is not None
    assert (frame.sequence, frame.stamp_s, frame.changed_s, frame.black_s) == (5, 7.5, 2.0, 7.0)
    assert frame.generation == 7
    assert frame.picture.shape == (36, 64, 3)
    assert (frame.picture == 5).all()
    assert reader.newest(after=5) is None
    writer.close()
    reader.close()


def test_a_smaller_picture_fits_and_a_larger_one_is_refused(ring: Path) -> None:
    writer, reader = FrameWriter(ring), FrameReader(ring)
    writer.write(plain(9, width=20, height=10), 1.0, 1.0, None)
    frame = reader.newest()
    assert frame is not None
    assert frame.picture.shape == (10, 20, 3)
    with pytest.raises(ValueError, match="does not fit"):
        writer.write(plain(9, width=200, height=100), 1.0, 1.0, None)
    writer.close()
    reader.close()


def test_a_frame_is_a_copy_that_later_pictures_do_not_touch(ring: Path) -> None:
    writer, reader = FrameWriter(ring), FrameReader(ring)
    writer.write(plain(1), 1.0, 1.0, None)
    frame = reader.newest()
    for level in range(2, 9):
        writer.write(plain(level), 1.0, 1.0, None)
    assert frame is not None
    assert (frame.picture == 1).all()
    writer.close()
    reader.close()


def test_a_hurried_writer_never_gives_a_torn_picture(tmp_path: Path) -> None:
    path = tmp_path / "large"
    frames.create(path, 640, 360, generation=1)
    writer, reader = FrameWriter(path), FrameReader(path)
    done = threading.Event()

    def hurry() -> None:
        for number in range(600):
            writer.write(plain(number % 251, 640, 360), float(number), 0.0, None)
        done.set()

    thread = threading.Thread(target=hurry)
    thread.start()
    looked, last = 0, 0
    while not done.is_set():
        frame = reader.newest(last)
        if frame is not None:
            assert (frame.picture == (frame.sequence - 1) % 251).all()
            assert frame.stamp_s == frame.sequence - 1
            assert frame.sequence > last
            looked, last = looked + 1, frame.sequence
    thread.join()
    assert looked
    writer.close()
    reader.close()


def test_a_half_written_picture_is_not_shown(ring: Path) -> None:
    writer, reader = FrameWriter(ring), FrameReader(ring)
    writer.write(plain(1), 1.0, 1.0, None)
    writer._numbers[1][frames._BEGIN] = 3  # as a writer leaves it that was killed in the middle
    assert reader.newest() is None
    writer.close()
    reader.close()


def test_the_ring_is_for_its_owner_only(ring: Path) -> None:
    assert ring.stat().st_mode & 0o077 == 0


def test_what_a_dead_owner_left_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    mine = sharing.own_folder(tmp_path)
    dead = tmp_path / "gwanje-frames-999999999-17-abcd"
    stranger = tmp_path / "gwanje-frames-notes"
    for folder in (dead, stranger):
        folder.mkdir()
    (dead / "1.frames").write_bytes(b"x")
    assert sharing.sweep(tmp_path) == [dead.name]
    assert mine.is_dir()
    assert stranger.is_dir()
