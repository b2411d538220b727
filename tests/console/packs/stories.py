"""The stories that the packs' replay files tell, and the generator that writes the files.

`python -m tests.console.packs.stories` writes them all anew. Nothing in them is a real person's,
vehicle's or place's; the same story gives the same bytes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from console.packs.load import SHIPPED

MINUTE = 60_000
HOUR = 3_600_000


class Message(NamedTuple):
    after_ms: int
    topic: str
    payload: str


Story = Callable[[random.Random], Iterator[Message]]


def course(at: float, begin: float, end: float, slope: float = 0.2) -> float:
    """0 before `begin` and after `end`, 1 between, with slopes of that share of the span."""
    if not begin < at < end:
        return 0.0
    edge = (end - begin) * slope
    return min(1.0, (at - begin) / edge, (end - at) / edge)


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def air(chance: random.Random) -> Iterator[Message]:
    """Eight hours: PM10 above 150 for more than two clock hours, then below 100."""
    for minute in range(0, 8 * 60, 6):
        for number in (1, 2):
            high = course(minute, 60, 390, 0.12) if number == 1 else 0.0
            dust = 38 + 150 * high + chance.uniform(-6, 6)
            degrees = 17 + 4 * math.sin(minute / 150) + chance.uniform(-0.3, 0.3)
            yield Message(
                minute * MINUTE + number * 1000,
                f"replay/air/RPV02Q000000{number}",
                text(
                    {
                        "시리얼": f"RPV02Q000000{number}",
                        "측정시간": "{{%Y%m%d%H%M}}",
                        "미세먼지10(미세먼지)": round(dust),
                        "미세먼지2.5(초미세먼지)": round(dust * 0.45),
                        "기온": round((degrees + 100) * 10),
                        "상대습도": round(52 - degrees / 2 + chance.uniform(-2, 2)),
                        "풍속": round(18 + chance.uniform(-6, 6)),
                        "소음": round(54 + chance.uniform(-4, 4)),
                    }
                ),
            )


def electric(chance: random.Random) -> Iterator[Message]:
    """Two hours of four panels, each 60 s: one leaks, heats and arcs, then is switched off and is well."""
    for minute in range(120):
        for number in range(1, 5):
            bad = course(minute, 30, 90) if number == 3 else 0.0
            yield Message(
                minute * MINUTE + number * 500,
                f"replay/electric/rp-panel-{number}",
                text(
                    {
                        "time": "{{iso}}",
                        "ior_ma": round(0.22 + 1.6 * bad + chance.uniform(-0.05, 0.05), 2),
                        "load_a": round(21 + 6 * math.sin(minute / 20) + chance.uniform(-1, 1), 1),
                        "volt_v": round(221 + chance.uniform(-2, 2), 1),
                        "temp_c": round(31 + 42 * bad + chance.uniform(-0.5, 0.5), 1),
                        "arc": 1 if bad >= 1.0 and minute % 5 == 0 else 0,
                    }
                ),
            )


def people(chance: random.Random) -> Iterator[Message]:
    """Three hours: an area goes from relaxed to crowded and back; its forecast says so beforehand."""
    words = ("여유", "보통", "약간 붐빔", "붐빔")
    for minute in range(0, 180, 5):
        full = course(minute, 40, 150, 0.3)
        low = round(1200 + 9000 * full + chance.uniform(-100, 100), -1)
        soon = [
            {
                "FCST_TIME": f"{{{{%Y-%m-%d %H:00|+{3600 * ahead}}}}}",
                "FCST_CONGEST_LVL": words[round(3 * course(minute + 60 * ahead, 40, 150, 0.3))],
                "FCST_PPLTN_MIN": str(round(1200 + 9000 * course(minute + 60 * ahead, 40, 150, 0.3))),
                "FCST_PPLTN_MAX": str(round(1700 + 9600 * course(minute + 60 * ahead, 40, 150, 0.3))),
            }
            for ahead in (1, 2)
        ]
        row = {
            "AREA_NM": "재생 광장",
            "AREA_CD": "POI900",
            "AREA_CONGEST_LVL": words[round(3 * full)],
            "AREA_PPLTN_MIN": str(int(low)),
            "AREA_PPLTN_MAX": str(int(low) + 500),
            "PPLTN_TIME": "{{%Y-%m-%d %H:%M}}",
            "FCST_YN": "Y",
            "FCST_PPLTN": soon,
        }
        reply = {"SeoulRtd.citydata_ppltn": [row], "RESULT": {"RESULT.CODE": "INFO-000"}}
        yield Message(minute * MINUTE, "replay/people/area", text(reply))
    for minute in range(0, 180, 2):
        full = course(minute, 60, 130, 0.3)
        found = {
            "time": "{{iso}}",
            "density": round(0.8 + 5.2 * full + chance.uniform(-0.1, 0.1), 2),
            "count": round(30 + 200 * full),
        }
        yield Message(minute * MINUTE + 700, "replay/people/gate/rp-gate-1", text(found))


def traffic(chance: random.Random) -> Iterator[Message]:
    """Three hours: an accident; two links jam; the forecast is a feed of its own."""
    for minute in range(0, 180, 5):
        jam = course(minute, 50, 130, 0.25)
        for link, share in (("9990000101", 1.0), ("9990000102", 0.9), ("9990000103", 0.1)):
            speed = 46 - 40 * jam * share + chance.uniform(-2, 2)
            row = (
                f"<row><link_id>{link}</link_id><prcs_spd>{speed:.1f}</prcs_spd>"
                f"<prcs_trv_time>{3600 / speed:.0f}</prcs_trv_time></row>"
            )
            yield Message(minute * MINUTE, "replay/traffic/topis", _topis("TrafficInfo", 1, row))
            if link == "9990000101":
                later = 46 - 40 * course(minute + 30, 50, 130, 0.25)
                ahead = {"for": "{{iso|+1800}}", "speed": round(later, 1)}
                yield Message(minute * MINUTE + 900, f"replay/traffic/forecast/{link}", text(ahead))
        works = (
            "<row><acc_id>RP900001</acc_id><occr_date>{{%Y%m%d|-7200}}</occr_date>"
            "<occr_time>{{%H%M|-7200}}</occr_time><exp_clr_date>{{%Y%m%d|+36000}}</exp_clr_date>"
            "<exp_clr_time>{{%H%M|+36000}}</exp_clr_time><acc_type>A04</acc_type><acc_dtype>04B01</acc_dtype>"
            "<link_id>9990000103</link_id><grs80tm_x>0</grs80tm_x><grs80tm_y>0</grs80tm_y>"
            "<acc_info>재생천로 시설물보수</acc_info></row>"
        )
        crash = (
            "<row><acc_id>RP900002</acc_id><occr_date>{{%Y%m%d|-300}}</occr_date>"
            "<occr_time>{{%H%M|-300}}</occr_time><exp_clr_date>{{%Y%m%d|+3600}}</exp_clr_date>"
            "<exp_clr_time>{{%H%M|+3600}}</exp_clr_time><acc_type>A01</acc_type><acc_dtype>01B01</acc_dtype>"
            "<link_id>9990000101</link_id><grs80tm_x>190076.7</grs80tm_x><grs80tm_y>444245.6</grs80tm_y>"
            "<acc_info>재생대로 상행&#13;승용차 추돌, 2차로 통제</acc_info></row>"
        )
        rows = [works, crash] if 45 <= minute < 120 else [works]
        body = _topis("AccInfo", len(rows), "".join(rows))
        yield Message(minute * MINUTE + 1500, "replay/traffic/topis", body)


def _topis(service: str, count: int, rows: str) -> str:
    head = f"<list_total_count>{count}</list_total_count><RESULT><CODE>INFO-000</CODE></RESULT>"
    return f'<?xml version="1.0" encoding="UTF-8"?><{service}>{head}{rows}</{service}>'


def parking(chance: random.Random) -> Iterator[Message]:
    """Three hours: one lot fills and empties; a reserved bay is taken by another car and freed."""
    for minute in range(0, 180, 5):
        full = course(minute, 30, 150, 0.3)
        rows = [
            _lot("990001", "재생 공영주차장 1", 120, round(60 + 60 * full)),
            _lot("990002", "재생 공영주차장 2", 80, round(30 + 20 * full + chance.uniform(-2, 2))),
            _lot("990003", "재생 공영주차장 3", 40, 0) | {"PRK_STTS_YN": "0", "PRK_STTS_NM": "미연계중"},
        ]
        reply = {"GetParkingInfo": {"list_total_count": 3, "RESULT": {"CODE": "INFO-000"}, "row": rows}}
        yield Message(minute * MINUTE, "replay/parking/lots", text(reply))
    for minute in range(0, 180, 10):
        taken = 80 <= minute < 120
        bay: dict[str, Any] = {
            "time": "{{iso}}",
            "state": "unauthorised" if taken else "reserved",
            "minutes": minute - 80 if taken else 0,
        }
        if minute in (80, 120):
            bay["event"] = {
                "id": "rp-bay-07-1",
                "type": "bay.unauthorised",
                "status": "occurred" if minute == 80 else "cleared",
                "text": "예약된 7면에 다른 차량",
            }
        yield Message(minute * MINUTE + 800, "replay/parking/bay/rp-bay-07", text(bay))


def _lot(code: str, name: str, spaces: int, parked: int) -> dict[str, Any]:
    return {
        "PKLT_CD": code,
        "PKLT_NM": name,
        "PRK_STTS_YN": "1",
        "PRK_STTS_NM": "현재~20분이내 연계데이터 존재(현재 주차대수 표현)",
        "TPKCT": spaces,
        "NOW_PRK_VHCL_CNT": parked,
        "NOW_PRK_VHCL_UPDT_TM": "{{%Y-%m-%d %H:%M:%S}}",
    }


def structure(chance: random.Random) -> Iterator[Message]:
    """A day, every ten minutes: one wall leans away from its baseline for some hours."""
    for minute in range(0, 1440, 10):
        for name in ("rp-wall-1", "rp-wall-2", "rp-house-1"):
            lean = 0.3 * course(minute, 300, 1100, 0.3) if name == "rp-wall-1" else 0.0
            sensor: dict[str, Any] = {
                "batt": 88,
                "grade": "D" if lean > 0.23 else "C" if name == "rp-house-1" else "B",
                "vib": round(0.4 + chance.uniform(0, 0.3), 2),
            }
            if name == "rp-house-1":
                sensor["crack"] = round(1.2 + chance.uniform(0, 0.02), 2)
            else:
                sensor["tiltX"] = round(0.512 + lean + chance.uniform(-0.004, 0.004), 3)
                sensor["tiltY"] = round(-0.118 + chance.uniform(-0.004, 0.004), 3)
            yield Message(
                minute * MINUTE + (1000 if name == "rp-wall-2" else 2000 if name == "rp-house-1" else 0),
                f"replay/structure/{name}",
                text({"rxInfo": {"time": "{{iso_z}}"}, "object": sensor}),
            )


def crosswalk(chance: random.Random) -> Iterator[Message]:
    """Two hours: a floor signal fails and is mended; jaywalking bursts."""
    functions = ("light", "plate", "voice", "camera", "counter", "logo", "edge", "floor")
    for minute in range(0, 120, 2):
        for number in (1, 2):
            down = number == 1 and 30 <= minute < 80
            state = dict.fromkeys(functions, "ok") | ({"floor": "fault"} if down else {})
            found = {"time": "{{iso}}", **state, "down": int(down)}
            yield Message(
                minute * MINUTE + number * 300, f"replay/crosswalk/rp-cross-{number}/state", text(found)
            )
    for minute in range(0, 120, 10):
        for number in (1, 2):
            burst = number == 2 and 40 <= minute < 90
            found = {
                "time": "{{iso}}",
                "violations": chance.randint(2, 8) + 35 * int(burst),
                "jaywalk": 6 if burst and minute % 20 == 0 else chance.randint(0, 1),
                "people": chance.randint(60, 120),
            }
            yield Message(minute * MINUTE + 5000, f"replay/crosswalk/rp-cross-{number}/count", text(found))


def shelter(chance: random.Random) -> Iterator[Message]:
    """Two hours: a power cut drains the UPS of one shelter; a bell is pressed and cleared."""
    for minute in range(0, 120, 2):
        for number in (1, 2):
            dark = course(minute, 40, 90, 0.7) if number == 1 else 0.0
            found = {
                "time": "{{iso}}",
                "temp": round(24 + chance.uniform(-0.4, 0.4) + 4 * dark, 1),
                "co2": round(620 + chance.uniform(-40, 40)),
                "pm25": round(12 + chance.uniform(-3, 3)),
                "ups": round(98 - 80 * dark),
                "doorOpen": round(chance.uniform(0, 9)),
                "people": chance.randint(0, 5),
                "battery": dark > 0,
            }
            yield Message(
                minute * MINUTE + number * 300, f"replay/shelter/rp-shelter-{number}/state", text(found)
            )
    for minute, kind, status in (
        (25, "bell", "발생"),
        (33, "bell", "해제"),
        (60, "hvac.fault", "발생"),
        (85, "hvac.fault", "해제"),
    ):
        said = {
            "time": "{{iso}}",
            "type": kind,
            "id": f"rp-{kind}-1",
            "status": status,
            "text": "비상벨 눌림" if kind == "bell" else "냉난방기 통신 오류",
            "place": "재생시장 쉼터",
        }
        yield Message(minute * MINUTE, "replay/shelter/rp-shelter-2/event", text(said))


def pole(chance: random.Random) -> Iterator[Message]:
    """Two hours: pole 1 loses its power; its lamp and Wi-Fi fall silent and come back; one SOS."""
    for minute in range(0, 120, 2):
        for number in (1, 2):
            dark = number == 1 and 30 <= minute < 80
            stem, at = f"replay/pole/rp-pole-{number}", minute * MINUTE + number * 200
            power = {"ts": "{{epoch_s}}", "voltage": 4 if dark else round(221 + chance.uniform(-2, 2))}
            yield Message(at, f"{stem}/power", text(power))
            if not dark:
                lamp = {
                    "ts": "{{epoch_s}}",
                    "power": round(42 + chance.uniform(-1, 1), 1),
                    "dim": 70,
                    "leak": round(0.1 + chance.uniform(0, 0.05), 2),
                    "state": "on",
                }
                yield Message(at + 50, f"{stem}/lamp", text(lamp))
                if number == 1:
                    wifi = {"ts": "{{epoch_s}}", "clients": chance.randint(3, 30)}
                    yield Message(at + 100, f"{stem}/wifi", text(wifi))
    for minute, status in ((90, "occurred"), (100, "cleared")):
        event = {"id": "rp-sos-1", "type": "light.sos", "status": status, "text": "안심 보안등 SOS"}
        found = {"ts": "{{epoch_s}}", "event": event, "dim": 100}
        yield Message(minute * MINUTE + 900, "replay/pole/rp-pole-2/lamp", text(found))


def cctv(chance: random.Random) -> Iterator[Message]:
    """Two hours: a fall, loiterings within one cool-down, and the day's counts of true and false."""
    for minute in range(0, 120, 2):
        for number in (1, 2):
            found = {
                "time": "{{iso}}",
                "true_n": 3 + (minute > 40),
                "false_n": 5 + minute // 15 if number == 2 else 2,
                "fps": round(9.5 + chance.uniform(-0.4, 0.4), 1),
            }
            yield Message(minute * MINUTE + number * 400, f"replay/cctv/RPCAM-0{number}/stat", text(found))
    shown = [(40, 1, "fall", "ABA_0001", "발생"), (46, 1, "fall", "ABA_0001", "종료")]
    for at in range(6):
        shown += [
            (60 + at, 2, "loitering", f"ABA_01{at:02d}", "발생"),
            (62 + at, 2, "loitering", f"ABA_01{at:02d}", "종료"),
        ]
    for minute, number, kind, key, status in shown:
        event = {
            "EVNT_ID": key,
            "EVNT_NM": {"fall": "쓰러짐", "loitering": "배회"}[kind],
            "EVNT_TYPE_CD": kind,
            "CCTV_NM": f"재생 카메라 {number}",
            "STTS": status,
            "WGS84_LAT": 37.4931,
            "WGS84_LOT": 126.8871,
            "SHT_DT": "{{%Y-%m-%d %H:%M:%S}}",
            "score": 87,
        }
        yield Message(minute * MINUTE + 10_000, f"replay/cctv/RPCAM-0{number}/event", text(event))


