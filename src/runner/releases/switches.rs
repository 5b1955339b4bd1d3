//! Pure. The log of switches: its lines, and the way back that they tell.

use super::name::ReleaseName;
use crate::model::JobId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line: `{"at":"…","what":"switch","release":"42-1a2b3c4d5e","previous":"41-…","job":"…","by":"ada"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Time.
    pub at: Timestamp,
    /// Its kind.
    pub what: SwitchKind,
    /// The release that `current` has led to since.
    pub release: ReleaseName,
    /// The release that it led to before, where that was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<ReleaseName>,
    /// The job that switched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The person behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Kind of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchKind {
    /// To a new release.
    Switch,
    /// Back.
    Rollback,
    /// Nobody wrote it down: a crash came between, or a person switched by hand.
    Found,
}

impl Switch {
    /// A switch of this kind to `release`, of which nothing else is known.
    pub fn new(at: Timestamp, what: SwitchKind, release: ReleaseName) -> Self {
        Self { at, what, release, previous: None, job: None, by: None, why: None }
    }

    /// The line, with its line feed.
    pub(super) fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("text keys and no floats");
        line.push(b'\n');
        line
    }
}

/// The switches in `bytes`, oldest first. What follows the last line feed is the residue of a crash; a line that cannot
/// be read is passed over.
pub(super) fn parse(bytes: &[u8]) -> Vec<Switch> {
    let end = whole_lines(bytes);
    let lines = bytes[..end].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Bytes of whole lines.
pub(super) fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
}

/// The way back from `current`: the releases before it, the last one first. Who went back is not led forward again: a
/// rollback takes what came after its release off the way.
pub(super) fn way_back(switches: &[Switch], current: Option<&ReleaseName>) -> Vec<ReleaseName> {
    let mut way: Vec<&ReleaseName> = Vec::new();
    for switch in switches {
        go(&mut way, &switch.release, switch.what != SwitchKind::Switch);
    }
    if let Some(current) = current {
        go(&mut way, current, true);
        way.pop();
    }
    way.into_iter().rev().cloned().collect()
}

fn go<'a>(way: &mut Vec<&'a ReleaseName>, to: &'a ReleaseName, may_go_back: bool) {
    if let Some(at) = way.iter().rposition(|release| *release == to).filter(|_| may_go_back) {
        return way.truncate(at + 1);
    }
    way.retain(|release| *release != to);
    way.push(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u64) -> ReleaseName {
        ReleaseName::new(number, "1a2b3c4d5e")
    }

    /// `40 41 <40` is a switch to 40, one to 41, and a rollback to 40; `?` is a find.
    fn way(history: &str, current: u64) -> Vec<u64> {
        let switch = |word: &str| {
            let what = match word.chars().next() {
                Some('<') => SwitchKind::Rollback,
                Some('?') => SwitchKind::Found,
                _ => SwitchKind::Switch,
            };
            let release = name(word.trim_start_matches(['<', '?']).parse().unwrap());
            Switch::new(Timestamp::UNIX_EPOCH, what, release)
        };
        let switches: Vec<Switch> = history.split_whitespace().map(switch).collect();
        way_back(&switches, Some(&name(current))).iter().map(ReleaseName::number).collect()
    }

    #[test]
    fn the_way_back_follows_the_log_and_never_leads_forward_again() {
        assert_eq!(way("40 41 42", 42), [41, 40]);
        assert_eq!(way("40 41 42 <41", 41), [40], "twice back is two steps back");
        assert_eq!(way("40 41 42 <41 <40", 40), [0; 0]);
        assert_eq!(way("40 41 42 <41 43", 43), [41, 40], "what was taken back is not on the way");
        assert_eq!(way("40 41 42 <40 <42", 42), [40], "somebody wanted it after all");
        assert_eq!(way("40 41 ?40", 40), [0; 0], "somebody switched back by hand");
        assert_eq!(way("40 41 ?44", 44), [41, 40]);
    }

    #[test]
    fn a_switch_that_nobody_wrote_down_is_where_the_link_is() {
        assert_eq!(way("40 41", 42), [41, 40]);
        assert_eq!(way("40 41 42", 41), [40]);
        assert_eq!(way("", 7), [0; 0]);
    }

    #[test]
    fn a_line_reads_back_and_half_a_line_is_none() {
        let switch = Switch {
            by: Some("ada \u{1b}[31m".into()),
            why: Some("it was\nslow".into()),
            previous: Some(name(1)),
            ..Switch::new(Timestamp::UNIX_EPOCH, SwitchKind::Rollback, name(2))
        };
        let line = switch.to_line();
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
        let two = [&line[..], b"nonsense\n", &line, &line[..20]].concat();
        assert_eq!(parse(&two), [switch.clone(), switch]);
        assert_eq!(whole_lines(&two), two.len() - 20);
    }
}
