use super::batch::{Seen, Step};
use super::rounds::{ROUNDS_MAX, TRIGGER_ROUNDS_MAX};
use super::*;

const READY: Observation = Observation::Standings(Standing::Ready);
const CHANGES: Observation = pending(Changes::Some, Refused::None);
const NOTHING: Observation = pending(Changes::None, Refused::None);
const READING: Observation = Observation::Reading { parked: false };
const TAKEN: Observation = Observation::Fence { taken: true };

/// What was counted, where the source knows what has arrived.
const fn pending(changes: Changes, refused: Refused) -> Observation {
    Observation::Pending(Pending {
        changes,
        acknowledged: true,
        refused,
    })
}

fn seen(what: Seen) -> Observation {
    Observation::Batch(what)
}

/// So many rows written, all of them to rows that were there.
fn updated(rows: u64) -> Seen {
    Seen::Written {
        rows,
        inserted: false,
    }
}

fn inserted(rows: u64) -> Seen {
    Seen::Written { rows, inserted: true }
}

/// Feeds observations and answers the actions that they led to.
fn run(machine: &mut Machine, observations: &[Observation]) -> Vec<Action> {
    observations.iter().map(|o| machine.next(*o)).collect()
}

/// A machine whose first direction has just staged rows that are no mass delete, and the steps that a history leads it through.
fn steps(rows: u64, sweepable: bool, history: &[Seen]) -> Vec<Action> {
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES, READING, TAKEN]);
    let first = machine.next(Observation::Staged { rows, sweepable });
    assert_eq!(first, Action::Batch(Step::EndReading));
    assert_eq!(
        machine.next(seen(Seen::Carried)),
        Action::Batch(Step::LookForMassDeletes)
    );
    history.iter().map(|s| machine.next(seen(*s))).collect()
}

/// The same from where the rounds have just pinned rows.
fn rounds(rows: u64, history: &[Seen]) -> Vec<Action> {
    let begun = [Seen::Found(false), Seen::Rows(rows)];
    steps(rows, false, &[&begun, history].concat()).split_off(begun.len())
}

fn last(actions: &[Action]) -> Action {
    *actions.last().unwrap()
}

#[test]
fn a_pass_without_changes_only_looks_in_both_directions() {
    let mut machine = Machine::new();
    let actions = run(&mut machine, &[READY, NOTHING, READY, NOTHING]);
    let wanted = [
        Action::CountPending,
        Action::ReadStandings,
        Action::CountPending,
        Action::Done,
    ];
    assert_eq!(actions, wanted);
}

#[test]
fn one_direction_alone_ends_after_itself() {
    let mut machine = Machine::one_way(Side::Second);
    assert_eq!(
        (machine.first(), machine.source()),
        (Action::CountPending, Side::Second)
    );
    assert_eq!(machine.next(NOTHING), Action::Done);
}

#[test]
fn what_is_pending_is_read_before_the_fence_is_taken() {
    let mut machine = Machine::new();
    let actions = run(&mut machine, &[READY, CHANGES, READING, TAKEN]);
    let wanted = [
        Action::CountPending,
        Action::BeginReading,
        Action::TakeFence,
        Action::FillStage,
    ];
    assert_eq!(actions, wanted);
}

#[test]
fn so_much_that_is_not_shipped_moves_progress_on_without_a_step_at_the_tables() {
    let mut machine = Machine::new();
    let others = pending(Changes::OnlyOthers, Refused::None);
    assert_eq!(last(&run(&mut machine, &[READY, others])), Action::BeginReading);
    run(&mut machine, &[READING, TAKEN]);
    machine.next(Observation::Staged {
        rows: 0,
        sweepable: true,
    });
    assert_eq!(machine.next(seen(Seen::Carried)), Action::Batch(Step::Record));
}

