"""Whether a signed alert is what one of the signers that the site trusts has signed.

A signer is trusted by its own certificate in a folder of the settings; what a
message brings along says only who it claims to be from. The signature must be
the only one, stand in the alert itself and cover all of it: what was signed is
read again and compared with what is shown, so that nothing can be wrapped around it.
Source: OASIS CAP 1.2, 3.3.2.1; W3C XML Signature 1.1, 8.1.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from console.formats import cap_alert, xml_text
from console.formats.cap_alert import SIGNATURE, Alert
from console.formats.json_text import Unreadable
from console.formats.xml_text import Element

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NOT_EXAMINED = "signed, not verified"
UNKNOWN = "not verified: signer unknown"
UNFIT = "signature does not fit"
WRAPPED = "not verified: inside another document"
PARTLY = "not verified: the signature does not cover the whole alert"
UNREAD = "not verified: the certificates cannot be read"
OUT_OF_TIME = "not verified: the certificate is out of its time: "
BY = "verified by "

MOST_CERTIFICATES = 64
MOST_TRIED = 8  # where the signature does not say whose it is
_LARGEST = 1 << 16  # bytes of a certificate's file
_FILES = (".pem", ".crt", ".cer", ".der")
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_C14N = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
)
_Stamp = tuple[tuple[str, int, int], ...]


class Signers:
    """The certificates of one folder, read again when its files change."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None
        self._stamp: _Stamp = ()
        self._known: list[tuple[str, Certificate]] = []

    def verdict(self, element: Element, alert: Alert, received_ms: int) -> str:
        """What is shown of a signed alert's signature, "" for one that is not signed."""
        if not alert.is_signed:
            return ""
        if self._folder is None:
            return NOT_EXAMINED
        if element.getparent() is not None:
            return WRAPPED
        try:
            known = self._certificates(self._folder)
        except OSError:
            return UNREAD
        if not _covers_all(element):
            return PARTLY
        return _examined(element, alert, known, received_ms)

    def _certificates(self, folder: Path) -> list[tuple[str, Certificate]]:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _FILES)
        found = [(path, path.stat()) for path in paths[:MOST_CERTIFICATES]]
        stamp = tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in found)
        if stamp != self._stamp:
            self._known = [(path.stem, each) for path, _ in found for each in _read(path)]
            self._stamp = stamp
        return self._known[:MOST_CERTIFICATES]


def _read(path: Path) -> list[Certificate]:
    """The certificates of a file, PEM or DER; none of one that cannot be read."""
    from cryptography import x509  # only where signed alerts come does it cost its loading

    with path.open("rb") as file:
        content = file.read(_LARGEST)
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except ValueError:
        return []


def _covers_all(element: Element) -> bool:
    """One signature, by its form over the whole document and without itself."""
    name = f"{{{SIGNATURE}}}"
    signatures = list(element.iter(f"{name}Signature"))
    references = list(element.iter(f"{name}Reference"))
    if len(signatures) != 1 or signatures[0].getparent() is not element or len(references) != 1:
        return False
    transforms = [each.get("Algorithm", "") for each in references[0].iter(f"{name}Transform")]
    known = all(each == _ENVELOPED or each.partition("#WithComments")[0] in _C14N for each in transforms)
    return references[0].get("URI") == "" and _ENVELOPED in transforms and known


def _examined(element: Element, alert: Alert, known: list[tuple[str, Certificate]], received_ms: int) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding
    from signxml.exceptions import InvalidCertificate
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    shown = _shown(element)
    fitting = [each for each in known if not shown or each[1].public_bytes(Encoding.DER) in shown]
    if not fitting:
        return UNKNOWN
    if not shown:
        fitting = fitting[:MOST_TRIED]
    when = datetime.fromtimestamp(received_ms / 1000, UTC)
    expected = SignatureConfiguration(location="./", expect_references=1, verification_time=when)
    verdict = UNFIT
    for name, certificate in fitting:
        try:
            found = XMLVerifier().verify(element, x509_cert=certificate, expect_config=expected)
            signed = found.signed_xml if not isinstance(found, list) else None
            if signed is not None and _is_same(signed, alert):
                return BY + name
            verdict = PARTLY
        except InvalidCertificate:
            verdict = OUT_OF_TIME + name
        except Exception:  # noqa: BLE001 - whatever a foreign library makes of it: it does not fit
            verdict = UNFIT
    return verdict


def _shown(element: Element) -> list[bytes]:
    """The certificates that the signature says it was made with."""
    found = []
    for each in element.iter(f"{{{SIGNATURE}}}X509Certificate"):
        try:
            found.append(b64decode(each.text or ""))
        except (binascii.Error, ValueError):
            found.append(b"")
    return found


def _is_same(signed: Element, alert: Alert) -> bool:
    """Whether what was signed is read as what is shown."""
    try:
        return xml_text.local(signed) == "alert" and cap_alert.read(signed) == replace(alert, is_signed=False)
    except Unreadable:
        return False
