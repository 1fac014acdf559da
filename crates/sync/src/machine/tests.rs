use super::batch::{ROUNDS_MAX, Seen, Step, TRIGGER_ROUNDS_MAX};
use super::*;

const READY: Observation = Observation::Standings(Standing::Ready);
const CHANGES: Observation = Observation::Pending(Pending::Changes);
const NOTHING: Observation = Observation::Pending(Pending::Nothing);
const TAKEN: Observation = Observation::Fence { taken: true };

fn seen(what: Seen) -> Observation {
    Observation::Batch(what)
}

/// Feeds observations and answers the actions that they led to.
fn run(machine: &mut Machine, observations: &[Observation]) -> Vec<Action> {
    observations.iter().map(|o| machine.next(*o)).collect()
}

/// A machine whose first direction has just staged rows, and the steps that a history leads it through.
fn steps(rows: u64, sweepable: bool, history: &[Seen]) -> Vec<Action> {
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES, Observation::Carried, TAKEN]);
    let first = machine.next(Observation::Staged { rows, sweepable });
    assert_eq!(first, Action::Batch(Step::EndReading));
    history.iter().map(|s| machine.next(seen(*s))).collect()
}

fn last(rows: u64, sweepable: bool, history: &[Seen]) -> Action {
    *steps(rows, sweepable, history).last().unwrap()
}

#[test]
fn a_pass_without_changes_only_looks_in_both_directions() {
    let mut machine = Machine::new();
    let actions = run(&mut machine, &[READY, NOTHING, READY, NOTHING]);
    assert_eq!(
        actions,
        [
            Action::CountPending,
            Action::ReadStandings,
            Action::CountPending,
            Action::Done
        ]
    );
}

#[test]
fn what_is_pending_is_read_before_the_fence_is_taken() {
    let mut machine = Machine::new();
    let actions = run(&mut machine, &[READY, CHANGES, Observation::Carried, TAKEN]);
    assert_eq!(
        actions,
        [
            Action::CountPending,
            Action::BeginReading,
            Action::TakeFence,
            Action::FillStage
        ]
    );
}

#[test]
fn a_batch_that_nobody_disturbs_is_swept_and_acknowledged() {
    let quiet = [
        Seen::Carried,
        Seen::Found(false),
        Seen::Rows(3),
        Seen::Found(false),
        Seen::Found(false),
        Seen::Carried,
        Seen::Carried,
        Seen::Carried,
    ];
    let wanted = [
        Action::Batch(Step::LookForLocal),
        Action::Batch(Step::Sweep),
        Action::Batch(Step::LookForLocal),
        Action::Batch(Step::LookForRewrites),
        Action::Batch(Step::Harden),
        Action::Batch(Step::Record),
        Action::Batch(Step::Commit),
        Action::Acknowledge,
    ];
    assert_eq!(steps(3, true, &quiet), wanted);
}

#[test]
fn a_local_change_seen_after_the_sweep_undoes_it_and_leads_to_rounds() {
    let disturbed = [
        Seen::Carried,
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
        Seen::Carried,
        Seen::Found(false),
        Seen::Rows(2),
        Seen::Found(false),
    ];
    assert_eq!(last(3, true, &rest), Action::Batch(Step::Pin));
}

#[test]
fn fewer_rows_written_than_planned_go_round_again() {
    let round = [
        Seen::Carried,
        Seen::Rows(3),
        Seen::Found(true),
        Seen::Rows(2),
        Seen::Rows(1),
        Seen::Found(false),
        Seen::Carried,
    ];
    let actions = steps(3, false, &round);
    let wanted = [
        Step::Pin,
        Step::LookForLocal,
        Step::Resolve,
        Step::Write,
        Step::LookForLate,
        Step::ForgetPlan,
        Step::Pin,
    ];
    assert_eq!(actions, wanted.map(Action::Batch));
}

#[test]
fn a_change_that_came_and_went_under_a_missing_row_undoes_the_write() {
    let round = [
        Seen::Carried,
        Seen::Rows(1),
        Seen::Found(false),
        Seen::Rows(1),
        Seen::Found(true),
        Seen::Carried,
        Seen::Carried,
    ];
    let actions = steps(1, false, &round);
    let wanted = [Step::LookForLate, Step::UndoWrite, Step::ForgetPlan, Step::Pin];
    assert_eq!(actions[3..], wanted.map(Action::Batch));
}

