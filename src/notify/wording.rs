//! Pure. The words of a message, before a service's own escapes: a title, some lines, perhaps a link.

use super::clean::{TextUnit, line};
use crate::model::{Outcome, Standing, Tidings, Turn};
use std::collections::BTreeMap;

/// Longest title, and longest line, in characters.
const TITLE_LIMIT: usize = 200;
const LINE_LIMIT: usize = 500;
/// Jobs that a summary names.
const NAMED: usize = 10;
/// Digits of a commit that are shown.
const COMMIT_DIGITS: usize = 10;

/// The tone of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// All is well.
    Good,
    /// Somebody has to do something.
    Bad,
    /// Neither.
    Neutral,
}

/// A message in words; nothing in it acts on a screen, and nothing is escaped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// One line that says it all.
    pub title: String,
    /// More, line by line.
    pub lines: Vec<String>,
    /// Address of the page that shows more.
    pub link: Option<String>,
    /// Its tone.
    pub mood: Mood,
}

/// The place that messages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Name of the machine.
    pub host: &'a str,
    /// Address of the page that shows more, as the configuration says; never from a delivery.
    pub page: Option<&'a str>,
}

impl Wording {
    /// The words for what became of one job.
    pub fn of(tidings: &Tidings, sender: Sender<'_>) -> Self {
        let title = format!("hookspool: {} {}{}", tidings.hook, headline(tidings), place(tidings));
        let lines = [
            commit(tidings),
            tidings.reason.as_ref().map(|reason| format!("reason: {reason}")),
            Some(effort(tidings)),
            Some(format!("job {} on {}; `hookspool show {0}` tells more", tidings.job.short(), sender.host)),
        ];
        Self::new(&title, lines.into_iter().flatten(), sender, mood([tidings]))
    }

    /// The words for several at once: more than anybody reads one by one.
    pub fn summary(all: &[Tidings], sender: Sender<'_>) -> Self {
        let mut counts = BTreeMap::new();
        for tidings in all {
            *counts.entry(tidings.standing.word()).or_insert(0_usize) += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let title = format!("hookspool: {} jobs on {}: {}", all.len(), sender.host, counts.join(", "));
        let newest = all.iter().rev().take(NAMED);
        let named = newest.map(|t| format!("{} {}{}, job {}", t.hook, headline(t), place(t), t.job.short()));
        let rest = all.len().saturating_sub(NAMED);
        let rest = (rest > 0).then(|| format!("and {rest} before these; `hookspool list` shows all"));
        Self::new(&title, named.chain(rest), sender, mood(all))
    }

    /// A message that somebody asked for, to see whether it arrives.
    pub fn sample(target: &str, sender: Sender<'_>) -> Self {
        let title = format!("hookspool: a test message for {target}");
        let lines = [
            format!("sent from {} by `hookspool tell {target}`", sender.host),
            "it arrived: so will what is told of jobs".to_owned(),
        ];
        Self::new(&title, lines.into_iter(), sender, Mood::Neutral)
    }

    fn new(title: &str, lines: impl Iterator<Item = String>, sender: Sender<'_>, mood: Mood) -> Self {
        let lines = lines.map(|text| line(&text, LINE_LIMIT)).collect();
        Self { title: line(title, TITLE_LIMIT), lines, link: sender.page.map(str::to_owned), mood }
    }
}

fn headline(tidings: &Tidings) -> &'static str {
    if tidings.turn == Some(Turn::Recovery) { "recovered" } else { tidings.standing.word() }
}

/// `, me/docs main`.
fn place(tidings: &Tidings) -> String {
    let parts: Vec<&str> = tidings.repository.as_deref().into_iter().chain(tidings.branch_or_tag()).collect();
    if parts.is_empty() { String::new() } else { format!(", {}", parts.join(" ")) }
}

fn commit(tidings: &Tidings) -> Option<String> {
    let commit: String = tidings.commit.as_ref()?.chars().take(COMMIT_DIGITS).collect();
    let by = tidings.pusher.as_ref().map_or_else(String::new, |pusher| format!(", pushed by {pusher}"));
    Some(format!("commit {commit}{by}"))
}

fn effort(tidings: &Tidings) -> String {
    let time = tidings.seconds.map_or_else(String::new, |seconds| format!(", took {}", duration(seconds)));
    format!("attempt {}{time}, at {:.0}", tidings.attempts, tidings.at)
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn mood<'a>(all: impl IntoIterator<Item = &'a Tidings>) -> Mood {
    let mut mood = Mood::Good;
    for tidings in all {
        match tidings.standing {
            bad if bad.is_bad() => return Mood::Bad,
            Standing::Over(Outcome::Succeeded) => {}
            _ => mood = Mood::Neutral,
        }
    }
    mood
}