#[test]
fn refused_rows_go_alone_when_it_is_time_and_with_others_before() {
    let cases = [
        (Changes::None, Refused::Waiting, None),
        (Changes::None, Refused::Due, Some(Action::BeginReading)),
        (Changes::Some, Refused::Waiting, Some(Action::BeginReading)),
        (Changes::OnlyOthers, Refused::Due, Some(Action::BeginReading)),
    ];
    for (changes, refused, wanted) in cases {
        let mut machine = Machine::new();
        let action = last(&run(&mut machine, &[READY, pending(changes, refused)]));
        let Some(wanted) = wanted else {
            assert_eq!(action, Action::ReadStandings, "{changes:?}");
            continue;
        };
        assert_eq!(action, Action::LookIntoQuarantine, "{changes:?}");
        assert_eq!(machine.next(Observation::Retried(1)), wanted);
    }
    let mut machine = Machine::new();
    let none = run(
        &mut machine,
        &[
            READY,
            pending(Changes::None, Refused::Due),
            Observation::Retried(0),
        ],
    );
    assert_eq!(last(&none), Action::ReadStandings);
}

#[test]
fn conflicts_that_wait_for_a_person_are_brought_up_to_date_before_the_acknowledgement() {
    let mut machine = Machine::new();
    run(
        &mut machine,
        &[READY, CHANGES, Observation::Reading { parked: true }, TAKEN],
    );
    machine.next(Observation::Staged {
        rows: 0,
        sweepable: false,
    });
    for step in [
        Seen::Carried,
        Seen::Found(false),
        Seen::Carried,
        Seen::Found(false),
    ] {
        machine.next(seen(step));
    }
    assert_eq!(machine.next(seen(Seen::Carried)), Action::RefreshParked);
    assert_eq!(machine.next(Observation::Carried), Action::Acknowledge);
}

#[test]
fn a_batch_that_nobody_disturbs_is_swept_and_acknowledged() {
    let quiet = [
        Seen::Found(false),
        Seen::Found(false),
        Seen::Rows(3),
        Seen::Found(false),
        Seen::Found(false),
        Seen::Found(false),
        Seen::Carried,
        Seen::Found(false),
        Seen::Carried,
    ];
    let wanted = [
        Action::Batch(Step::LookForLocal),
        Action::Batch(Step::Sweep),
        Action::Batch(Step::LookForLocal),
        Action::Batch(Step::LookForRewrites),
        Action::Batch(Step::Record),
        Action::Batch(Step::Harden),
        Action::Batch(Step::LookForOverlap),
        Action::Batch(Step::Commit),
        Action::Acknowledge,
    ];
    assert_eq!(steps(3, true, &quiet), wanted);
}

#[test]
fn mass_deletes_links_that_were_made_and_overlaps_stop_a_batch() {
    let stops = [
        (vec![Seen::Found(true)], Stop::Unapproved),
        (
            vec![
                Seen::Found(false),
                Seen::Rows(0),
                Seen::Carried,
                Seen::Found(true),
            ],
            Stop::LinksChanged,
        ),
        (
            vec![
                Seen::Found(false),
                Seen::Rows(0),
                Seen::Carried,
                Seen::Found(false),
                Seen::Carried,
                Seen::Found(true),
            ],
            Stop::Overtaken,
        ),
    ];
    for (history, stop) in stops {
        assert_eq!(last(&steps(2, false, &history)), Action::Stop(stop));
    }
}

#[test]
fn a_local_change_seen_after_the_sweep_undoes_it_and_leads_to_rounds() {
    let disturbed = [
        Seen::Found(false),
        Seen::Found(false),
        Seen::Rows(3),
        Seen::Found(true),
        Seen::Carried,
    ];
    let actions = steps(3, true, &disturbed);
    assert_eq!(
        actions[3..],
        [Action::Batch(Step::UndoSweep), Action::Batch(Step::Pin)]
    );
}

#[test]
fn what_the_sweep_left_goes_through_rounds_without_undoing_it() {
    let rest = [
        Seen::Found(false),
        Seen::Found(false),
        Seen::Rows(2),
        Seen::Found(false),
    ];
    assert_eq!(last(&steps(3, true, &rest)), Action::Batch(Step::Pin));
}

#[test]
fn fewer_rows_written_than_planned_go_round_again() {
    let round = [Seen::Found(true), Seen::Rows(2), updated(1), Seen::Carried];
    let wanted = [Step::Resolve, Step::Write, Step::ForgetPlan, Step::Pin];
    assert_eq!(rounds(3, &round), wanted.map(Action::Batch));
}

