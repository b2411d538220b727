"""What the columns of municipal registers mean: cameras, emergency bells, parking lots, lights, sensors.

The national standard data sets name the columns; cities add spaces, units in
brackets, WGS84 before the coordinates, or the codes of the newer interface.
Source: the standard data sets 15013094 (CCTV), 15028206 (bells) and 15012896
(parking lots) as cities publish them; DOMAIN.md, 1.2 A.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["cctv", "bell", "parking", "light", "sensor", "place"]

_ROLES: dict[str, str] = {
    "number": "관리번호 안전비상벨관리번호 주차장관리번호 cctv관리번호 시설물번호 mngno sftyemrgncbllmngno"
    " pkltcd 시리얼 시리얼번호 serial serialno",
    "row_number": "번호 연번 순번 no",
    "manager": "관리기관명 관리기관 기관명 관리주체 자치구 자치구명 mnginstnm",
    "road": "소재지도로명주소 도로명주소 설치도로명주소 lctnroadnmaddr 안심주소 주소 소재지 설치주소",
    "lot": "소재지지번주소 지번주소 lctnlotnoaddr",
    "purpose": "설치목적구분 설치목적 목적 cctv용도 용도 촬영목적 instlprps 주차장구분",
    "name": "주차장명 시설명 명칭 pkltnm",
    "place": "설치위치 설치장소 위치 상세위치 보안등위치명 instlpstn",
    "place_type": "설치장소유형 instlplctype 주차장유형",
    "cameras": "카메라대수 카메라수 cctv수량 설치대수",
    "pixels": "카메라화소수 카메라화소 화소수",
    "direction": "촬영방면정보 촬영방면 촬영방향",
    "retention": "보관일수 보관기간 영상보관일수",
    "spaces": "주차구획수 주차면수 총주차면 tpkct",
    "lamps": "설치개수",
    "installed": "설치연월 설치년월 설치연도 설치년도 안전비상벨설치연도 sftyemrgncbllinstlyr",
    "phone": "관리기관전화번호 전화번호 mnginsttelno",
    "link": "연계방식 연계방법 linkmth",
    "police": "경찰연계유무 경찰연계여부 polclinken",
    "inspected": "최종점검일자 최종점검일 lastchckymd",
    "grade": "안전등급 시설물등급 안전등급구분 상태등급",
    "inspect_by": "다음점검일 다음점검일자 차기점검일 차기점검일자 점검예정일 점검예정일자",
    "documents": "문서 문서파일 첨부문서 첨부파일 도면",
    "as_of": "데이터기준일자 데이터기준일 데이터기준 기준일자 수정일시 datcrtrymd",
    "lat": "위도 lat latitude",
    "lon": "경도 lot lon lng longitude",
}
_BY_NAME = {name: role for role, names in _ROLES.items() for name in names.split()}
_BRACKETS = re.compile(r"[(\[（][^)\]）]{0,40}[)\]）]")
_DROPPED = re.compile(r"[\s_·.\-/]+")

_TELLING: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("parking", frozenset({"spaces", "주차장관리번호", "주차장명", "pkltcd"})),
    ("bell", frozenset({"police", "안전비상벨관리번호", "안전비상벨설치연도", "sftyemrgncbllmngno"})),
    ("cctv", frozenset({"cameras", "pixels", "direction", "retention", "cctv용도", "cctv관리번호"})),
    ("light", frozenset({"보안등위치명", "lamps"})),
    ("sensor", frozenset({"시리얼", "시리얼번호", "serial", "serialno"})),
)
"""A column (by its role or name) that only this kind of register has."""


class Columns(NamedTuple):
    """Which register a table is, and where its columns stand by their role."""

    kind: Kind
    at: dict[str, int]


def bare(name: str) -> str:
    """A column's name without spaces, marks and what stands in brackets; for comparing."""
    text = _DROPPED.sub("", _BRACKETS.sub("", name[:100])).lower()
    return text.removeprefix("wgs84")


def find(header: Sequence[str]) -> Columns | None:
    """The columns of a register; None for a table that says nothing of where things are."""
    names = [bare(name) for name in header]
    at: dict[str, int] = {}
    for index, name in enumerate(names):
        role = _BY_NAME.get(name)
        if role is not None:
            at.setdefault(role, index)
    if not ("lat" in at and "lon" in at):
        return None
    known = set(names) | set(at)
    kind: Kind = next((kind for kind, telling in _TELLING if telling & known), "place")
    return Columns(kind, at)