def vehicle(chance: random.Random) -> Iterator[Message]:
    """Two hours of counts; one exact and one near hit of plates that are never issued."""
    for minute in range(0, 120, 1):
        for number in (1, 2):
            found = {
                "time": "{{iso}}",
                "reads": chance.randint(60, 140),
                "unread": round(3 + chance.uniform(-1, 1) + 40 * course(minute, 70, 110) * (number == 2), 1),
            }
            yield Message(
                minute * MINUTE + number * 400, f"replay/vehicle/RPLPR-0{number}/count", text(found)
            )
    for minute, kind, status, sure in (
        (35, "plate.hit", "발생", 97),
        (55, "plate.hit", "종료", 97),
        (80, "plate.near", "발생", 71),
        (84, "plate.near", "취소", 71),
    ):
        hit = {
            "time": "{{iso}}",
            "type": kind,
            "id": f"rp-{kind}-1",
            "status": status,
            "text": "000가**** · 시내 방향 1차로",
            "place": "재생교",
            "confidence": sure,
            "lon": 126.8881,
            "lat": 37.4921,
        }
        yield Message(minute * MINUTE + 5000, "replay/vehicle/RPLPR-01/hit", text(hit))


def person(chance: random.Random) -> Iterator[Message]:
    """An hour: an SOS with its positions and its end; an anklet event of the platform, 10, 40, 50."""
    for minute in range(60):
        found = {"time": "{{iso}}", "walkers": chance.randint(14, 40), "open": int(20 <= minute < 40)}
        yield Message(minute * MINUTE, "replay/person/app/rp-safehome/summary", text(found))
    for minute in range(15, 41):
        lost = 26 <= minute < 31
        found = {
            "time": "{{iso}}",
            "age": 60 * (minute - 25) if lost else chance.randint(1, 8),
            "lon": round(126.8900 + minute * 0.0001, 6),
            "lat": round(37.4900 + minute * 0.0001, 6),
        }
        yield Message(minute * MINUTE + 2000, "replay/person/app/rp-token-7f3a/position", text(found))
    for minute, status in ((20, "발생"), (40, "해제")):
        sos = {
            "time": "{{iso}}",
            "type": "sos",
            "id": "rp-sos-app-1",
            "status": status,
            "text": "흔들기 호출",
            "place": "재생골목",
            "lon": 126.892,
            "lat": 37.492,
        }
        yield Message(minute * MINUTE + 5000, "replay/person/app/rp-token-7f3a/event", text(sos))
    for minute, status, words in ((10, "10", "발생"), (14, "40", "정보변경"), (30, "50", "해제")):
        yield Message(minute * MINUTE + 8000, "replay/person/platform", text(_platform(status, words)))


