"""Units of the SenML registry (RFC 8428, 12.1) and of its secondary list (RFC 8798) in UCUM.

UCUM has most secondary units itself, so that kWh stay kWh; a value is scaled
only where it has no such unit.
"""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """A UCUM unit; a value in it is `value * factor + offset`."""

    ucum: str
    factor: float = 1.0
    offset: float = 0.0


_SAME = (
    "m kg g s A K cd mol Hz rad sr N Pa J W C V F S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 m/s m/s2 m3/s W/m2 "
    "cd/m2 bit bit/s 1/s 1/min S/m J/m kg/m3 deg % dB ms min h MHz kW mV mA ug/m3 mm/h m/h hPa mm cm km km/h"
)
_OTHER = {
    "Ohm": "Ohm", "l": "L", "l/s": "L/s", "lat": "deg", "lon": "deg", "pH": "[pH]", "dBW": "dB[W]",
    "count": "1", "/": "1", "%RH": "%", "%EL": "%", "EL": "s", "beat/min": "{beat}/min", "beats": "{beat}",
    "B": "By", "VA": "V.A", "VAs": "V.A.s", "var": "V.A{reactive}", "vars": "V.A.s{reactive}",
    "NTU": "{NTU}", "kVA": "kV.A", "kvar": "kV.A{reactive}", "Ah": "A.h", "Wh": "W.h", "kWh": "kW.h",
    "VAh": "V.A.h", "kVAh": "kV.A.h", "varh": "V.A.h{reactive}", "kvarh": "kV.A.h{reactive}",
    "Wh/km": "W.h/km", "KiB": "KiBy", "GB": "GBy", "Mbit/s": "Mbit/s", "B/s": "By/s", "MB/s": "MBy/s",
    "ppm": "[ppm]", "ppb": "[ppb]", "ppt": "[pptr]", "/100": "%", "/1000": "[ppth]",
    "mg/l": "mg/L", "ug/l": "ug/L", "g/l": "g/L",
}  # fmt: skip
_SCALED = {"Bspl": Unit("dB[SPL]", 10.0), "dBm": Unit("dB[W]", 1.0, -30.0)}
_KNOWN = {each: Unit(each) for each in _SAME.split()} | {k: Unit(v) for k, v in _OTHER.items()} | _SCALED


def unit(name: str) -> Unit:
    """The unit in UCUM; "1" for none, one we do not know in braces."""
    if not name:
        return Unit("1")
    known = _KNOWN.get(name)
    if known is not None:
        return known
    kept = "".join(each for each in name if each.isascii() and each.isprintable() and each not in "{}")[:60]
    return Unit(f"{{{kept}}}" if kept else "1")
