"""The pool with real processes: drawn cameras, real RTSP, and everything that can go wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from console.cameras import CameraPool, policy
from console.clock import SystemClock
from console.demo.cameras import CameraServer, Freeze
from console.roles import role_command
from db.records import Camera, CameraState
from tests.servers.rtsp import PASSWORD, RtspServer

SIZE = (320, 180)
Make = Callable[..., CameraPool]


def until(claim: Callable[[], object], patience_s: float = 20.0) -> float:
    """Wait until the claim holds; returns how long it took in seconds."""
    start = time.monotonic()
    while not claim():
        assert time.monotonic() - start < patience_s, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - start


def state(pool: CameraPool, camera_id: str) -> CameraState:
    return next(each for each in pool.states() if each.id == camera_id)


def is_live(pool: CameraPool, *ids: str) -> bool:
    return all(state(pool, each).state == "live" for each in ids)


@pytest.fixture
def drawn() -> Iterator[CameraServer]:
    """Six drawn cameras over HTTP; none freezes unless told to."""
    server = CameraServer(0, 6, SystemClock(), Freeze(0))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.close()
    thread.join()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    pools: list[CameraPool] = []

    def made(cameras: list[Camera]) -> CameraPool:
        pools.append(CameraPool(cameras, SystemClock(), tmp_path))
        return pools[-1]

    yield made
    for pool in pools:
        pool.stop()
    assert list(tmp_path.glob("gwanje-frames-*")) == []


def cameras(server: CameraServer, count: int) -> list[Camera]:
    port = server.server_address[1]
    return [
        Camera(f"c{n}", f"카메라 {n}", f"http://127.0.0.1:{port}/cam/{n}.mjpg") for n in range(1, count + 1)
    ]


def test_what_is_wanted_plays_in_the_size_asked_for_and_all_else_is_not_decoded(
    drawn: CameraServer, make: Make
) -> None:
    pool = make(cameras(drawn, 6))
    pool.want({f"c{n}": SIZE for n in range(1, 6)})
    until(lambda: is_live(pool, "c1", "c2", "c3", "c4", "c5"))
    assert state(pool, "c6").state == "idle"
    assert len(pool.processes()) == 2
    frame = pool.frame("c1")
    assert frame is not None
    assert frame.picture.shape == (180, 320, 3)
    until(lambda: pool.frame("c1") is not frame)
    pool.want({"c1": (640, 360)})
    until(lambda: (shown := pool.frame("c1")) is not None and shown.picture.shape == (360, 640, 3))
    assert state(pool, "c2").state == "idle"
    assert pool.frame("c2") is None
    assert state(pool, "c1").restarts == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
def test_a_process_that_falls_or_hangs_is_replaced_and_hurts_no_other(
    drawn: CameraServer, make: Make, number: signal.Signals
) -> None:
    pool = make(cameras(drawn, 5))
    pool.want({f"c{n}": SIZE for n in range(1, 6)})
    until(lambda: is_live(pool, "c1", "c2", "c3", "c4", "c5"))
    first, second = pool.processes()
    os.kill(first, number)
    neighbour: list[str] = []

    def replaced() -> bool:
        neighbour.append(state(pool, "c5").state)
        return first not in pool.processes() and len(pool.processes()) == 2

    took = until(replaced)
    until(lambda: is_live(pool, "c1", "c2", "c3", "c4"))
    assert took < 3.0
    assert set(neighbour) == {"live"}
    assert second in pool.processes()
    assert state(pool, "c1").restarts == 1
    assert state(pool, "c5").restarts == 0
    assert not psutil.pid_exists(first)


def test_a_camera_that_never_answers_goes_offline_and_does_not_stall_its_neighbours(
    drawn: CameraServer, make: Make
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = Camera("mute", "말 없음", f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x")
        pool = make([*cameras(drawn, 3), mute])
        pool.want(dict.fromkeys(("c1", "c2", "c3", "mute"), SIZE))
        until(lambda: is_live(pool, "c1", "c2", "c3"))
        others: set[str] = set()

        def offline() -> bool:
            others.update(state(pool, each).state for each in ("c1", "c2", "c3"))
            return state(pool, "mute").state == "offline"

        until(offline)
        assert len(pool.processes()) == 1
        assert others == {"live"}
        assert pool.frame("mute") is None
        assert pool.snapshot("mute") is None


def test_a_camera_that_goes_silent_is_stale_then_offline_and_comes_back(
    drawn: CameraServer, make: Make
) -> None:
    pool = make(cameras(drawn, 1))
    pool.want({"c1": SIZE})
    until(lambda: is_live(pool, "c1"))
    generation = pool.frame("c1").generation  # type: ignore[union-attr]
    drawn.pause.set()
    words: list[str] = []

    def offline() -> bool:
        words.append(state(pool, "c1").state)
        return words[-1] == "offline"

    until(offline)
    assert list(dict.fromkeys(words)) == ["live", "stale", "offline"]
    drawn.pause.clear()
    until(lambda: is_live(pool, "c1"))
    frame = pool.frame("c1")
    assert frame is not None
    assert frame.generation > generation


def test_a_camera_that_sends_the_same_picture_is_frozen_and_since_when(
    drawn: CameraServer, make: Make
) -> None:
    drawn.freeze = Freeze(2, first_s=0.0, period_s=3600.0, length_s=3600.0)
    pool = make(cameras(drawn, 2))
    pool.want({"c1": SIZE, "c2": SIZE})
    until(lambda: is_live(pool, "c1", "c2"))
    until(lambda: state(pool, "c2").state == "frozen")
    assert state(pool, "c1").state == "live"
    stood_ms = SystemClock().now_ms() - state(pool, "c2").since_ms
    assert 10_000 <= stood_ms < 12_000
    assert pool.snapshot("c2") is None


def test_real_rtsp_with_an_account_plays_and_the_password_is_on_no_command_line(
    rtsp_server: RtspServer, make: Make
) -> None:
    pool = make([
        Camera("right", "맞음", rtsp_server.url("people"), main_url=rtsp_server.url("cars")),
        Camera("wrong", "틀림", rtsp_server.url("people", password="guess")),
    ])  # fmt: skip
    pool.want({"right": SIZE, "wrong": SIZE})
    until(lambda: is_live(pool, "right"))
    for pid in pool.processes():
        process = psutil.Process(pid)
        assert PASSWORD not in " ".join(process.cmdline())
        assert PASSWORD not in str(process.environ())
    until(lambda: state(pool, "wrong").restarts > 0)
    assert PASSWORD not in str(pool.states())
    picture = pool.snapshot("right")
    assert picture is not None
    assert b"camera=right taken=20" in picture[:100]
    pool.want({"right": (768, 432)}, main=("right",))
    words: set[str] = set()

    def in_main() -> bool:
        words.add(state(pool, "right").state)
        return pool._places["right"].face().key == "right/main"

    until(in_main)
    assert words == {"live"}, "the small stream stays until the main one has a picture"
    until(lambda: pool._seats["right"].state == "idle")
    assert pool.frame("right") is not None
    assert state(pool, "right").restarts == 0


def test_stopping_twice_leaves_no_process_and_no_file(drawn: CameraServer, tmp_path: Path) -> None:
    pool = CameraPool(cameras(drawn, 2), SystemClock(), tmp_path)
    pool.want({"c1": SIZE, "c2": SIZE})
    until(lambda: is_live(pool, "c1", "c2"))
    pids = pool.processes()
    pool.stop()
    pool.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []


_OWNER = """
import sys, time
from console.cameras import CameraPool
from db.records import Camera
from pathlib import Path
pool = CameraPool([Camera("c", "c", sys.argv[1])], None, Path(sys.argv[2]))
pool.want({"c": (320, 180)})
while not pool.frame("c"):
    time.sleep(0.02)