def _platform(status: str, words: str) -> dict[str, Any]:
    return {
        "svcTy": "EVENT",
        "hdCnt": "14",
        "dtCnt": "16",
        "apSeq": {"apCurrent": "1", "apTotal": "1"},
        "cmnMtd": "1",
        "sendCd": "B9900000000",
        "rcvCd": "B9900000001",
        "encAt": "N",
        "tranTy": "HTTP",
        "rrKey": "",
        "reqDate": "{{%Y%m%d%H%M%S}}",
        "bodyLen": "0",
        "sysCd": "IPC",
        "body": {
            "startTag": "$DA",
            "evtId": "MOJUC110",
            "evtNm": "전자발찌 위치추적",
            "evtGrad": "10",
            "ocrNbr": "99000000000001",
            "ocrSts": status,
            "ocrLc": {"crdntX": "126.8893", "crdntY": "37.4951", "crdntZ": "0"},
            "ocrPlc": "재생동 1-1",
            "ocrEvtCn": "접근금지구역 침입 (재생)",
            "ocrEvtTime": "{{%Y%m%d%H%M%S}}",
            "ocrEvtSts": {"ocrEvtStsCd": status, "ocrEvtStsDtl": words},
            "ocrEvtItemCnt": "0",
            "ocrEvtItem": [],
            "endTag": "$DB",
            "finishTag": "$DF",
        },
    }