#[test]
fn a_change_that_came_and_went_under_a_missing_row_undoes_the_write() {
    let round = [
        Seen::Found(false),
        inserted(1),
        Seen::Found(true),
        Seen::Carried,
        Seen::Carried,
    ];
    let wanted = [
        Step::Write,
        Step::LookForLate,
        Step::UndoWrite,
        Step::ForgetPlan,
        Step::Pin,
    ];
    assert_eq!(rounds(1, &round), wanted.map(Action::Batch));
}

#[test]
fn nobody_asks_for_rows_that_came_and_went_where_none_was_missing() {
    let actions = rounds(1, &[Seen::Found(false), updated(1)]);
    assert_eq!(last(&actions), Action::Batch(Step::LookForRewrites));
    let actions = rounds(1, &[Seen::Found(false), inserted(1), Seen::Found(false)]);
    assert_eq!(last(&actions), Action::Batch(Step::LookForRewrites));
}

#[test]
fn local_writers_that_never_stop_end_the_batch() {
    let round = [Seen::Found(false), updated(1), Seen::Carried, Seen::Rows(2)];
    let again = round.repeat(ROUNDS_MAX as usize - 1);
    let actions = rounds(2, &again);
    assert_eq!(last(&actions), Action::Batch(Step::LookForLocal));
    let actions = rounds(2, &[&again[..], &round[..3]].concat());
    assert_eq!(last(&actions), Action::Stop(Stop::Contended));
}

#[test]
fn triggers_that_always_rewrite_end_the_batch() {
    let round = [
        Seen::Found(false),
        updated(1),
        Seen::Found(true),
        Seen::Carried,
        Seen::Rows(1),
    ];
    let again = round.repeat(TRIGGER_ROUNDS_MAX as usize);
    let actions = rounds(1, &[&again[..], &round[..3]].concat());
    assert_eq!(last(&actions), Action::Stop(Stop::Rewritten));
}

#[test]
fn refused_rows_are_set_apart_and_the_rest_goes_round() {
    let wanted = [Step::Isolate, Step::ForgetPlan, Step::Pin];
    let written = [Seen::Found(false), Seen::Refused, Seen::Carried, Seen::Carried];
    assert_eq!(rounds(2, &written)[1..], wanted.map(Action::Batch));
    let checked = [
        Seen::Found(false),
        updated(2),
        Seen::Found(false),
        Seen::Refused,
        Seen::Carried,
        Seen::Carried,
    ];
    assert_eq!(rounds(2, &checked)[3..], wanted.map(Action::Batch));
    // A filter may fail on a row that is only looked at.
    let looked = [Seen::Refused, Seen::Carried, Seen::Carried];
    assert_eq!(rounds(2, &looked), wanted.map(Action::Batch));
}

#[test]
fn rows_that_cannot_be_told_apart_or_are_refused_again_and_again_block_the_link() {
    let apart = [Seen::Found(false), Seen::Refused, Seen::Refused];
    assert_eq!(last(&rounds(2, &apart)), Action::Stop(Stop::Blocked));
    let round = [
        Seen::Found(false),
        Seen::Refused,
        Seen::Carried,
        Seen::Carried,
        Seen::Rows(1),
    ];
    let again = [&round.repeat(2)[..], &round[..2]].concat();
    assert_eq!(last(&rounds(2, &again)), Action::Stop(Stop::Blocked));
}

#[test]
fn a_sweep_that_is_refused_is_undone_and_left_to_the_rounds() {
    let refused = [
        Seen::Found(false),
        Seen::Found(false),
        Seen::Refused,
        Seen::Carried,
    ];
    let actions = steps(2, true, &refused);
    assert_eq!(actions[2..], [Step::UndoSweep, Step::Pin].map(Action::Batch));
}

#[test]
fn nothing_is_committed_before_its_source_is_durable() {
    let ends = [Seen::Carried, Seen::Found(false)];
    for history in [
        vec![Seen::Found(true), Seen::Rows(0)],
        vec![Seen::Found(false), updated(1), Seen::Found(false)],
    ] {
        let actions = rounds(1, &[&history[..], &ends].concat());
        let wanted = [Step::Check, Step::Record, Step::Harden].map(Action::Batch);
        assert_eq!(actions[history.len() - 1..], wanted, "{history:?}");
    }
}

