//! Pure. What lines add up to, and what damage does.

use super::*;
use crate::model::{JobId, Transition, next};
use crate::spool::Settlement;

const STARTED: &str = "{\"at\":\"2026-01-01T00:00:01Z\",\"what\":\"started\",\"attempt\":1}\n";
const ENDED: &str =
    "{\"at\":\"2026-01-01T00:00:02Z\",\"what\":\"ended\",\"outcome\":\"timed-out\",\"reason\":\"15m\"}\n";

fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 0).unwrap()
}

#[test]
fn a_history_is_one_line_of_json_per_entry() {
    let claimed = HistoryEvent::Claimed { runner_pid: 7, boot_id: "b".into() };
    let step = HistoryEvent::Step {
        index: 0,
        title: "npm ci".into(),
        status: Some(1),
        signal: None,
        timed_out: false,
        list: String::new(),
        result: String::new(),
        ms: 12,
    };
    let lines: Vec<String> = [claimed, step, HistoryEvent::Settled(Settlement::Released)]
        .into_iter()
        .map(|what| String::from_utf8(Entry::new(at(0), what).to_line()).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "{\"at\":\"1970-01-01T00:00:00Z\",\"what\":\"claimed\",\"runner_pid\":7,\"boot_id\":\"b\"}\n",
            "{\"at\":\"1970-01-01T00:00:00Z\",\"what\":\"step\",\"index\":0,\"title\":\"npm ci\",\"status\":1,\"result\":\"\",\"ms\":12}\n",
            "{\"at\":\"1970-01-01T00:00:00Z\",\"what\":\"released\"}\n",
        ]
    );
    let history = History::parse(lines.concat().as_bytes());
    let again: Vec<u8> = history.entries().iter().flat_map(Entry::to_line).collect();
    assert_eq!(again, lines.concat().as_bytes());
}

#[test]
fn the_fold_says_where_the_job_is_how_it_ended_and_why() {
    let history = History::parse(format!("{STARTED}{ENDED}").as_bytes());
    assert_eq!(history.state(), State::Failed);
    assert_eq!(history.outcome(), Some(Outcome::TimedOut));
    assert_eq!(history.reason().as_deref(), Some("15m"));
    assert_eq!(history.attempts(), 1);
}

#[test]
fn a_released_job_has_no_outcome_and_fresh_attempts() {
    let mut history = History::parse(format!("{STARTED}{ENDED}").as_bytes());
    history.push(Entry::new(at(3), HistoryEvent::Settled(Settlement::Released)), 1);
    assert_eq!((history.state(), history.outcome(), history.reason()), (State::Queued, None, None));
    assert_eq!((history.attempts(), history.attempts_since_release()), (1, 0));
}

#[test]
fn every_cut_of_the_last_line_leaves_the_lines_before_it() {
    let whole = format!("{STARTED}{ENDED}");
    for cut in 0..ENDED.len() {
        let history = History::parse(&whole.as_bytes()[..STARTED.len() + cut]);
        assert_eq!(history.state(), State::Running, "cut after {cut} bytes");
        assert_eq!(history.length_bytes(), STARTED.len() as u64);
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_a_note_and_hides_nothing_else() {
    let history = History::parse(format!("{STARTED}\0\0\u{1}garbage\n{ENDED}").as_bytes());
    assert_eq!(history.entries()[1].what, HistoryEvent::Note { text: "a line of 11 bytes cannot be read".into() });
    assert_eq!((history.state(), history.attempts()), (State::Failed, 1));
}

#[test]
fn what_the_table_forbids_moves_no_job_that_has_ended_or_is_held() {
    let id = JobId::new(1, 1).unwrap();
    let reason = || "r".to_owned();
    let settlements = [
        Settlement::Waiting { not_before: at(1), reason: reason() },
        Settlement::Held { reason: reason() },
        Settlement::SupersededBy { id },
        Settlement::Ended { outcome: Outcome::Failed, reason: None },
        Settlement::Released,
    ];
    for settlement in settlements {
        for state in [State::Done, State::Failed, State::Held, State::Corrupt] {
            let expected = next(state, settlement.transition()).unwrap_or(state);
            assert_eq!(state_after(state, &settlement.clone().into()), expected, "{state:?} {settlement:?}");
        }
    }
}

#[test]
fn an_end_whose_claim_was_lost_counts_all_the_same() {
    for state in [State::Queued, State::Waiting] {
        let succeeded = Settlement::Ended { outcome: Outcome::Succeeded, reason: None };
        let again = Settlement::Waiting { not_before: at(1), reason: "r".to_owned() };
        assert_eq!(state_after(state, &succeeded.into()), State::Done);
        assert_eq!(state_after(state, &again.into()), State::Waiting);
    }
}

#[test]
fn a_settlement_is_folded_to_the_state_that_the_table_gives_it() {
    let id = JobId::new(1, 1).unwrap();
    let reason = || "r".to_owned();
    let ended = |outcome| Settlement::Ended { outcome, reason: None };
    let settlements = [
        (State::Running, ended(Outcome::Succeeded)),
        (State::Running, ended(Outcome::Failed)),
        (State::Running, ended(Outcome::TimedOut)),
        (State::Running, ended(Outcome::Interrupted)),
        (State::Running, ended(Outcome::Cancelled)),
        (State::Running, Settlement::Waiting { not_before: at(1), reason: reason() }),
        (State::Running, Settlement::Held { reason: reason() }),
        (State::Queued, Settlement::SupersededBy { id }),
        (State::Queued, Settlement::RepeatOf { id }),
        (State::Held, Settlement::Released),
        (State::Running, Settlement::Corrupt { reason: reason() }),
    ];
    for (state, settlement) in settlements {
        let by_table = next(state, settlement.transition());
        assert_eq!(by_table, Ok(state_after(state, &settlement.clone().into())), "{settlement:?}");
    }
    assert_eq!(next(State::Queued, Transition::Claimed), Ok(State::Running));
}