def disaster(chance: random.Random) -> Iterator[Message]:
    """Three hours: a warning, a message, an exercise that is none; a stream rises and falls; all clear."""
    for minute in range(0, 180, 2):
        flood = course(minute, 30, 150, 0.35)
        for number in (1, 2):
            found = {
                "ts": "{{epoch_ms}}",
                "level": round(
                    0.6 + 2.2 * flood * (1.0 if number == 2 else 0.6) + chance.uniform(-0.01, 0.01), 2
                ),
                "flow": round(8 + 60 * flood, 1),
                "rain": round(42 * course(minute, 5, 110), 1),
                "depth": 0,
            }
            yield Message(
                minute * MINUTE + number * 300, f"replay/disaster/gauge/rp-gauge-{number}", text(found)
            )
    for minute, name, status, kind, urgency in (
        (8, "1", "Actual", "HRW", "Immediate"),
        (60, "2", "Exercise", "AL1", "Immediate"),
        (160, "3", "Actual", "CLR", "Past"),
    ):
        yield Message(minute * MINUTE, "replay/disaster/cap", _cap(name, status, kind, urgency))
    row = {
        "SN": 990001,
        "CRT_DT": "{{%Y/%m/%d %H:%M:%S}}",
        "MSG_CN": "[재생구] 호우로 재생천 산책로를 통제하오니 이용을 삼가 주시기 바랍니다.",
        "RCPTN_RGN_NM": "재생도 재생구",
        "EMRG_STEP_NM": "안전안내",
        "DST_SE_NM": "호우",
        "REG_YMD": "{{%Y-%m-%d}}",
    }
    reply = {"header": {"resultCode": "00"}, "numOfRows": 1, "pageNo": 1, "totalCount": 1, "body": [row]}
    yield Message(12 * MINUTE, "replay/disaster/message", text(reply))