/// A text with a limit: the lines may be cut, the title and the link stay whole where they fit.
pub(super) struct Fitted {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

impl Wording {
    /// Title and lines that take at most `limit` of a service's units, each line end one of them, after `escape`;
    /// `reserved` is kept free, for the link and what a service adds. Cut before it is escaped, so that no escape is
    /// cut in two.
    pub(super) fn fitted(
        &self,
        unit: TextUnit,
        (limit, reserved): (usize, usize),
        escape: impl Fn(&str) -> String,
    ) -> Fitted {
        let mut left = limit.saturating_sub(reserved);
        let mut take = |text: &str| {
            let cut = cut_to(unit, text, left, &escape);
            left = left.saturating_sub(unit.length(&cut) + 1);
            cut
        };
        let title = take(&self.title);
        let lines = self.lines.iter().map(|text| take(text)).filter(|text| !text.is_empty()).collect();
        Fitted { title, lines }
    }
}

/// The longest beginning of `text` that takes at most `limit` once it is escaped.
fn cut_to(unit: TextUnit, text: &str, limit: usize, escape: &impl Fn(&str) -> String) -> String {
    let whole = escape(text);
    if unit.length(&whole) <= limit {
        return whole;
    }
    let mut length = unit.length(text).min(limit);
    loop {
        let cut = escape(&unit.cut(text, length));
        let excess = unit.length(&cut).saturating_sub(limit);
        if excess == 0 || length == 0 {
            return cut;
        }
        // No escape is longer than six for one: the excess shrinks by at least a sixth each time.
        length = length.saturating_sub(excess.div_ceil(6).max(1));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::clean::html;
    use super::*;
    use crate::model::JobId;
    use jiff::Timestamp;

    /// The facts of a failed job, with whatever a stranger may put into them.
    pub(in crate::notify) fn failed(hostile: &str) -> Tidings {
        Tidings {
            number: 7,
            at: Timestamp::from_second(1_795_000_000).unwrap(),
            job: JobId::new(5, 0x78ec_f395).unwrap(),
            hook: "docs".into(),
            standing: Standing::Over(Outcome::Failed),
            turn: Some(Turn::FirstFailure),
            reason: Some(format!("step 2 `make` exited 2{hostile}")),
            repository: Some(format!("me/docs{hostile}")),
            reference: Some(format!("refs/heads/main{hostile}")),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            pusher: Some(format!("jo{hostile}")),
            attempts: 3,
            seconds: Some(75),
        }
    }

    pub(in crate::notify) const SENDER: Sender<'_> = Sender { host: "web1", page: Some("https://example.org/p/x") };

    #[test]
    fn a_failure_is_said_with_place_commit_reason_and_job() {
        let wording = Wording::of(&failed(""), SENDER);
        assert_eq!(wording.title, "hookspool: docs failed, me/docs main");
        assert_eq!(
            wording.lines,
            [
                "commit 0123456789, pushed by jo",
                "reason: step 2 `make` exited 2",
                "attempt 3, took 1 min 15 s, at 2026-11-18T11:06:40Z",
                "job 78ecf395 on web1; `hookspool show 78ecf395` tells more",
            ]
        );
        assert_eq!((wording.mood, wording.link.as_deref()), (Mood::Bad, SENDER.page));
        let recovered =
            Tidings { standing: Standing::Over(Outcome::Succeeded), turn: Some(Turn::Recovery), ..failed("") };
        assert_eq!(Wording::of(&recovered, SENDER).title, "hookspool: docs recovered, me/docs main");
    }

    #[test]
    fn many_become_one_that_names_the_newest() {
        let of = |n: u32| Tidings { job: JobId::new(5, n).unwrap(), ..failed("") };
        let mut all: Vec<Tidings> = (0..12).map(of).collect();
        all[3].standing = Standing::Held;
        let wording = Wording::summary(&all, SENDER);
        assert_eq!(wording.title, "hookspool: 12 jobs on web1: 11 failed, 1 is held");
        assert_eq!(wording.lines[0], "docs failed, me/docs main, job 0000000b");
        assert_eq!(wording.lines[10], "and 2 before these; `hookspool list` shows all");
    }

    #[test]
    fn what_is_cut_fits_after_its_escapes_and_no_escape_is_cut() {
        let wording = Wording::of(&failed(&"<&\"é😀".repeat(300)), SENDER);
        for unit in [TextUnit::Bytes, TextUnit::Characters, TextUnit::Utf16] {
            for limit in (0..2_000).step_by(37) {
                let Fitted { title, lines } = wording.fitted(unit, (limit, 0), html);
                let length = unit.length(&title) + lines.iter().map(|line| unit.length(line) + 1).sum::<usize>();
                assert!(length <= limit + 1, "{unit:?} {limit}: {length}");
                for text in lines.iter().chain([&title]) {
                    let bare = text.replace("&lt;", "").replace("&amp;", "").replace("&quot;", "").replace("&gt;", "");
                    assert!(!bare.contains(['&', '<', '"']), "{text}");
                }
            }
        }
    }
}