#[test]
fn local_writers_that_never_stop_end_the_batch() {
    let mut history = vec![Seen::Carried];
    for _ in 0..ROUNDS_MAX {
        history.extend([
            Seen::Rows(2),
            Seen::Found(false),
            Seen::Rows(1),
            Seen::Found(false),
            Seen::Carried,
        ]);
    }
    assert_eq!(last(2, false, &history), Action::Stop(Stop::Contended));
}

#[test]
fn triggers_that_always_rewrite_end_the_batch() {
    let mut history = vec![Seen::Carried];
    for _ in 0..TRIGGER_ROUNDS_MAX {
        history.extend([
            Seen::Rows(1),
            Seen::Found(false),
            Seen::Rows(1),
            Seen::Found(false),
            Seen::Found(true),
            Seen::Carried,
        ]);
    }
    history.extend([
        Seen::Rows(1),
        Seen::Found(false),
        Seen::Rows(1),
        Seen::Found(false),
        Seen::Found(true),
    ]);
    assert_eq!(last(1, false, &history), Action::Stop(Stop::Rewritten));
}

#[test]
fn a_refused_row_is_set_apart_and_the_rest_goes_round() {
    let refused = [
        Seen::Carried,
        Seen::Rows(2),
        Seen::Found(false),
        Seen::Refused,
        Seen::Isolated(1),
        Seen::Carried,
    ];
    let actions = steps(2, false, &refused);
    let wanted = [Step::Isolate, Step::ForgetPlan, Step::Pin];
    assert_eq!(actions[3..], wanted.map(Action::Batch));
    assert_eq!(
        last(
            2,
            false,
            &[
                Seen::Carried,
                Seen::Rows(2),
                Seen::Found(false),
                Seen::Refused,
                Seen::Isolated(0)
            ]
        ),
        Action::Stop(Stop::Blocked)
    );
}

#[test]
fn a_sweep_that_is_refused_is_undone_and_left_to_the_rounds() {
    let refused = [Seen::Carried, Seen::Found(false), Seen::Refused, Seen::Carried];
    let actions = steps(2, true, &refused);
    assert_eq!(actions[2..], [Step::UndoSweep, Step::Pin].map(Action::Batch));
}

#[test]
fn nothing_counts_on_a_batch_before_its_source_is_durable() {
    for history in [
        vec![Seen::Carried, Seen::Rows(0)],
        vec![
            Seen::Carried,
            Seen::Rows(1),
            Seen::Found(true),
            Seen::Rows(0),
            Seen::Rows(0),
            Seen::Found(false),
        ],
        vec![
            Seen::Carried,
            Seen::Rows(1),
            Seen::Found(false),
            Seen::Rows(1),
            Seen::Found(false),
            Seen::Found(false),
        ],
    ] {
        assert_eq!(
            last(1, false, &history),
            Action::Batch(Step::Harden),
            "{history:?}"
        );
    }
}

#[test]
fn a_lost_connection_ends_the_pass_wherever_it_is() {
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES]);
    assert_eq!(
        machine.next(Observation::ConnectionLost),
        Action::Stop(Stop::ConnectionLost)
    );
    run(&mut machine, &[READY]);
    let mut machine = Machine::new();
    run(&mut machine, &[READY, CHANGES, Observation::Carried, TAKEN]);
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
            vec![READY, Observation::Pending(Pending::WentBack)],
            Action::Stop(Stop::WentBack),
        ),
        (
            vec![
                READY,
                CHANGES,
                Observation::Carried,
                Observation::Fence { taken: false },
            ],
            Action::Stop(Stop::Overtaken),
        ),
    ];
    for (history, wanted) in ends {
        let actions = run(&mut Machine::new(), &history);
        assert_eq!(*actions.last().unwrap(), wanted);
    }
}

#[test]
fn an_acknowledgement_that_a_crash_swallowed_is_made_up_for() {
    let mut machine = Machine::new();
    let unacknowledged = Observation::Pending(Pending::Unacknowledged);
    let actions = run(&mut machine, &[READY, unacknowledged, Observation::Carried]);
    assert_eq!(actions[1..], [Action::Acknowledge, Action::ReadStandings]);
}

#[test]
fn an_observation_out_of_turn_stops_the_machine() {
    assert_eq!(Machine::new().next(TAKEN), Action::Stop(Stop::OutOfTurn));
    assert_eq!(last(1, false, &[Seen::Rows(1)]), Action::Stop(Stop::OutOfTurn));
}
