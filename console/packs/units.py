"""Whether a text is a unit in UCUM's case-sensitive form, of the atoms that a city measures in.

Source: The Unified Code for Units of Measure, 2.1: terms of atoms with prefix and exponent,
`.` and `/` between them, and annotations in braces.
"""

from __future__ import annotations

import re

_METRIC = {
    "m", "g", "s", "K", "C", "cd", "rad", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F", "Ohm", "S", "Wb",
    "Cel", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "mol", "L", "l", "bar", "B", "B[SPL]", "B[W]", "B[V]",
    "bit", "By", "Bd", "eV", "t", "ar", "var",
}  # fmt: skip
_PLAIN = {
    "1", "%", "[ppm]", "[ppb]", "[ppth]", "[pH]", "deg", "'", "''", "min", "h", "d", "wk", "mo", "a",
    "atm", "[degF]", "[UVindex]", "[kn_i]", "m[H2O]", "m[Hg]",
}  # fmt: skip
_PREFIXES = ("da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a",
             "Ki", "Mi", "Gi", "Ti")  # fmt: skip
_TERM = re.compile(r"^(?P<atom>.*?[^-+\d]|1)?(?P<power>[-+]?\d)?$")
_ANNOTATION = re.compile(r"\{[!-z|~ ]*\}")


def is_unit(text: str) -> bool:
    """Whether UCUM has this unit: `ug/m3`, `Cel`, `{person}/m2`, `1`."""
    if not text or len(text) > 64:
        return False
    bare = _ANNOTATION.sub("", text)
    if not bare:
        return True
    parts = re.split(r"[./]", bare)
    if parts[0] == "" and len(parts) > 1 and (bare.startswith("/") or text.startswith("{")):
        parts = parts[1:]
    return all(_is_term(part) for part in parts)


def _is_term(text: str) -> bool:
    if text in _PLAIN or (text.isdigit() and text[0] != "0"):
        return True
    match = _TERM.match(text)
    atom = match["atom"] if match else None
    return atom is not None and _is_atom(atom)


def _is_atom(atom: str) -> bool:
    if atom in _METRIC or atom in _PLAIN:
        return True
    return any(atom.startswith(each) and atom[len(each) :] in _METRIC for each in _PREFIXES)
