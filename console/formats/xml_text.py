"""The one XML reader for everything that comes from outside, locked down.

A document type is refused before any parser sees it, so that there are no
entities, no external subset and no attribute defaults; nothing is ever
fetched, comments and processing instructions are dropped, and size, depth,
elements and attributes are bounded. The text is decoded here, by the byte order
mark or the declared encoding, and the parser gets UTF-8 without a declaration.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import TypeAlias

from lxml import etree

from console.formats.json_text import MAX_BYTES, Unreadable

MAX_DEPTH = 64
MAX_TAGS = 20_000  # "<" in the text: elements, their ends, comments
MAX_EQUALS = 40_000  # "=" in the text: attributes, and a few in texts

Element: TypeAlias = etree._Element

_ENCODINGS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1", "latin1": "latin-1", "iso8859-1": "latin-1", "windows-1252": "cp1252",
    "euc-kr": "cp949", "euckr": "cp949", "cp949": "cp949", "ms949": "cp949", "uhc": "cp949",
    "windows-949": "cp949", "ks_c_5601-1987": "cp949", "ksc5601": "cp949",
}  # fmt: skip
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,200}?\?>")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read(payload: bytes, encodings: Sequence[str] = ("utf-8",)) -> Element:
    """The root element of `payload`; raises Unreadable and nothing else.

    `encodings` are the site's: tried in order where none is declared, or where
    the text is not the UTF-8 that it declares.
    """
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    text = _without_declaration(_decoded(payload, encodings))
    _check(text)
    try:
        root = etree.fromstring(text.encode("utf-8"), _parser())
    except etree.XMLSyntaxError as error:
        message = str(error)
        if "depth" in message.lower():
            raise Unreadable("too-deep", f"nested deeper than {MAX_DEPTH}") from error
        raise Unreadable("not-xml", message[:200]) from error
    except (etree.LxmlError, ValueError) as error:
        raise Unreadable("not-xml", str(error)[:200]) from error
    if root is None:
        raise Unreadable("empty", "the message has no element")
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("xml-dtd", "a document type stands in the text")
    _check_depth(root)
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: Element) -> str:
    """The namespace of an element, "" for none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def _parser() -> etree.XMLParser:
    """A parser that reads what stands in the text and reaches for nothing else."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def _decoded(payload: bytes, encodings: Sequence[str]) -> str:
    for mark, name in _MARKS:
        if payload.startswith(mark):
            if not name:
                raise Unreadable("encoding", "UTF-32 is not read")
            return _decode(payload[len(mark) :], name)
    if payload[:4] in (b"<\0?\0", b"<\0a\0") or payload[1:2] == b"\0":
        return _decode(payload, "utf-16-le")
    if payload[:1] == b"\0":
        return _decode(payload, "utf-16-be")
    declared = _DECLARED.match(payload[:400])
    if declared is None:
        return _by_trial(payload, encodings)
    name = declared[1].decode("ascii").lower()
    known = _ENCODINGS.get(name)
    if known is None:
        raise Unreadable("encoding", f"the encoding {name!r} is not read")
    if known in ("utf-8", "ascii") or known.startswith("utf-16"):
        # Bytes that show an ASCII declaration are no UTF-16, and senders declare UTF-8 by habit.
        return _by_trial(payload, ("utf-8", *encodings))
    return _decode(payload, known)


def _decode(payload: bytes, encoding: str) -> str:
    try:
        return payload.decode(encoding)
    except UnicodeError as error:
        raise Unreadable("encoding", f"the text is not the {encoding} that it says it is") from error


def _by_trial(payload: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return payload.decode(encoding)
        except UnicodeError:
            continue
    raise Unreadable("encoding", f"the text is none of {', '.join(dict.fromkeys(encodings))}")


def _without_declaration(text: str) -> str:
    text = text.lstrip(" \t\r\n\ufeff")
    found = _DECLARATION.match(text)
    return text[found.end() :] if found else text


def _check(text: str) -> None:
    """What can be refused by counting and by a look before the first element."""
    if not text.strip():
        raise Unreadable("empty", "the message has no content")
    if "\0" in text:
        raise Unreadable("nul", "a zero byte stands in the text")
    if text.count("<") > MAX_TAGS:
        raise Unreadable("too-many", f"more than {MAX_TAGS} tags")
    if text.count("=") > MAX_EQUALS:
        raise Unreadable("too-many", f"more than {MAX_EQUALS} attributes")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable("surrogate", "half of a surrogate pair stands alone") from error
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            at = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            at = text.find("?>", at + 2)
        elif text.startswith("<!", at):
            raise Unreadable("xml-dtd", "a document type stands before the first element")
        else:
            return
        if at < 0:
            return


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise Unreadable("too-deep", f"nested deeper than {MAX_DEPTH}")