def _cap(name: str, status: str, code: str, urgency: str) -> str:
    words = {"HRW": "호우경보", "AL1": "공습경보 훈련", "CLR": "호우경보 해제"}[code]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>RP-{{{{%Y%m%d}}}}-{name}</identifier><sender>replay@example.invalid</sender>"
        f"<sent>{{{{iso_s}}}}</sent><status>{status}</status><msgType>Alert</msgType><scope>Public</scope>"
        "<code>대한민국정부1.0</code><info><language>ko-KR</language><category>Met</category>"
        f"<event>{words}</event><urgency>{urgency}</urgency><severity>Severe</severity>"
        "<certainty>Observed</certainty><eventCode><valueName>TTAS.KO-07.0046/R5 재난 종류 코드</valueName>"
        f"<value>{code}</value></eventCode><expires>{{{{iso_s|+21600}}}}</expires><headline>{words}</headline>"
        f"<description>재생구에 {words}</description><area><areaDesc>재생구</areaDesc><geocode>"
        "<valueName>행정구역코드</valueName><value>9900000000</value></geocode></area></info></alert>"
    )


def infection(chance: random.Random) -> Iterator[Message]:
    """Six hours of aggregates: the queue swells and shrinks; a fridge is left open once."""
    for minute in range(0, 360, 5):
        for number in (1, 2):
            rush = course(minute, 60, 240, 0.3) if number == 1 else 0.2
            found = {
                "at": "{{iso}}",
                "waiting": round(25 + 120 * rush + chance.uniform(-4, 4)),
                "slotsLeft": max(0, round(60 - 70 * rush)),
                "tested": round(12 + 20 * rush),
                "positives": round(minute / 40),
                "fridge": round(
                    4.5 + 7 * course(minute, 260, 300) * (number == 2) + chance.uniform(-0.2, 0.2), 1
                ),
            }
            yield Message(minute * MINUTE + number * 500, f"replay/infection/rp-site-{number}", text(found))


