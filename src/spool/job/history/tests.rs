//! Pure. The sum of a history's lines, and the effect of damage.

use super::*;
use crate::model::{JobId, Transition, next};
use crate::spool::Settlement;

const STARTED: &str = "{\"at\":\"2026-01-01T00:00:01Z\",\"what\":\"started\",\"attempt\":1}\n";
const ENDED: &str =
    "{\"at\":\"2026-01-01T00:00:02Z\",\"what\":\"ended\",\"outcome\":\"timed-out\",\"reason\":\"15m\"}\n";

fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 0).unwrap()
}

/// Every event, with the line that stands for it on disk: other versions read and write these.
fn golden() -> Vec<(HistoryEvent, &'static str)> {
    let id: JobId = "1700000000000000000.0000002a".parse().unwrap();
    let step = |status, signal, timed_out, list: &str| HistoryEvent::Step {
        index: 2,
        title: "npm ci".into(),
        status,
        signal,
        timed_out,
        list: list.into(),
        result: "how it ended".into(),
        confined: None,
        ms: 12,
    };
    let reason = || "why".to_owned();
    let ended = |outcome, reason| Settlement::Ended { outcome, reason };
    let concluded = |outcome, reason, commit| HistoryEvent::Concluded { outcome, reason, commit };
    vec![
        (
            HistoryEvent::Claimed { runner_pid: 7, boot_id: "b".into() },
            r#""what":"claimed","runner_pid":7,"boot_id":"b""#,
        ),
        (HistoryEvent::Started { attempt: 1 }, r#""what":"started","attempt":1"#),
        (
            step(Some(1), None, false, ""),
            r#""what":"step","index":2,"title":"npm ci","status":1,"result":"how it ended","ms":12"#,
        ),
        (
            step(None, Some(9), true, "always"),
            concat!(
                r#""what":"step","index":2,"title":"npm ci","signal":9,"timed_out":true,"#,
                r#""list":"always","result":"how it ended","ms":12"#
            ),
        ),
        (concluded(Outcome::Failed, None, None), r#""what":"concluded","outcome":"failed""#),
        (
            concluded(Outcome::Succeeded, Some(reason()), Some("c0ffee".into())),
            r#""what":"concluded","outcome":"succeeded","reason":"why","commit":"c0ffee""#,
        ),
        (HistoryEvent::Restarts, r#""what":"restarts""#),
        (HistoryEvent::Note { text: "a remark".into() }, r#""what":"note","text":"a remark""#),
        (ended(Outcome::Succeeded, None).into(), r#""what":"ended","outcome":"succeeded""#),
        (ended(Outcome::TimedOut, Some(reason())).into(), r#""what":"ended","outcome":"timed-out","reason":"why""#),
        (
            Settlement::Waiting { not_before: at(60), reason: reason() }.into(),
            r#""what":"will-retry","not_before":"1970-01-01T00:01:00Z","reason":"why""#,
        ),
        (Settlement::Held { reason: reason() }.into(), r#""what":"held","reason":"why""#),
        (Settlement::SupersededBy { id }.into(), r#""what":"superseded-by","id":"1700000000000000000.0000002a""#),
        (Settlement::RepeatOf { id }.into(), r#""what":"repeat-of","id":"1700000000000000000.0000002a""#),
        (Settlement::Released.into(), r#""what":"released""#),
        (Settlement::Corrupt { reason: reason() }.into(), r#""what":"corrupt","reason":"why""#),
    ]
}

#[test]
fn a_history_is_one_line_of_json_per_entry() {
    for (what, fields) in golden() {
        let line = format!("{{\"at\":\"1970-01-01T00:00:00Z\",{fields}}}\n");
        let entry = Entry::new(at(0), what);
        assert_eq!(String::from_utf8(entry.to_line()).unwrap(), line);
        assert_eq!(History::parse(line.as_bytes()).entries(), [entry]);
    }
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
