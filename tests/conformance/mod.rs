//! What every engine of the event store must do: one suite, run on each.
//!
//! A case is a plain async function over a fresh store. [`checker`] derives a whole log again from its bytes.

mod appending;
mod boxes;
pub(crate) mod checker;
mod differential;
mod embedded;
mod following;
pub(crate) mod given;
mod naming;
mod networked;
mod reading;
mod times;

/// One case on a fresh store of an engine.
macro_rules! case {
    ([$($attribute:tt)*] $engine:ident $room:ident $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $($attribute)*
        async fn $case() {
            let it = crate::conformance::given::Fresh::$engine().await;
            crate::conformance::$room::$case(&it).await;
        }
    };
}

/// Runs cases on fresh stores of an engine, one test a case.
macro_rules! cases_on {
    ($attributes:tt $engine:ident: $($room:ident { $($case:ident)+ })+) => {
        mod $engine {
            $(mod $room {
                $(case! { $attributes $engine $room $case })+
            })+
        }
    };
}

/// Every case, on an engine. A case that is missing here is dead code, and the compiler says so.
macro_rules! conforms {
    ($engine:ident) => {
        conforms! { [] $engine }
    };
    ($attributes:tt $engine:ident) => {
        cases_on! { $attributes $engine:
            appending {
                what_was_appended_is_served_byte_for_byte
                the_leaf_hash_is_sha_256_of_a_zero_byte_and_what_is_served
                positions_follow_the_order_of_answers_and_begin_at_1_without_a_gap_where_that_is_declared
                revisions_begin_at_0_in_each_stream
                previous_is_the_leaf_hash_of_the_streams_event_before
                an_append_is_recorded_only_where_the_stream_ends_as_expected
                too_large_is_refused_and_nothing_written
                an_append_of_several_is_all_or_nothing
                appends_of_one_batch_are_answered_each_for_itself
                appends_of_one_batch_see_those_before_them
                an_append_of_nothing_writes_nothing
            }
            boxes {
                boxes_are_kept_with_their_events
                destroying_the_boxes_of_a_stream_is_complete_and_can_be_repeated
                behind_a_fence_no_box_is_stored_but_events_are
                a_fence_holds_for_what_follows_it_in_its_own_append_and_batch
                a_second_fence_is_an_event_like_any_other
                fenced_streams_are_named
                a_text_is_kept_as_it_was_first_put
            }
            following {
                a_subscription_wakes_when_something_is_appended
                a_follower_of_concurrent_appends_reads_every_position_once_and_in_order
            }
            naming {
                a_name_is_answered_before_the_revision_is_looked_at
                a_name_is_answered_before_the_size_is_looked_at
                a_name_twice_in_one_append_is_one_event
                a_name_twice_in_one_batch_is_one_event
                a_name_in_concurrent_batches_is_appended_once
                a_name_is_taken_in_every_stream_but_only_for_its_source
                an_append_that_is_partly_recorded_records_the_rest
                a_second_registration_is_refused_but_the_same_one_is_not
                two_registrations_in_one_append_are_refused_together
                a_refused_name_stays_free
                what_follows_an_event_is_recorded_with_it_and_never_without_it
                an_append_of_new_names_only_is_refused_whole_when_one_stands
            }
            reading {
                all_events_are_read_in_pages
                a_stream_is_read_in_pages
                what_is_not_there_is_absent
                a_name_is_found_with_every_character_it_may_have
                the_head_is_the_end_of_the_stream
            }
            times {
                recorded_time_never_goes_back
                a_clock_that_leapt_is_refused_until_it_is_set_right
                what_is_recorded_is_answered_under_a_clock_that_leapt
                the_position_of_an_instant_is_the_last_one_recorded_by_then
            }
        }
    };
}

conforms!(memory);
conforms!(sqlite);
conforms!(postgres);
conforms!(kurrent);
conforms!([#[ignore = "needs a KurrentDB: KURRENTDB_URL=kurrentdb://… cargo test --test suite -- --ignored kurrent_server"]] kurrent_server);
