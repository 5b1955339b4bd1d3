//! Pure. The step that a running job is at, out of its log.

use jiff::Timestamp;
use serde::Serialize;

/// A step under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningStep {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Steps in the list.
    pub of: usize,
    /// Its action.
    pub title: String,
    /// Its begin.
    pub since: Timestamp,
    /// Time and text of its last output.
    pub last_output: Option<LastOutput>,
}

/// The last line that a step printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastOutput {
    /// Its time.
    pub at: Timestamp,
    /// Its text.
    pub line: String,
}

/// The step that has begun last in the log's end `text`, and has not ended.
pub fn running_step(text: &str) -> Option<RunningStep> {
    let mut running: Option<RunningStep> = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ' ');
        let (Some(at), Some(source), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Ok(at) = at.parse::<Timestamp>() else { continue };
        match (source, &mut running) {
            ("job", current) => {
                let Some((number, of, title)) = note(rest) else { continue };
                let has_ended = current.as_ref().is_some_and(|step| step.number == number);
                let begun = RunningStep { number, of, title: title.to_owned(), since: at, last_output: None };
                *current = (!has_ended).then_some(begun);
            }
            ("out" | "err", Some(step)) => step.last_output = Some(LastOutput { at, line: rest.to_owned() }),
            _ => {}
        }
    }
    running
}

/// `step 2 of 3: npm ci`.
fn note(text: &str) -> Option<(usize, usize, &str)> {
    let (place, title) = text.strip_prefix("step ")?.split_once(": ")?;
    let (number, of) = place.split_once(" of ")?;
    Some((number.parse().ok()?, of.parse().ok()?, title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_began_and_did_not_end_is_under_way() {
        let at = |second: u32| format!("2026-01-31T12:00:{second:02}.000Z");
        let begun = format!("{} job step 1 of 2: git update\n{} out x: y\n", at(1), at(2));
        let ended = format!("{begun}{} job step 1 of 2: ok (1.000 s)\n", at(3));
        let next = format!("{ended}{} job step 2 of 2: npm ci\n{} err 37 %\n", at(4), at(5));
        let told = |text: &str| {
            running_step(text).map(|step| (step.number, step.title, step.last_output.map(|output| output.line)))
        };
        assert_eq!(told(&begun), Some((1, "git update".into(), Some("x: y".into()))));
        assert_eq!(told(&ended), None);
        assert_eq!(told(&next), Some((2, "npm ci".into(), Some("37 %".into()))));
        assert_eq!(told("nothing\n"), None);
    }
}
