"""What the demo's cameras see: streets, crossings, parks, a river, drawn in one or two milliseconds.

A scene is a pure function of its number and the seconds since the start. The
ground is drawn once; what moves is drawn over a copy of it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from console.cameras.decode import cv2, jpeg
from console.cameras.frames import Picture
from console.clock import SEOUL

WIDTH, HEIGHT = 640, 360
Colour = tuple[int, int, int]

CAR_COLOURS: tuple[Colour, ...] = (
    (210, 210, 205), (60, 58, 56), (150, 120, 70), (60, 60, 160), (190, 190, 190), (110, 130, 60),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = ((70, 60, 50), (120, 90, 60), (60, 70, 140), (90, 110, 90), (160, 150, 140))


@dataclass(frozen=True)
class _Mover:
    """Something that crosses the picture again and again: a lane, a pace, a place in line, a colour."""

    lane: int
    pace: float
    start: float
    colour: Colour
    size: float


class Scene:
    """Camera `number`'s view; four kinds in turn, each with its own traffic, some at night."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number * 7919)
        self._number = number
        kinds = (_road, _crossing, _river, _park)
        self._ground, self._lanes, self._people = kinds[(number - 1) % len(kinds)](self._chance)
        self.is_night = number % 5 == 0
        if self.is_night:
            self._ground = _darkened(self._ground)
        self._cars = [self._mover(lane, CAR_COLOURS) for lane in range(len(self._lanes)) for _ in range(2)]
        self._walkers = [self._mover(0, CLOTHES) for _ in range(6 if self._people else 0)]
        self._noise = np.random.default_rng(number).integers(0, 7, (8, HEIGHT // 4, WIDTH // 4, 1), np.uint8)

    def draw(self, at_s: float, now_ms: int) -> Picture:
        """The picture, (blue, green, red), `at_s` seconds after the start, stamped with the wall clock."""
        picture = self._ground.copy()
        for car in self._cars:
            self._draw_car(picture, car, at_s)
        for walker in self._walkers:
            self._draw_walker(picture, walker, at_s)
        self._sensor_noise(picture, at_s)
        self._overlay(picture, now_ms)
        return picture

    def jpeg(self, at_s: float, now_ms: int) -> bytes:
        """The picture as the camera sends it."""
        return jpeg(self.draw(at_s, now_ms), quality=72)

    def _mover(self, lane: int, colours: tuple[Colour, ...]) -> _Mover:
        chance = self._chance
        pace, start = chance.uniform(0.06, 0.13), chance.random()
        return _Mover(lane, pace, start, chance.choice(colours), chance.uniform(0.85, 1.2))

    def _draw_car(self, picture: Picture, car: _Mover, at_s: float) -> None:
        (x0, y0), (x1, y1), scale0, scale1 = self._lanes[car.lane]
        share = (car.start + at_s * car.pace) % 1.0
        x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        size = (scale0 + (scale1 - scale0) * share) * car.size
        wide, high = size * 2.1, size
        body = car.colour if not self.is_night else _dim(car.colour, 0.45)
        cv2.ellipse(picture, _at(x, y + 2), _at(wide * 0.55, high * 0.18), 0, 0, 360, (28, 28, 28), -1)
        _box(picture, x - wide / 2, y - high * 0.55, x + wide / 2, y, body)
        _box(picture, x - wide * 0.3, y - high, x + wide * 0.28, y - high * 0.5, _dim(body, 0.6))
        for side in (-0.3, 0.3):
            cv2.circle(picture, _at(x + wide * side, y), max(2, int(high * 0.16)), (24, 24, 24), -1)
        ahead = 1 if x1 > x0 else -1
        lamp = (200, 245, 255) if self.is_night else (190, 220, 230)
        cv2.circle(picture, _at(x + ahead * wide * 0.48, y - high * 0.3), max(1, int(high * 0.1)), lamp, -1)
        if self.is_night:
            front = x + ahead * wide * 0.5
            beam = np.array([[front, y - high * 0.3], [front + ahead * wide, y + high * 0.1],
                             [front + ahead * wide, y - high * 0.45]], np.int32)  # fmt: skip
            cv2.fillConvexPoly(picture, beam, (84, 100, 104))

    def _draw_walker(self, picture: Picture, walker: _Mover, at_s: float) -> None:
        left, right, top, bottom = self._people or (0, WIDTH, HEIGHT - 60, HEIGHT - 10)
        forth = walker.start < 0.5
        share = (walker.start * 3 + at_s * walker.pace * 0.45) % 1.0
        x = left + (right - left) * (share if forth else 1.0 - share)
        depth = (walker.start * 7) % 1.0
        y = top + (bottom - top) * depth
        size = (16 + 18 * depth) * walker.size
        step = math.sin(at_s * 7 + walker.start * 20) * size * 0.22
        shade = 0.5 if self.is_night else 1.0
        skin, cloth = _dim((150, 180, 210), shade), _dim(walker.colour, shade)
        for side in (step, -step):
            hip, foot = _at(x, y - size * 0.8), _at(x + side, y)
            cv2.line(picture, hip, foot, _dim(cloth, 0.6), max(1, int(size * 0.14)))
        cv2.line(picture, _at(x, y - size * 1.4), _at(x, y - size * 0.75), cloth, max(2, int(size * 0.34)))
        cv2.circle(picture, _at(x, y - size * 1.7), max(2, int(size * 0.2)), skin, -1)

    def _sensor_noise(self, picture: Picture, at_s: float) -> None:
        corner = picture[::4, ::4]
        np.add(corner, self._noise[int(at_s * 8) % len(self._noise)], out=corner, where=corner < 245)

    def _overlay(self, picture: Picture, now_ms: int) -> None:
        moment = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(SEOUL)
        stamp = moment.strftime("%Y-%m-%d %H:%M:%S.") + str(now_ms % 1000 // 100)
        _label(picture, f"CAM-{self._number:03d}", (12, 24))
        _label(picture, stamp, (WIDTH - 222, 24))


Lane = tuple[tuple[float, float], tuple[float, float], float, float]
_Ground = tuple[Picture, list[Lane], "tuple[int, int, int, int] | None"]


def _at(x: float, y: float) -> tuple[int, int]:
    return int(x), int(y)


def _dim(colour: Colour, share: float) -> Colour:
    return int(colour[0] * share), int(colour[1] * share), int(colour[2] * share)


def _box(picture: Picture, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    cv2.rectangle(picture, _at(left, top), _at(right, bottom), colour, -1)


def _label(picture: Picture, text: str, at: tuple[int, int]) -> None:
    for offset, colour in ((1, (20, 20, 20)), (0, (240, 240, 240))):
        where = at[0] + offset, at[1] + offset
        cv2.putText(picture, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _slope(top: Colour, bottom: Colour, height: int) -> Picture:
    share = np.linspace(0, 1, height)[:, None, None]
    made = np.array(top) * (1 - share) + np.array(bottom) * share
    return np.repeat(made, WIDTH, axis=1).astype(np.uint8)


def _darkened(ground: Picture) -> Picture:
    dark = (ground.astype(np.float32) * np.array([0.36, 0.30, 0.28])).astype(np.uint8)
    for x in range(70, WIDTH, 150):
        cv2.line(dark, (x, 120), (x, 205), (48, 48, 48), 3)
        cv2.circle(dark, (x, 118), 6, (170, 225, 250), -1)
        glow = np.zeros_like(dark)
        cv2.circle(glow, (x, 150), 60, (26, 40, 46), -1)
        dark = cv2.add(dark, cv2.GaussianBlur(glow, (0, 0), 16))
    return np.asarray(dark, np.uint8)


def _houses(picture: Picture, chance: random.Random, horizon: int) -> None:
    x = -20
    while x < WIDTH:
        wide, high = chance.randint(45, 110), chance.randint(40, horizon - 12)
        tone = chance.randint(105, 165)
        _box(picture, x, horizon - high, x + wide, horizon, (tone + 6, tone + 2, tone))
        for row in range(horizon - high + 8, horizon - 10, 14):
            for column in range(x + 7, x + wide - 8, 13):
                glass = chance.choice(((120, 105, 90), (90, 80, 70), (170, 190, 200)))
                _box(picture, column, row, column + 6, row + 7, glass)
        x += wide + chance.randint(-4, 18)


def _trees(picture: Picture, chance: random.Random, y: int, count: int) -> None:
    for _ in range(count):
        x, size = chance.randint(0, WIDTH), chance.randint(14, 30)
        cv2.line(picture, (x, y), (x, y - size), (50, 66, 82), 4)
        green = (52, chance.randint(96, 128), 74)
        for dx, dy in ((0, -size), (-10, -size + 9), (10, -size + 8)):
            cv2.circle(picture, (x + dx, y + dy), size // 2 + 3, green, -1)


def _street(chance: random.Random, horizon: int) -> Picture:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:horizon] = _slope((205, 185, 160), (222, 214, 205), horizon)
    picture[horizon:] = _slope((118, 118, 116), (88, 88, 88), HEIGHT - horizon)
    _houses(picture, chance, horizon)
    return picture


def _road(chance: random.Random) -> _Ground:
    horizon = chance.randint(120, 150)
    picture = _street(chance, horizon)
    _box(picture, 0, horizon, WIDTH, horizon + 26, (140, 148, 152))
    _trees(picture, chance, horizon + 14, 7)
    lanes: list[Lane] = []
    for index, y in enumerate((horizon + 62, horizon + 112, horizon + 176)):
        for x in range(0, WIDTH, 58):
            _box(picture, x, y + 16, x + 30, y + 18, (205, 210, 210))
        ends = (-70.0, WIDTH + 70.0) if index % 2 else (WIDTH + 70.0, -70.0)
        size = 20.0 + 9 * index
        lanes.append(((ends[0], float(y)), (ends[1], float(y)), size, size))
    return picture, lanes, (-20, WIDTH + 20, horizon + 24, horizon + 30)


def _crossing(chance: random.Random) -> _Ground:
    horizon = 128
    picture = _street(chance, horizon)
    middle = chance.randint(270, 370)
    grey = np.array([[0, HEIGHT], [middle - 26, horizon], [middle + 26, horizon], [WIDTH, HEIGHT]], np.int32)
    picture[horizon:] = _slope((126, 134, 138), (112, 122, 128), HEIGHT - horizon)
    cv2.fillConvexPoly(picture, grey, (92, 92, 90))
    for x in range(40, WIDTH - 40, 46):
        stripe = np.array([[x, 300], [x + 24, 300], [x + 28, 334], [x - 2, 334]], np.int32)
        cv2.fillConvexPoly(picture, stripe, (214, 216, 214))
    near, far = float(middle), float(horizon + 8)
    lanes: list[Lane] = [
        ((near - 10, far), (middle - 160.0, HEIGHT + 60.0), 5.0, 58.0),
        ((middle + 170.0, HEIGHT + 60.0), (near + 12, far), 58.0, 5.0),
    ]
    return picture, lanes, (-20, WIDTH + 20, 296, 340)


def _river(chance: random.Random) -> _Ground:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:110] = _slope((214, 190, 165), (224, 216, 206), 110)
    _houses(picture, chance, 110)
    picture[110:] = _slope((84, 122, 92), (70, 104, 84), HEIGHT - 110)
    water = np.array([[0, 190], [WIDTH, 150], [WIDTH, 262], [0, 300]], np.int32)
    cv2.fillConvexPoly(picture, water, (140, 116, 84))
    for _ in range(60):
        x, y = chance.randint(0, WIDTH), chance.randint(190, 262)
        cv2.line(picture, (x, y), (x + chance.randint(10, 36), y - 2), (160, 136, 104), 1)
    _box(picture, 560, 150, 568, 262, (200, 200, 200))
    for mark in range(152, 260, 12):
        _box(picture, 560, mark, 568, mark + 5, (60, 60, 190))
    _trees(picture, chance, 150, 9)
    for y in (306, 334):
        cv2.line(picture, (0, y + 22), (WIDTH, y - 14), (150, 160, 166), 10)
    lanes: list[Lane] = [((-50.0, 168.0), (WIDTH + 50.0, 128.0), 9.0, 9.0)]
    return picture, lanes, (-20, WIDTH + 20, 316, 346)


def _park(chance: random.Random) -> _Ground:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = _slope((150, 156, 160), (120, 126, 130), HEIGHT)
    for row, y in enumerate((96, 206)):
        for x in range(30, WIDTH - 60, 66):
            cv2.line(picture, (x, y), (x - 8, y + 72), (222, 222, 222), 2)
            if chance.random() < 0.6:
                colour = chance.choice(CAR_COLOURS)
                _box(picture, x + 6, y + 14, x + 48, y + 58 + row * 4, colour)
                _box(picture, x + 11, y + 24, x + 43, y + 36, _dim(colour, 0.45))
    _trees(picture, chance, 60, 10)
    lanes: list[Lane] = [((-60.0, 190.0), (WIDTH + 60.0, 190.0), 22.0, 22.0)]
    return picture, lanes, (-20, WIDTH + 20, 312, 350)
