"""What a form wants to hear when its post is stored."""

from __future__ import annotations

import re

from console.feeds.posting import Asked, Reply
from console.feeds.posts import Delivered
from console.formats import platform_out

WANTS_XML = ("cap",)
_JSON = "application/json; charset=utf-8"
_NUMBER = re.compile(r"[A-Za-z0-9._:/-]{1,200}").fullmatch


def reply_to(kind: str, delivered: Delivered | None, asked: Asked) -> Reply:
    """The answer to a stored post; to one that could not be stored where `delivered` is None.

    A message that cannot be read is stored too, among what was set aside, and
    its sender is not asked to send it again.
    """
    if kind == "platform":
        code = "2000" if delivered is not None else "5000"
        return Reply(200 if delivered is not None else 503, platform_out.answer(code), _JSON)
    if delivered is None:
        return Reply(503, b"It cannot be stored at present; send it again later")
    if kind == "onem2m":
        number = asked.header("X-M2M-RI")
        said = (("X-M2M-RSC", "2000"), *((("X-M2M-RI", number),) if _NUMBER(number) else ()))
        return Reply(200, b"", _JSON, said)
    if delivered.answers:
        return Reply(200, delivered.answers[0].payload, _JSON)
    return Reply(200, b"stored") if kind == "cap" else Reply(204)