print(*pool.processes(), flush=True)
time.sleep(60)
"""


def test_a_killed_screen_leaves_no_decoder_and_the_next_one_sweeps_its_memory(
    drawn: CameraServer, make: Make, tmp_path: Path
) -> None:
    url = cameras(drawn, 1)[0].url
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, url, str(tmp_path)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pids = [int(each) for each in owner.stdout.readline().split()]
    assert len(pids) == 1
    owner.kill()
    owner.wait()
    owner.stdout.close()
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids), 5.0)
    left = list(tmp_path.glob("gwanje-frames-*"))
    assert len(left) == 1
    make([])
    assert not left[0].exists()


def test_the_decoders_and_the_demo_cameras_are_roles_of_the_one_program(make: Make) -> None:
    command = role_command("demo-cameras", "--count", "1", "--freeze", "0")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[1])
        pool = make([Camera("c", "c", f"http://127.0.0.1:{port}/cam/1.mjpg")])
        pool.want({"c": SIZE})
        until(lambda: is_live(pool, "c"))
        server.stdin.close()
        assert server.wait(10) == 0
        until(lambda: state(pool, "c").state == "offline")


def test_a_full_shared_memory_is_an_offline_camera_and_not_a_crash(
    drawn: CameraServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    pool = make(cameras(drawn, 1))
    monkeypatch.setattr("console.cameras.frames.create", full)
    pool.want({"c1": SIZE})
    until(lambda: state(pool, "c1").detail == "no room for pictures")
    monkeypatch.undo()
    until(lambda: is_live(pool, "c1"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_camera_that_hangs_in_opening_gets_a_process_of_its_own_and_hurts_no_other(
    drawn: CameraServer, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "OPEN_PATIENCE_S", 1.0)
    monkeypatch.setattr(policy, "backoff", lambda failures, jitter: 0.2)
    os.mkfifo(tmp_path / "never")  # opening it waits for a writer, for ever
    pool = make([*cameras(drawn, 2), Camera("hung", "멈춤", str(tmp_path / "never"))])
    pool.want(dict.fromkeys(("c1", "c2"), SIZE))
    until(lambda: is_live(pool, "c1", "c2"))
    first = pool.processes()
    pool.want(dict.fromkeys(("c1", "c2", "hung"), SIZE))
    others: set[str] = set()

    def replaced_twice() -> bool:
        others.update(state(pool, each).state for each in ("c1", "c2"))
        return state(pool, "hung").restarts >= 5

    until(replaced_twice)
    assert others == {"live"}
    assert pool.processes()[: len(first)] == first
    assert [state(pool, each).restarts for each in ("c1", "c2")] == [0, 0]
