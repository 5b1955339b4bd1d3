//! Pure. The values that a delivery may tell. The receiver asks of a payload, and the runner of a job's file: whoever
//! may write to the spool could have made that without a delivery.

use super::{EventKind, JobMeta};

/// Longest name of a repository or person.
const NAME_LIMIT_BYTES: usize = 255;
/// Longest delivery id; they are UUIDs.
const DELIVERY_LIMIT_BYTES: usize = 128;
/// Longest name of a host among several.
const HOST_LIMIT_BYTES: usize = 32;
/// Longest word for an event that no kind is for, with what tells it from our own words.
const WORD_LIMIT_BYTES: usize = 80;

/// True for the name of a commit as git prints it: 40 or 64 lower-case hex digits.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// True for a commit that is not the one of zeros, by which forges say that there is none.
fn is_some_commit(text: &str) -> bool {
    is_commit(text) && text.bytes().any(|digit| digit != b'0')
}

/// True for the first digits of a commit, or all of them.
fn is_beginning_of_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// True for a name that can be shown: not empty, short, without control characters.
pub fn is_name(text: &str) -> bool {
    is_line(text, NAME_LIMIT_BYTES)
}

/// True for a delivery id: short, visible ASCII.
pub fn is_delivery_id(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= DELIVERY_LIMIT_BYTES && id.iter().all(u8::is_ascii_graphic)
}

/// True for the name of a host among several: it is a word of subjects, and of file names.
pub fn is_host(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= HOST_LIMIT_BYTES && name.bytes().all(is_plain)
}

fn is_line(text: &str, limit_bytes: usize) -> bool {
    !text.is_empty() && text.len() <= limit_bytes && !text.contains(char::is_control)
}

/// True for an owner's name, a slash and a repository's.
fn is_full_name(text: &str) -> bool {
    is_line(text, 2 * NAME_LIMIT_BYTES + 1)
}

/// True for lower-case letters, digits and some signs, as in a word of ours or of a provider.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    !text.is_empty() && text.len() <= WORD_LIMIT_BYTES && text.bytes().all(is_plain)
}

impl EventKind {
    /// True unless it is a word that no provider has: one of ours, or with characters that the receiver replaces.
    fn is_possible(&self) -> bool {
        match self {
            Self::Other(word) => is_word(word) && !Self::WORDS.contains(&word.as_str()),
            _ => true,
        }
    }
}

impl JobMeta {
    /// The first member that no delivery could have made what it is, of those that people and steps are shown. The ref
    /// was checked when it was parsed.
    pub fn impossible_member(&self) -> Option<&'static str> {
        let fits = |value: &Option<String>, is_possible: fn(&str) -> bool| value.as_deref().is_none_or(is_possible);
        let members = [
            ("provider", is_word(&self.provider)),
            ("event", self.event.is_possible()),
            ("before", fits(&self.before, is_some_commit)),
            ("after", fits(&self.after, is_some_commit)),
            ("repository", fits(&self.repository, is_full_name)),
            ("pusher", fits(&self.pusher, is_name)),
            ("wish", self.wish.as_ref().is_none_or(|wish| fits(&wish.commit, is_beginning_of_commit))),
            ("delivery", fits(&self.delivery, |id| is_delivery_id(id.as_bytes()))),
            ("origin", fits(&self.origin, is_host)),
        ];
        members.into_iter().find_map(|(name, is_possible)| (!is_possible).then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn job() -> JobMeta {
        let text = |text: &str| Some(text.to_owned());
        JobMeta {
            before: text(&"0a".repeat(32)),
            after: text(&"0a".repeat(20)),
            repository: text("My Project/dócs"),
            pusher: text("Jo Öst <jo@example.org>"),
            delivery: text("{0b5c3c9a-1f0e}"),
            ..JobMeta::new("docs", "github", EventKind::Push, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn what_deliveries_tell_is_possible() {
        let kinds =
            [EventKind::Package, EventKind::Other("release.edited".into()), EventKind::Other("tag_event".into())];
        for event in kinds {
            assert_eq!(JobMeta { event, ..job() }.impossible_member(), None);
        }
        let bare = JobMeta::new("docs", "gitea-authorization", EventKind::Push, Timestamp::UNIX_EPOCH);
        assert_eq!(bare.impossible_member(), None);
    }

    #[test]
    fn what_no_delivery_could_have_told_is_named() {
        let text = |text: &str| Some(text.to_owned());
        let rows = [
            ("provider", JobMeta { provider: "git\u{1b}hub".into(), ..job() }),
            ("event", JobMeta { event: EventKind::Other("tag".into()), ..job() }),
            ("event", JobMeta { event: EventKind::Other("a\nb".into()), ..job() }),
            ("event", JobMeta { event: EventKind::Other("a".repeat(1000)), ..job() }),
            ("before", JobMeta { before: text("$(id)"), ..job() }),
            ("after", JobMeta { after: text("--help"), ..job() }),
            ("after", JobMeta { after: text(&"0A".repeat(20)), ..job() }),
            ("after", JobMeta { after: text(""), ..job() }),
            ("after", JobMeta { after: text(&"0".repeat(40)), ..job() }),
            ("repository", JobMeta { repository: text("me/docs\n"), ..job() }),
            ("repository", JobMeta { repository: text(&"x".repeat(512)), ..job() }),
            ("pusher", JobMeta { pusher: text("a\u{1b}[31m"), ..job() }),
            ("delivery", JobMeta { delivery: text("a b"), ..job() }),
            ("origin", JobMeta { origin: text("Gate"), ..job() }),
            ("origin", JobMeta { origin: text(&"x".repeat(33)), ..job() }),
        ];
        for (member, job) in rows {
            assert_eq!(job.impossible_member(), Some(member), "{job:?}");
        }
    }
}
