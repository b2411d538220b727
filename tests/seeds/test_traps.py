"""The traps of the field, by their numbers: each has its tests, here or where what it is about is tested."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from console.packs.replay import filled
from db import readings
from db.alarm_records import Alarm, AlarmState
from db.records import Flag, Latest
from tests.seeds.desk import Desk

FORMATS, ALARMS, SEEDS = "tests.console.formats", "tests.console.alarms", "tests.seeds"
TESTS: dict[int, tuple[str, ...]] = {
    1: (
        f"{FORMATS}.test_seoul:test_trap_1_plane_coordinates_of_topis_are_epsg_5181",
        f"{FORMATS}.test_seoul:test_trap_1_the_same_numbers_read_in_another_plane_are_refused_and_the_incident_stays",
    ),
    2: (
        f"{FORMATS}.test_seoul:test_trap_2_without_coordinates_there_is_no_pin_but_a_count",
        f"{SEEDS}.test_traffic_systems:test_s24_a_link_has_its_speed_and_an_accident_its_place",
    ),
    3: (f"{FORMATS}.test_seoul:test_trap_3_escaped_markup_is_plain_text_with_its_line_breaks",),
    4: (
        f"{FORMATS}.test_seoul:test_trap_4_times_have_four_or_six_digits",
        f"{FORMATS}.test_seoul:test_trap_4_a_time_that_cannot_be_is_named_and_the_incident_stays",
    ),
    5: (
        f"{FORMATS}.test_platform:test_trap_5_every_spelling_and_shape_is_the_same_event",
        f"{FORMATS}.test_platform:test_trap_5_unknown_keys_are_kept_and_the_session_key_is_not",
    ),
    6: (f"{FORMATS}.test_platform:test_trap_6_only_the_senders_word_tells_what_91_means",),
    7: (
        f"{FORMATS}.test_platform:test_trap_7_an_end_that_comes_before_the_beginning_is_final",
        f"{ALARMS}.test_events:test_trap_7_an_event_that_closes_before_it_opens_raises_nothing",
        f"{SEEDS}.test_platform_systems:test_s02_trap_7_a_platform_event_lives_and_may_close_before_it_opens",
    ),
    8: (
        f"{FORMATS}.test_platform:test_trap_8_the_same_number_from_two_cities_is_two_events",
        f"{SEEDS}.test_platform_systems:test_s08_trap_8_what_a_neighbour_hands_over_is_handed_on",
    ),
    9: (
        f"{FORMATS}.test_cap:test_trap_9_a_clear_alert_ends_the_air_raid_alerts_of_its_area",
        f"{FORMATS}.test_cap:test_trap_9_the_same_identity_with_other_words_is_kept_and_flagged",
        f"{FORMATS}.test_cap:test_an_acknowledgement_is_no_alert_and_keeps_its_references",
        f"{FORMATS}.test_cap:test_only_actual_is_real",
        f"{FORMATS}.test_cap:test_the_korean_words_come_first_and_the_others_are_kept",
        f"{FORMATS}.test_cap:test_the_declared_encodings_are_read",
        f"{FORMATS}.test_cap:test_what_is_refused_says_why",
    ),
    10: (f"{FORMATS}.test_cap:test_trap_10_an_area_holds_what_lies_in_it",),
    11: (
        f"{FORMATS}.test_sdot_published:test_trap_11_raw_rows_of_a_csv_are_unpacked",
        f"{FORMATS}.test_sdot_published:test_trap_11_minus_40_is_a_fault_and_no_temperature",
        f"{FORMATS}.test_sdot_published:test_trap_11_an_empty_text_is_missing_and_never_zero",
        f"{FORMATS}.test_sdot_published:test_trap_11_a_header_two_columns_to_the_right_of_its_rows_is_put_back",
        f"{FORMATS}.test_sdot_published:test_trap_11_the_first_row_of_people_glued_to_the_header_is_not_lost",
        f"{FORMATS}.test_sdot_published:test_trap_11_data_no_2_is_a_later_revision",
    ),
    12: (
        f"{ALARMS}.test_gather:test_trap_12_the_legal_dust_rule",
        f"{ALARMS}.test_gather:test_trap_12_an_hour_that_is_missing_breaks_the_run",
    ),
    13: (
        f"{ALARMS}.test_gather:test_trap_13_the_same_value_for_a_day_is_a_stuck_sensor",
        f"{ALARMS}.test_gather:test_trap_13_a_value_at_the_end_of_the_range_is_saturated",
    ),
    14: (
        f"{FORMATS}.test_ngsi:test_trap_14_every_shape_gives_the_same_rows",
        f"{FORMATS}.test_ngsi:test_trap_14_times_with_commas_intervals_and_without_a_zone",
        f"{FORMATS}.test_ngsi:test_trap_14_a_position_that_cannot_be_is_refused_and_the_values_are_kept",
    ),
    15: (
        f"{FORMATS}.test_ngsi:test_trap_15_every_envelope_is_opened",
        f"{SEEDS}.test_systems:test_s15_trap_15_a_notification_of_the_hub_is_read_and_answered_by_upserts",
        f"{SEEDS}.test_traps:test_trap_15_what_was_asked_for_afterwards_raises_nothing_a_second_time",
    ),
    16: (
        f"{ALARMS}.test_events:test_trap_16_what_is_retained_old_or_predicted_raises_nothing",
        f"{SEEDS}.test_traps:test_trap_16_what_the_broker_kept_is_shown_as_old_and_raises_nothing",
    ),
    17: (
        f"{FORMATS}.test_senml:test_trap_17_a_pack_and_its_resolved_form_say_the_same",
        f"{FORMATS}.test_senml:test_trap_17_what_breaks_a_rule_is_refused",
        f"{FORMATS}.test_senml:test_trap_17_a_time_below_two_to_the_28_counts_from_now",
    ),
    18: (
        f"{FORMATS}.test_sparkplug:test_trap_18_the_count_goes_on_from_255_to_0",
        f"{FORMATS}.test_sparkplug:test_trap_18_the_death_of_an_earlier_session_is_ignored",
        f"{FORMATS}.test_sparkplug:test_trap_18_historical_values_are_marked_so_that_they_never_alarm",
        f"{FORMATS}.test_sparkplug:test_trap_18_an_alias_before_the_birth_is_set_aside_and_asked_for",
    ),
    21: (
        f"{ALARMS}.test_causes:test_trap_21_a_pole_outage_is_one_alarm_whoever_is_noticed_first",
        f"{ALARMS}.test_causes:test_trap_21_children_that_recover_before_the_parent_need_nobody",
        f"{SEEDS}.test_systems:test_s22_trap_21_the_outage_of_a_pole_is_one_alarm",
    ),
    22: (f"{SEEDS}.test_traps:test_trap_22_three_thousand_panels_come_back_at_once_and_nothing_is_lost",),
    23: (
        f"{FORMATS}.test_seoul:test_trap_23_car_parks_are_read_by_their_old_and_new_names",
        f"{FORMATS}.test_seoul:test_trap_23_more_cars_than_bays_are_uncertain_and_leave_nothing_free",
        f"{SEEDS}.test_traffic_systems:test_s20_trap_23_an_unlinked_lot_has_no_free_spaces",
    ),
    24: (
        f"{FORMATS}.test_seoul:test_trap_24_a_crowd_is_a_range_and_its_forecast_never_looks_like_an_actual",
        f"{SEEDS}.test_traffic_systems:test_s14_trap_24_a_predicted_jam_is_no_jam",
    ),
    25: (
        "tests.console.history.test_sealing:test_retention_obeys_settings_and_holds",
        "tests.faults.test_clock_jumps:test_a_clock_that_leapt_a_year_ahead_is_not_believed_for_a_day",
    ),
    27: ("tests.console.sync.test_log:test_verification_names_the_first_entry_that_was_edited",),
    29: (
        "tests.console.test_export:test_excel_knows_the_encoding_and_takes_no_text_for_a_formula",
        f"{SEEDS}.test_traps:test_trap_29_a_folder_with_a_korean_name_is_a_folder_like_any_other",
        "tests.widgets.test_incident_panel:test_a_syllable_being_composed_is_not_searched",
    ),
    30: (
        "tests.console.incidents.test_fold:test_two_results_of_one_incident_are_both_kept_until_somebody_chooses",
    ),
}
NOT_BUILT: dict[int, str] = {
    19: "plates are not compared here yet: hits come in compared",
    20: "there is no watch-list yet",
    25: "of clips: no clip is kept yet; what is tested is the retention of readings",
    26: "tracks are not deleted on closing yet",
    28: "there is no handover between shifts yet",
}


def test_every_trap_is_tested_or_said_not_to_be_built() -> None:
    assert set(TESTS) | set(NOT_BUILT) == set(range(1, 31))


@pytest.mark.parametrize("name", sorted({each for tests in TESTS.values() for each in tests}))
def test_the_test_of_a_trap_is_there(name: str) -> None:
    module, _, function = name.partition(":")
    assert callable(getattr(importlib.import_module(module), function, None)), name


def test_trap_15_what_was_asked_for_afterwards_raises_nothing_a_second_time(desk: Desk) -> None:
    """A hub sends at QoS 0; what did not come is asked for, with what did come among it."""
    at_ms = desk.clock.now_ms()

    def rain(seconds: int, millimetres: float) -> bytes:
        return json.dumps({"ts": at_ms + 1000 * seconds, "rain": millimetres}).encode()

    topic = "replay/disaster/gauge/t15"
    desk.core.ingest.deliver("disaster-gauges", [(topic, rain(-60, 44))]).result(20)
    first = desk.alarm("rain-heavy", "t15")
    past = [(topic, rain(seconds, 60)) for seconds in range(-900, 0, 60)]
    desk.core.ingest.deliver("disaster-gauges", past, flags=Flag.BACKFILL).result(20)
    (same,) = desk.alarms(source="t15")
    assert (same.id, same.activation, same.value, same.raised_ms) == (first.id, 1, 44, first.raised_ms)
    assert len(desk.export("t15", "rainfall")) == 15


def test_trap_16_what_the_broker_kept_is_shown_as_old_and_raises_nothing(desk: Desk) -> None:
    arc = filled('{"time": "{{iso|-7200}}", "temp_c": 95, "arc": 3}', desk.clock.now_ms()).encode()
    sos = filled(
        '{"time": "{{iso|-7200}}", "type": "sos", "id": "t16", "status": "발생", "text": "흔들기 호출"}',
        desk.clock.now_ms(),
    ).encode()
    kept = (("electric", "replay/electric/t16", arc), ("person-app", "replay/person/app/t16/event", sos))
    for feed, topic, payload in kept:
        desk.core.ingest.deliver(feed, [(topic, payload)], flags=Flag.RETAINED).result(20)
    heat = desk.value("t16", "panel_temperature")
    assert (heat.value, heat.flags) == (95, Flag.RETAINED)
    assert desk.clock.now_ms() - heat.observed_ms > 7_100_000
    assert desk.alarms(source="t16") == []
    assert desk.card("electric", "ko", "t16") == []


@pytest.mark.timeout(180)
def test_trap_22_three_thousand_panels_come_back_at_once_and_nothing_is_lost(desk: Desk) -> None:
    panels = [f"t22-{number}" for number in range(3000)]

    def all_at_once(leakage: float) -> None:
        said = json.dumps({"time": "{{iso}}", "ior_ma": leakage, "temp_c": 31})
        payload = filled(said, desk.clock.now_ms()).encode()
        for at in range(0, len(panels), 500):
            burst = [(f"replay/electric/{name}", payload) for name in panels[at : at + 500]]
            found = desk.core.ingest.deliver("electric", burst).result(60)
            assert (found.stored, found.set_aside, found.duplicate) == (len(burst), 0, 0)

    def silent(*states: AlarmState) -> int:
        found = [each for each in desk.core.newest.of(Alarm) if each.rule == "panel-silent"]
        return sum(each.state in states for each in found if each.source.startswith("t22-"))

    all_at_once(0.2)
    desk.go_on(2_750)
    desk.until(lambda: silent(AlarmState.UNACKNOWLEDGED) == 3000 or None, "3,000 silences")
    all_at_once(0.3)
    desk.until(lambda: silent(AlarmState.RETURNED) == 3000 or None, "3,000 returns")
    desk.until(lambda: desk.core.evaluation.unjudged == 0 or None, "all judged")
    newest = {
        each.source: each.value
        for each in desk.core.newest.of(Latest)
        if each.quantity == "leakage" and each.source.startswith("t22-")
    }
    assert newest == dict.fromkeys(panels, 0.3)
    db = desk.core.open_feed_reader()
    try:
        stored = [each for each in readings.latest(db) if each.source.startswith("t22-")]
    finally:
        db.close()
    assert len(stored) == 6000


def test_trap_29_a_folder_with_a_korean_name_is_a_folder_like_any_other(
    nothing_left_running: None, tmp_path: Path
) -> None:
    folder = tmp_path / "김관제 시험" / "관제 자료"
    folder.mkdir(parents=True)
    with Desk(folder) as desk:
        desk.deliver("electric", "replay/electric/가동 1번", {"time": "{{iso}}", "ior_ma": 0.3, "temp_c": 85})
        assert desk.alarm("panel-fire", "가동 1번").value == 85
        (row,) = desk.export("가동 1번", "leakage")
        assert (row["장치"], row["항목명"]) == ("가동 1번", "저항성 누설전류")
    written = next(folder.glob("*.csv")).read_bytes()
    assert written.startswith(b"\xef\xbb\xbf") and "가동 1번".encode() in written
