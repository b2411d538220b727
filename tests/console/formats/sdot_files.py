"""S-DoT as it is published: files and replies made for tests after the real headers."""

from __future__ import annotations

import json

SERIAL = "V02Q1940612"
PLACE = "traditional_markets,Dongjak-gu,Sang-do1(il)-dong"
_MEASURED = (
    "온도;℃", "습도;%", "풍속;m/s", "풍향;°", "조도;lux", "자외선;UV", "소음;dB",
    "진동_x;mm/s", "진동_y;mm/s", "진동_z;mm/s", "흑구온도;℃", "이산화질소;ppm",
    "일산화탄소;ppm", "이산화황;ppm", "암모니아;ppm", "황화수소;ppm", "오존;ppm",
)  # fmt: skip
WORDS = [f"{name} {word}({unit})" for each in _MEASURED for name, unit in [each.split(";")]
         for word in ("최대", "평균", "최소")]  # fmt: skip
HEADER = ["모델번호", "시리얼", "측정시간", "지역", "자치구", "행정동", *WORDS, "등록일시"]
"""58 names, as the weekly files have them; 6 columns without a name follow."""


def weekly(*rows: dict[str, str], time: str = "2026-11-22_09:00:00", header: str = "") -> str:
    """A weekly file; each row says only what is not empty."""
    lines = [header or ",".join(HEADER) + "," * 6]
    for row in rows:
        said = {
            "모델번호": "SDOT001",
            "시리얼": SERIAL,
            "측정시간": time,
            "등록일시": "2026-11-22 10:00:21",
            **row,
        }
        lines.append(",".join(f'"{said.get(name, "")}"' for name in HEADER) + "," * 6)
    return "\n".join(lines) + "\n"


def shifted() -> str:
    """The files of 2021 and 2022: the header has two names at its front that no row has a cell for."""
    header = (
        "기관 명,송신 서버,모델명,시리얼,전송시간,초미세먼지(㎍/㎥),미세먼지(㎍/㎥),기온(℃),상대습도( %),"
        "풍향(°),풍속(m/s),초미세먼지 보정(㎍/㎥),미세먼지 보정(㎍/㎥),등록일자"
    )
    rows = [
        f"SDOT001,{SERIAL},202202010900,17,31,-3.5,45,271,1.2,15,28,2022-02-01 10:00:01,,",
        "SDOT001,V02Q1940068,202202010900,,0,-2,45,90,0,1,2,2022-02-01 10:00:02,,",
    ]
    return "\n".join([header, *rows]) + "\n"


def hourly(**more: str) -> dict[str, str]:
    """One row of the hourly reply."""
    return {
        "MDL_NO": "SDOT001", "SN": SERIAL, "MSRMT_HR": "2026-11-22_09:07:00", "RGN": "parks",
        "CGG": "Seongdong-gu", "DONG": "Seongsu1ga1-dong",
        "MAX_TP": "21.9", "AVG_TP": "21.8", "MIN_TP": "21.6", "MAX_HUM": "", "AVG_HUM": "", "MIN_HUM": "",
        "AVG_WD": "271", "AVG_NIS": "56", "MAX_VIBR_XCRD": "0.4", "AVG_GT": "22.5", "AVG_OZON": "0.031",
        "REG_DT": "2026-11-22 09:08:21", "DATA_NO": "1", **more,
    }  # fmt: skip


def reply(*rows: dict[str, str], service: str = "IotVdata017", code: str = "INFO-000") -> bytes:
    said = {"CODE": code, "MESSAGE": "정상 처리되었습니다"}
    body = {"list_total_count": len(rows), "RESULT": said, "row": list(rows)}
    return json.dumps({service: body}, ensure_ascii=False).encode()


def reply_xml(*rows: dict[str, str], service: str = "IotVdata017", code: str = "INFO-000") -> bytes:
    cells = "".join(
        f"<row>{''.join(f'<{name}>{text}</{name}>' for name, text in row.items())}</row>" for row in rows
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{service}><list_total_count>{len(rows)}</list_total_count>'
        f"<RESULT><CODE>{code}</CODE><MESSAGE>정상 처리되었습니다</MESSAGE></RESULT>{cells}</{service}>"
    ).encode()


PEOPLE = {
    "korean": "모델번호,시리얼,측정시간,지역,자치구,행정동,방문자수,등록일시\n"
    f"SDOT002,00000002993,2026-11-22_09:10:00,{PLACE},17,2026-11-22 09:12:00\n",
    "newer": "MODEL_NM,SERIAL_NO,SENSING_TIME,REGION,AUTONOMOUS_DISTRICT,ADMINISTRATIVE_DISTRICT,"
    "VISITOR_COUNT,REG_DTTM\n"
    f"SDOT002,00000002993,2026-11-22_09:10:00,{PLACE},17,2026-11-22 09:12:00\n",
    "older": "MODELNAME,SERIAL,SENSING_TIME,REGION,AUTONOMOUS_DISTRICT,ADMINISTRATIVE_DISTRICT,"
    "VISITOR_COUNT,DATE\n"
    f"SDOT002,00000002993,2026-11-22_09:10:00,{PLACE},17,2026-11-22 09:12:00.0\n",
}
GLUED = (
    "MODELNAME,SERIAL,SENSING_TIME,REGION,AUTONOMOUS_DISTRICT,ADMINISTRATIVE_DISTRICT,VISITOR_COUNT,DATE"
    f"SDOT002,00000002993,2026-11-22_09:10:00,{PLACE},17,2026-11-22 09:12:00\n"
    f"SDOT002,00000002994,2026-11-22_09:10:00,{PLACE},3,2026-11-22 09:12:00\n"
)