def network(chance: random.Random) -> Iterator[Message]:
    """Two hours: a link slows, loses, breaks, runs on the spare line, and is mended."""
    for minute in range(120):
        for number in (1, 2):
            bad = course(minute, 30, 90, 0.3) if number == 1 else 0.0
            down = number == 1 and 50 <= minute < 60
            found: dict[str, Any] = {
                "t": "{{epoch_ms}}",
                "up": not down,
                "rtt": round(9 + 400 * bad + chance.uniform(0, 3)),
                "loss": round(0.1 + 14 * bad, 1),
                "mbps": round(420 * (1 - bad) + 12, 1),
                "backup": number == 1 and 52 <= minute < 90,
                "clients": chance.randint(40, 90),
            }
            if number == 1 and minute in (50, 90):
                status = "occurred" if minute == 50 else "cleared"
                found["event"] = {
                    "id": "rp-link-down-1",
                    "type": "link.down",
                    "status": status,
                    "text": "광선로 단선",
                }
            yield Message(minute * MINUTE + number * 300, f"replay/network/rp-link-{number}", text(found))


def datahub(chance: random.Random) -> Iterator[Message]:
    """Four hours of notifications as a city data hub pushes them over MQTT."""
    for minute in range(0, 240, 5):
        full = course(minute, 60, 180, 0.3)
        spots = {
            "id": "urn:datahub:OffStreetParking:replay_01",
            "type": "OffStreetParking",
            "totalSpotNumber": {"type": "Property", "value": 90},
            "availableSpotNumber": {
                "type": "Property",
                "value": round(40 - 40 * full),
                "observedAt": "{{iso_comma}}",
            },
        }
        dust = round(42 + 60 * full + chance.uniform(-4, 4))
        air_now = {
            "id": "urn:datahub:AirQualityObserved:replay_01",
            "type": "AirQualityObserved",
            "airQualityObservation": {
                "type": "Property",
                "value": {"pm10": dust},
                "observedAt": "{{iso_comma}}",
            },
            "airQualityIndexObservation": {
                "type": "Property",
                "value": {"totalCategory": "보통" if dust <= 80 else "나쁨"},
            },
        }
        for topic, entity in (("parking", spots), ("air", air_now)):
            note = {
                "metadata": {
                    "Content-Type": "application/json",
                    "Link": '["http://example.invalid/context.jsonld"]',
                },
                "body": {
                    "id": f"urn:ngsi-ld:Notification:{minute}",
                    "type": "Notification",
                    "subscriptionId": f"gwanje-{topic}",
                    "notifiedAt": "{{iso_comma}}",
                    "data": [entity],
                },
            }
            yield Message(
                minute * MINUTE + (0 if topic == "air" else 800), f"replay/datahub/{topic}", text(note)
            )


def indicators(chance: random.Random) -> Iterator[Message]:
    """A day: the uptime of a service falls below its goal and recovers."""
    for minute in range(0, 1440, 5):
        up = round(99.6 - 8 * course(minute, 400, 900) + chance.uniform(-0.1, 0.1), 2)
        yield Message(
            minute * MINUTE, "replay/indicators/rp-service-1", text({"time": "{{iso}}", "uptime": up})
        )


STORIES: dict[str, Story] = {
    each.__name__: each
    for each in (
        air, cctv, crosswalk, datahub, disaster, electric, indicators, infection, network, parking, people,
        person, pole, shelter, structure, traffic, vehicle,
    )
}  # fmt: skip


def told(name: str) -> str:
    """The replay file of a story, in the order of its times."""
    messages = sorted(STORIES[name](random.Random(f"replay/{name}")))
    return "".join(f"{text(each._asdict())}\n" for each in messages)


def main() -> None:
    """Write every story's file."""
    folder: Path = SHIPPED / "replays"
    folder.mkdir(parents=True, exist_ok=True)
    for name in STORIES:
        (folder / f"{name}.ndjson").write_text(told(name), encoding="utf-8")


if __name__ == "__main__":
    main()