#[test]
fn a_batch_in_other_peoples_transactions_ends_where_it_is_recorded() {
    let (mut batch, first) = Batch::within(1);
    assert_eq!(first, Step::Pin);
    let history = [Seen::Rows(0), Seen::Carried];
    assert_eq!(
        history.map(|seen| batch.next(seen)),
        [Ok(Step::Check), Ok(Step::Record)]
    );
    assert_eq!(batch.next(Seen::Found(false)), Err(batch::End::Done));
    assert_eq!(Batch::within(0).1, Step::Record);
}

#[test]
fn a_lost_connection_ends_the_pass_wherever_it_is() {
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES]);
    assert_eq!(
        machine.next(Observation::ConnectionLost),
        Action::Stop(Stop::ConnectionLost)
    );
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES, READING, TAKEN]);
    machine.next(Observation::Staged {
        rows: 1,
        sweepable: true,
    });
    assert_eq!(
        machine.next(Observation::ConnectionLost),
        Action::Stop(Stop::ConnectionLost)
    );
}

#[test]
fn a_pass_does_not_begin_where_it_must_not() {
    let ends = [
        (vec![Observation::Standings(Standing::Paused)], Action::Done),
        (
            vec![Observation::Standings(Standing::NotReady)],
            Action::Stop(Stop::NotReady),
        ),
        (
            vec![Observation::Standings(Standing::WentBack)],
            Action::Stop(Stop::WentBack),
        ),
        (
            vec![READY, pending(Changes::WentBack, Refused::None)],
            Action::Stop(Stop::WentBack),
        ),
        (
            vec![READY, CHANGES, READING, Observation::Fence { taken: false }],
            Action::Stop(Stop::Overtaken),
        ),
    ];
    for (history, wanted) in ends {
        assert_eq!(last(&run(&mut Machine::new(), &history)), wanted);
    }
}

#[test]
fn an_acknowledgement_that_a_crash_swallowed_is_made_up_for_before_anything_is_read() {
    for (changes, wanted) in [
        (Changes::None, Action::ReadStandings),
        (Changes::Some, Action::BeginReading),
    ] {
        let mut machine = Machine::new();
        let unacknowledged = Observation::Pending(Pending {
            changes,
            acknowledged: false,
            refused: Refused::None,
        });
        let actions = run(&mut machine, &[READY, unacknowledged, Observation::Carried]);
        assert_eq!(actions[1..], [Action::Remind, wanted]);
    }
}

#[test]
fn an_observation_out_of_turn_stops_the_machine() {
    assert_eq!(Machine::new().next(TAKEN), Action::Stop(Stop::OutOfTurn));
    assert_eq!(
        last(&steps(1, false, &[Seen::Rows(1)])),
        Action::Stop(Stop::OutOfTurn)
    );
}

#[test]
fn a_handful_of_rows_goes_the_short_way() {
    let mut machine = Machine::woken(Side::Second);
    assert_eq!(
        (machine.first(), machine.source()),
        (Action::Glance, Side::Second)
    );
    let history = [
        Observation::Glanced(Glance::Light),
        Observation::WroteLight(true),
        seen(Seen::Carried),
        seen(Seen::Found(false)),
        seen(Seen::Carried),
    ];
    let wanted = [
        Action::WriteLight,
        Action::Batch(Step::Harden),
        Action::Batch(Step::LookForOverlap),
        Action::Batch(Step::Commit),
        Action::Done,
    ];
    assert_eq!(run(&mut machine, &history), wanted);
    let nothing = Observation::Glanced(Glance::Nothing);
    assert_eq!(Machine::woken(Side::First).next(nothing), Action::Done);
}

#[test]
fn what_is_not_as_usual_leads_to_a_whole_pass() {
    for history in [
        &[Observation::Glanced(Glance::Other)][..],
        &[
            Observation::Glanced(Glance::Light),
            Observation::WroteLight(false),
        ],
    ] {
        let mut machine = Machine::woken(Side::Second);
        assert_eq!(last(&run(&mut machine, history)), Action::ReadStandings);
        assert_eq!(machine, Machine::new());
    }
}

#[test]
fn a_light_batch_that_met_another_one_is_not_committed() {
    let mut machine = Machine::woken(Side::First);
    let history = [
        Observation::Glanced(Glance::Light),
        Observation::WroteLight(true),
        seen(Seen::Carried),
        seen(Seen::Found(true)),
    ];
    assert_eq!(last(&run(&mut machine, &history)), Action::Stop(Stop::Overtaken));
}
