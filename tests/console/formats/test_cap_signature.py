"""A signed alert counts as verified only where a trusted signer has signed all of what is shown."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner

from console.clock import ManualClock
from console.decode import decode_files
from console.formats import cap_signature
from console.formats.cap import CapDecoder
from console.formats.cap_signature import NOT_EXAMINED, OUT_OF_TIME, PARTLY, UNFIT, UNKNOWN, UNREAD, WRAPPED
from console.formats.forms import CapForm
from console.settings import Feed, Settings, parse
from db.records import Event
from tests.console.formats.test_cap import NOW, alert, info

WHEN = datetime.fromtimestamp(NOW / 1000, UTC)


class Signer:
    """A key with its own certificate."""

    def __init__(self, name: str, *, days: int = 3650, curve: bool = False) -> None:
        self.key: Any = ec.generate_private_key(ec.SECP256R1()) if curve else _rsa()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(WHEN - timedelta(days=3650))
            .not_valid_after(WHEN - timedelta(days=3650) + timedelta(days=days + 3650 if days > 0 else 1))
            .sign(self.key, hashes.SHA256())
        )

    def sign(self, text: str, **more: Any) -> bytes:
        """The alert in `text`, signed within itself; `more` as the signer of the library takes it."""
        show = more.pop("show", True)
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm="ecdsa-sha256"
            if isinstance(self.key, ec.EllipticCurvePrivateKey)
            else "rsa-sha256",
            c14n_algorithm=more.pop("c14n", CanonicalizationMethod.CANONICAL_XML_1_0),
        )
        signed = signer.sign(etree.fromstring(text), key=self.key, cert=[self.certificate], **more)
        if not show:
            for each in list(signed.iter(f"{{{cap_signature.SIGNATURE}}}KeyInfo")):
                each.getparent().remove(each)
        return bytes(etree.tostring(signed))


def _rsa() -> Any:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def city() -> Signer:
    return Signer("city")


@pytest.fixture(scope="module")
def stranger() -> Signer:
    return Signer("stranger")


@pytest.fixture
def folder(tmp_path: Path, city: Signer) -> Path:
    made = tmp_path / "signers"
    made.mkdir()
    (made / "서울시.pem").write_bytes(city.certificate.public_bytes(Encoding.PEM))
    (made / "readme.txt").write_text("no certificate")
    (made / "broken.crt").write_text("-----BEGIN nothing")
    return made


def shown(payload: bytes, folder: Path | str) -> Any:
    """What is said of the signature of the first event."""
    form = CapForm(certificates=str(folder))
    found = CapDecoder("cap", Feed(kind="cap", cap=form), ("utf-8",)).decode("cap/x", payload, NOW, False)
    event = next(each for each in found if isinstance(each, Event))
    return event.extra.get("signature")


TEXT = alert(info(codes=("1120000000",)))


@pytest.mark.parametrize("show", [True, False])
@pytest.mark.parametrize(
    "c14n",
    [CanonicalizationMethod.CANONICAL_XML_1_0, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0],
)
def test_what_a_trusted_signer_has_signed_is_verified(
    show: bool, c14n: CanonicalizationMethod, folder: Path, city: Signer
) -> None:
    assert shown(city.sign(TEXT, show=show, c14n=c14n), folder) == "verified by 서울시"


def test_keys_on_curves_and_binary_certificates_will_do(folder: Path) -> None:
    other = Signer("fire", curve=True)
    (folder / "fire.der").write_bytes(other.certificate.public_bytes(Encoding.DER))
    assert shown(other.sign(TEXT), folder) == "verified by fire"


def test_a_signer_that_is_not_trusted_stays_unknown(folder: Path, stranger: Signer) -> None:
    assert shown(stranger.sign(TEXT), folder) == UNKNOWN


def test_a_certificate_that_is_shown_proves_nothing(folder: Path, city: Signer, stranger: Signer) -> None:
    stolen = copy.copy(stranger)
    stolen.certificate = city.certificate
    assert shown(stolen.sign(TEXT), folder) == UNFIT
    assert shown(stranger.sign(TEXT, show=False), folder) == UNFIT


@pytest.mark.parametrize(
    ("old", "new"), [("호우경보", "호우주의보"), ("1120000000", "1100000000"), ("Severe", "Minor")]
)
def test_what_was_changed_after_the_signing_does_not_fit(
    old: str, new: str, folder: Path, city: Signer
) -> None:
    payload = city.sign(TEXT).decode()
    written = old if old in payload else "".join(f"&#{ord(each)};" for each in old)
    assert written in payload
    assert shown(payload.replace(written, new, 1).encode(), folder) == UNFIT


def test_nothing_is_said_of_what_is_not_signed_and_without_certificates_nothing_is_examined(
    folder: Path, city: Signer
) -> None:
    assert shown(TEXT.encode(), folder) is None
    assert shown(city.sign(TEXT), "") == NOT_EXAMINED


def test_a_certificate_out_of_its_time_verifies_nothing(folder: Path) -> None:
    old = Signer("old", days=0)
    (folder / "old.pem").write_bytes(old.certificate.public_bytes(Encoding.PEM))
    assert shown(old.sign(TEXT), folder) == OUT_OF_TIME + "old"


def test_a_folder_that_is_away_is_said_and_a_new_certificate_counts_at_once(
    tmp_path: Path, folder: Path, stranger: Signer
) -> None:
    assert shown(stranger.sign(TEXT), tmp_path / "nowhere") == UNREAD
    signers = cap_signature.Signers(str(folder))
    decoder = CapDecoder("cap", Feed(kind="cap", cap=CapForm(certificates=str(folder))), ("utf-8",))
    decoder._signers = signers
    payload = stranger.sign(TEXT)

    def verdict() -> Any:
        (event,) = [each for each in decoder.decode("cap/x", payload, NOW, False) if isinstance(each, Event)]
        return event.extra["signature"]

    assert verdict() == UNKNOWN
    (folder / "new.pem").write_bytes(stranger.certificate.public_bytes(Encoding.PEM))
    assert verdict() == "verified by new"


# --- wrapping: a true signature, and something else that is shown ------------------------------------------


def parts(city: Signer) -> tuple[Any, Any]:
    """A signed alert, and its signature apart."""
    signed = etree.fromstring(city.sign(TEXT))
    return signed, signed.find(f"{{{cap_signature.SIGNATURE}}}Signature")


def test_an_alert_around_a_signed_one_is_not_verified(folder: Path, city: Signer) -> None:
    signed, _ = parts(city)
    forged = etree.fromstring(alert(info("AL1"), "FAKE"))
    forged.append(signed)
    assert shown(etree.tostring(forged), folder) in (None, PARTLY)
    signature = signed.find(f"{{{cap_signature.SIGNATURE}}}Signature")
    forged.append(signature)  # the signature moves out, what it signed stays inside
    assert shown(etree.tostring(forged), folder) == UNFIT


def test_a_signed_alert_kept_inside_the_signature_of_a_forged_one_is_not_verified(
    folder: Path, city: Signer
) -> None:
    signed, signature = parts(city)
    forged = etree.fromstring(alert(info("AL1"), "FAKE"))
    holder = etree.SubElement(signature, f"{{{cap_signature.SIGNATURE}}}Object")
    holder.append(copy.deepcopy(signed))
    forged.append(signature)
    assert shown(etree.tostring(forged), folder) in (UNFIT, PARTLY)


def test_a_reference_to_a_part_by_its_id_is_not_the_whole_alert(folder: Path, city: Signer) -> None:
    text = TEXT.replace("<info>", '<info Id="part">')
    assert shown(city.sign(text, reference_uri="#part"), folder) == PARTLY


def test_a_second_signature_or_reference_is_not_verified(folder: Path, city: Signer) -> None:
    signed, signature = parts(city)
    signed.append(copy.deepcopy(signature))
    assert shown(etree.tostring(signed), folder) == PARTLY
    signed, signature = parts(city)
    first = next(signature.iter(f"{{{cap_signature.SIGNATURE}}}Reference"))
    first.getparent().append(copy.deepcopy(first))
    assert shown(etree.tostring(signed), folder) == PARTLY


def test_two_alerts_in_one_document_are_not_verified_whoever_signed_one(folder: Path, city: Signer) -> None:
    signed = city.sign(TEXT).decode()
    both = f"<feed>{alert(info('AL1'), 'FAKE')}{signed}</feed>".encode()
    found = CapDecoder("cap", Feed(kind="cap", cap=CapForm(certificates=str(folder))), ("utf-8",)).decode(
        "cap/x", both, NOW, False
    )
    verdicts = [each.extra.get("signature") for each in found if isinstance(each, Event)]
    assert verdicts == [None, WRAPPED]


def test_an_alert_that_is_text_in_a_wrapper_is_a_document_of_its_own(folder: Path, city: Signer) -> None:
    signed = city.sign(TEXT).decode()
    assert shown(f"<wrap><x><![CDATA[{signed}]]></x></wrap>".encode(), folder) == "verified by 서울시"


@pytest.mark.parametrize(
    "transform",
    ["http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116", "x"],
)
def test_transforms_that_choose_what_is_signed_are_not_followed(
    transform: str, folder: Path, city: Signer
) -> None:
    signed, signature = parts(city)
    transforms = next(signature.iter(f"{{{cap_signature.SIGNATURE}}}Transforms"))
    etree.SubElement(transforms, f"{{{cap_signature.SIGNATURE}}}Transform", Algorithm=transform)
    assert shown(etree.tostring(signed), folder) == PARTLY


@pytest.mark.parametrize(
    "name", ["SignatureValue", "DigestValue", "SignedInfo", "SignatureMethod", "X509Certificate"]
)
@pytest.mark.parametrize("text", ["", "!!!", "AAAA", None])
def test_a_damaged_signature_is_named_and_raises_nothing(
    name: str, text: str | None, folder: Path, city: Signer
) -> None:
    signed, signature = parts(city)
    part = next(signature.iter(f"{{{cap_signature.SIGNATURE}}}{name}"))
    if text is None:
        part.getparent().remove(part)
    else:
        part.text = text
        part[:] = []
        part.attrib.clear()
    assert shown(etree.tostring(signed), folder) in (UNFIT, PARTLY, UNKNOWN, "verified by 서울시")
    if name in ("SignatureValue", "DigestValue", "SignedInfo", "SignatureMethod"):
        assert shown(etree.tostring(signed), folder) in (UNFIT, PARTLY)


def test_the_folder_is_named_from_the_settings_file(tmp_path: Path) -> None:
    text = (
        '[brokers.main]\n[feeds.cap]\nkind = "cap"\ntopics = ["c"]\n[feeds.cap.cap]\ncertificates = "signers"'
    )
    settings = parse(text, str(tmp_path / "settings.toml"))
    assert settings.feeds["cap"].cap.certificates == str(tmp_path / "signers")


def test_decode_shows_who_signed(tmp_path: Path, folder: Path, city: Signer) -> None:
    (tmp_path / "a.cap").write_bytes(city.sign(TEXT))
    feed = Feed(kind="cap", topics=("c",), cap=CapForm(certificates=str(folder)))
    (event,) = decode_files("cap", Settings(feeds={"cap": feed}), "", [tmp_path / "a.cap"], ManualClock(NOW))
    assert event["extra"]["signature"] == "verified by 서울시"
