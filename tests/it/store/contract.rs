//! Every behaviour, as a `#[test]` for each engine.

use super::{entries, keys, moving, place::Place, publishing, racing, routes, tokens};

macro_rules! contract {
    ($($room:ident { $($name:ident,)* })*) => {
        contract!(@ sqlite, Place::sqlite(); $($($room $name)*)*);
        contract!(@ postgres, Place::postgres().await; $($($room $name)*)*);
    };
    (@ $engine:ident, $place:expr; $($room:ident $name:ident)*) => {
        mod $engine {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $room::$name(&$place).await;
            })*
        }
    };
}

contract! {
    routes {
        a_route_is_made_listed_renamed_and_deleted,
        versions_are_numbered_and_kept,
        deployments_make_versions_live,
        what_is_not_valid_is_never_live,
        a_canary_is_a_deployment_of_its_own,
        pins_are_kept_in_order,
        a_writer_who_saw_an_older_revision_is_refused,
        names_are_found_whatever_their_case,
        a_route_is_found_by_its_whole_name_only,
        a_page_is_a_part,
        no_text_breaks_a_store,
    }
    keys {
        a_key_is_made_changed_and_revoked,
        old_secrets_end_when_a_key_is_rotated,
    }
    tokens {
        a_token_opens_until_it_is_revoked_or_ends,
        the_first_token_is_made_once,
        a_session_ends_by_itself_and_with_its_token,
    }
    entries {
        every_change_is_written_down_without_secrets,
        the_audit_log_is_filtered_and_forgets,
        nothing_is_written_down_of_what_was_refused,
        pairs_are_told_while_they_are_heard_of,
        a_repeated_creation_makes_one_thing,
    }
    publishing {
        what_is_live_is_published,
        known_documents_are_not_read_again,
        what_has_changed_is_read_and_nothing_else,
        another_document_under_a_known_number_is_read,
    }
    moving {
        a_dump_moves_everything_that_lasts,
        a_dump_is_loaded_whole_or_not_at_all,
    }
    racing {
        fifty_writers_number_their_versions_without_a_gap,
        one_of_fifty_deployments_that_expect_the_same_wins,
        fifty_deployments_that_expect_nothing_all_happen,
        one_of_twenty_creations_of_a_name_wins,
        one_idempotency_key_at_once_makes_one_thing,
        first_uses_at_once_make_the_tables_once,
    }
}
