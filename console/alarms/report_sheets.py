"""The tables of alarm reports, in Korean or English."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from console.report_forms import Sheet
from db.kpi_records import Actor, FloodReport, Kpis, Response

Language = Literal["ko", "en"]

_WORDS = {
    "kpis": ("알람 운영 지표", "Alarm figures"),
    "flood": ("알람 폭주 보고서", "Alarm flood report"),
    "time": ("기간", "Time"),
    "calls": ("알람 발생(경보 기준)", "Annunciations"),
    "operators": ("평균 근무 인원", "Operators on average"),
    "mean": ("10분당 평균(1인)", "Per 10 min and operator, mean"),
    "most": ("10분당 최대(1인)", "Per 10 min and operator, most"),
    "over": ("10건 넘는 10분의 비율 %", "Share of 10-minute slots over 10, %"),
    "floods": ("폭주 횟수", "Floods"),
    "flood_share": ("폭주 시간 비율 %", "Share of time in flood, %"),
    "top_rules": ("상위 10개 규칙의 비율 %", "Share of the top ten rules, %"),
    "top_alarms": ("상위 10개 알람의 비율 %", "Share of the top ten alarms, %"),
    "mix": ("우선순위 낮음/보통/높음 % (목표 80/15/5)", "Priorities low/medium/high, % (target 80/15/5)"),
    "ack": ("확인까지 중앙값 / 90 % (초)", "Until acknowledged, median / 90 % (s)"),
    "open": ("확인되지 않음", "Never acknowledged"),
    "chattering": ("채터링(60초에 3회 이상)", "Chattering (3 or more within 60 s)"),
    "fleeting": ("순간 알람(60초 안에 미확인 복귀)", "Fleeting (back within 60 s, not acknowledged)"),
    "stale": ("24시간 넘게 지속", "Standing over 24 h"),
    "became_stale": ("기간 중 24시간을 넘김", "Came to stand over 24 h"),
    "shelved": ("보류", "Shelved"),
    "suppressed": ("설계에 의한 억제", "Suppressed by design"),
    "service": ("사용 중지", "Out of service"),
    "rules": ("많이 울린 규칙", "Rules by calls"),
    "alarms": ("많이 울린 알람", "Alarms by calls"),
    "by_priority": ("우선순위별 확인 시간(초)", "Time to acknowledge by priority (s)"),
    "priority": ("우선순위", "Priority"),
    "count": ("건수", "Count"),
    "share": ("비율 %", "Share, %"),
    "name": ("이름", "Name"),
    "rule": ("규칙", "Rule"),
    "place": ("장소", "Place"),
    "since": ("발생", "Since"),
    "median": ("중앙값", "Median"),
    "p90": ("90 %", "90 %"),
    "duration": ("지속(분)", "Duration (min)"),
    "peak": ("10분 최대", "Peak in 10 min"),
    "first": ("최초 알람", "First-out"),
    "groups": ("원인과 장소", "Causes and places"),
    "unacknowledged": ("미확인", "Unacknowledged"),
    "who": ("확인한 사람", "Acknowledged by"),
    "critical": ("위험 알람", "Critical alarms"),
    "after": ("확인까지(초)", "Acknowledged after (s)"),
    "going_on": ("계속 중", "goes on"),
}
_MOST = 100


def of_kpis(found: Kpis, zone: ZoneInfo, language: Language) -> list[Sheet]:
    """The figures of a time, then the lists of bad actors."""
    say = _speaker(language)
    mix = " / ".join(f"{100 * share:.0f}" for share in found.mix)
    most = f"{found.most_per_10min:g}"
    if found.most_at_ms is not None:
        most = f"{most} ({_when(found.most_at_ms, zone)})"
    figures: list[tuple[object, ...]] = [
        (say("time"), f"{_when(found.since_ms, zone)} ~ {_when(found.until_ms, zone)}"),
        (say("calls"), found.calls),
        (say("operators"), round(found.operators, 2)),
        (say("mean"), round(found.mean_per_10min, 2)),
        (say("most"), most),
        (say("over"), round(100 * found.over_10_share, 1)),
        (say("floods"), found.floods),
        (say("flood_share"), round(100 * found.flood_share, 1)),
        (say("top_rules"), round(100 * found.top_rules_share, 1)),
        (say("top_alarms"), round(100 * found.top_alarms_share, 1)),
        (say("mix"), mix),
        (say("ack"), _times(found.response)),
        (say("open"), found.response.open),
        (say("chattering"), len(found.chattering)),
        (say("fleeting"), found.fleeting_count),
        (say("stale"), found.stale_count),
        (say("became_stale"), found.became_stale),
        (say("shelved"), found.shelved),
        (say("suppressed"), found.suppressed),
        (say("service"), found.out_of_service),
    ]
    return [
        Sheet(say("kpis"), (), figures),
        Sheet(
            say("by_priority"),
            (say("priority"), say("count"), say("median"), say("p90"), say("open")),
            [(n, r.count, r.median_s, r.p90_s, r.open) for n, r in found.response_by_priority.items()],
        ),
        _actors("rules", found.rules, language),
        _actors("alarms", found.alarms, language),
        _actors("chattering", found.chattering, language),
        _actors("fleeting", found.fleeting, language),
        Sheet(
            say("stale"),
            (say("name"), say("place"), say("priority"), say("since")),
            [
                (_name(e.name, e.name_en, e.rule, language), e.place, e.priority, _when(e.since_ms, zone))
                for e in found.stale
            ],
        ),
    ]


def of_flood(
    found: FloodReport, places: Mapping[str, tuple[str, str]], zone: ZoneInfo, language: Language
) -> list[Sheet]:
    """What a flood was; `places` names facilities in both languages."""
    say, span = _speaker(language), found.span
    column = 0 if language == "ko" else 1

    def place(key: str) -> str:
        return places[key][column] if key in places else key

    end = say("going_on") if span.until_ms is None else _when(span.until_ms, zone)
    minutes = None if span.until_ms is None else round((span.until_ms - span.since_ms) / 60_000, 1)
    first = _name(found.first_name, found.first_name_en, found.first_rule, language)
    figures: list[tuple[object, ...]] = [
        (say("time"), f"{_when(span.since_ms, zone)} ~ {end}"),
        (say("duration"), minutes),
        (say("calls"), span.calls),
        (say("peak"), span.peak),
        (say("operators"), span.operators),
        (say("first"), f"{_when(found.first_ms, zone)} {first} {place(found.first_place)}".strip()),
        (say("ack"), _times(found.response)),
        (say("unacknowledged"), found.unacknowledged),
        (say("shelved"), found.shelved),
        (say("suppressed"), found.suppressed),
    ]
    return [
        Sheet(say("flood"), (), figures),
        Sheet(
            say("groups"),
            (say("name"), say("place"), say("priority"), say("count"), say("unacknowledged"), say("since")),
            [
                (
                    _name(e.name, e.name_en, e.rule, language), place(e.place), e.priority, e.count,
                    e.unacknowledged, _when(e.first_ms, zone),
                )
                for e in found.groups[:_MOST]
            ],
        ),
        Sheet(say("who"), (say("name"), say("count")), list(found.acknowledged.items())),
        Sheet(
            say("critical"),
            (say("name"), say("place"), say("since"), say("after"), say("who")),
            [
                (
                    _name(e.name, e.name_en, e.rule, language), e.place, _when(e.at_ms, zone),
                    None if e.acknowledged_ms is None else round((e.acknowledged_ms - e.at_ms) / 1000, 1),
                    e.by,
                )
                for e in found.critical[:_MOST]
            ],
        ),
    ]  # fmt: skip


def _actors(key: str, actors: Sequence[Actor], language: Language) -> Sheet:
    say = _speaker(language)
    return Sheet(
        say(key),
        (say("name"), say("place"), say("rule"), say("count"), say("share")),
        [
            (_name(e.name, e.name_en, e.rule, language), e.place, e.rule, e.count, round(100 * e.share, 1))
            for e in actors
        ],
    )


def _speaker(language: Language) -> Callable[[str], str]:
    column = 0 if language == "ko" else 1
    return lambda key: _WORDS[key][column]


def _name(ko: str, en: str, rule: str, language: Language) -> str:
    return ((ko or en) if language == "ko" else (en or ko)) or rule


def _times(found: Response) -> str:
    if found.median_s is None or found.p90_s is None:
        return "–"
    return f"{found.median_s:.1f} / {found.p90_s:.1f}"


def _when(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
