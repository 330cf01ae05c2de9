"""What must not leak, and the test that proves it of each; `test_index.py` looks whether all of them are there.

Everything at every address:
    tests/security/test_every_route.py::test_everybody_gets_what_the_table_says
    tests/security/test_every_field.py::test_hidden_field_is_answered_like_one_that_does_not_exist

list, count, board totals, filter, sort:
    tests/security/test_access_oracle.py::test_rights_equal_the_oracle_in_typed_table_catalogue_and_row_by_row
    tests/security/test_field_oracle.py::test_rights_to_fields_equal_the_oracle_at_every_reading_and_writing
search:
    tests/security/test_hidden_fields.py::test_search_finds_nothing_by_a_hidden_value_at_once_and_after_the_words_are_new
suggestions:
    tests/records/test_links.py::test_picker_offers_what_the_actor_sees_and_makes_a_new_record
unique messages:
    tests/security/test_hidden_fields.py::test_taken_value_is_told_without_the_other_record_and_without_a_hidden_field
import verdicts:
    tests/security/test_leaks.py::test_verdicts_of_an_import_speak_of_no_record_that_one_does_not_see
    tests/records/exchange/test_import_rights.py::test_hidden_records_are_neither_found_nor_changed
    tests/records/test_links.py::test_import_finds_records_by_title_or_number_only_among_what_the_importer_sees
export:
    tests/records/exchange/test_exports.py::test_right_to_export_is_needed_and_only_what_one_sees_goes_out
    tests/records/exchange/test_exports.py::test_rights_that_change_meanwhile_end_the_export
    tests/security/test_hidden_fields.py::test_import_and_export_know_no_hidden_field
history:
    tests/security/test_field_oracle.py::test_rights_to_fields_equal_the_oracle_at_every_reading_and_writing
    tests/security/test_every_route.py::test_value_of_a_hidden_field_is_in_no_answer
    tests/security/test_closed_pipelines.py::test_history_of_a_record_does_not_name_the_closed_pipeline_that_it_came_from
stored answers:
    tests/api/test_idempotency.py::test_stored_answer_is_not_told_to_whom_the_process_is_closed_by_now
run log:
    tests/security/test_run_log.py::test_what_a_run_made_of_hidden_fields_is_shown_as_it_was_written
    tests/security/test_run_log.py::test_runs_of_a_record_that_one_does_not_see_are_told_without_words
notifications:
    tests/notifications/test_notifications.py::test_who_may_not_see_the_record_is_not_told
    tests/notifications/test_notifications.py::test_observer_who_sees_the_record_no_more_hears_nothing
    tests/security/test_run_log.py::test_notice_of_a_blocked_move_names_no_hidden_field
live stream:
    tests/live/test_live.py::test_two_watchers_hear_a_move_with_ids_only
    tests/live/test_live.py::test_own_scope_hears_of_own_records_and_of_losing_one
    tests/live/test_live.py::test_nothing_is_heard_after_a_right_is_revoked
links:
    tests/records/test_links.py::test_title_of_a_hidden_record_leaves_through_no_door
    tests/records/test_links.py::test_other_side_hides_what_the_reader_may_not_see
file ids:
    tests/security/test_files.py::test_foreign_and_absent_files_answer_alike
error text:
    tests/security/test_every_route.py::test_everybody_gets_what_the_table_says
    tests/security/test_closed_pipelines.py::test_stage_of_a_closed_pipeline_is_answered_like_an_absent_one
timing class:
    tests/security/test_same_work.py::test_absent_and_foreign_rows_are_the_same_work
    tests/security/test_same_work.py::test_absent_and_closed_processes_are_the_same_work
    tests/security/test_same_work.py::test_signing_in_hashes_once_whoever_it_is
OpenAPI:
    tests/security/test_leaks.py::test_openapi_knows_only_the_processes_that_one_sees
    tests/security/test_every_field.py::test_colleague_with_a_hidden_field_is_told_neither_its_name_nor_its_value
reporting:
    tests/security/test_reporting.py::test_nobody_reads_a_view_without_a_grant
    tests/security/test_reporting.py::test_view_keeps_its_grants_when_the_definition_changes
previews:
    tests/security/test_hidden_fields.py::test_previews_of_a_designer_show_no_hidden_value
"""
