//! Pure. The messages that follow from what became of a job: to whom, and with which facts.

use crate::config::{Config, Hook};
use crate::model::{Addressee, JobId, JobMeta, Outcome, RefName, Standing, Tidings, Turn};
use crate::notify::TellOn;
use crate::spool::{History, HistoryEvent, Letter, Settlement};
use jiff::Timestamp;

/// The end of a job, or of a try at it.
pub(super) struct Ending<'a> {
    pub(super) id: JobId,
    pub(super) meta: &'a JobMeta,
    pub(super) history: &'a History,
    pub(super) standing: Standing,
    pub(super) reason: Option<String>,
    /// The commit that was deployed, hex.
    pub(super) commit: Option<&'a str>,
    /// The end of the job before, of the same hook, repository and ref: `true` if it succeeded.
    pub(super) before: Option<bool>,
    pub(super) at: Timestamp,
}

/// The standing that a decision gives a job; `None` where it goes on.
pub(super) fn standing_after(settlement: &Settlement) -> Option<Standing> {
    match settlement {
        Settlement::Held { .. } => Some(Standing::Held),
        Settlement::Waiting { .. } | Settlement::Released | Settlement::Corrupt { .. } => None,
        ended => ended.outcome().map(Standing::Over),
    }
}

/// `true` if anybody is told of the jobs of `hook`.
pub(in crate::runner) fn is_told(hook: &Hook) -> bool {
    !hook.plan.notify.is_empty() || hook.plan.status.is_some()
}

impl Ending<'_> {
    /// The messages to people and to the forge.
    pub(super) fn letters(&self, config: &Config, hook: &Hook) -> Vec<Letter> {
        let statuses = self.statuses(hook);
        statuses.into_iter().chain(self.messages(config, hook)).collect()
    }

    /// The state of the commit that was pushed, and of the one that was deployed where it is another.
    pub(super) fn statuses(&self, hook: &Hook) -> Vec<Letter> {
        if hook.plan.status.is_none() {
            return Vec::new();
        }
        let pushed = self.meta.after.as_deref();
        let deployed = self.commit.filter(|commit| pushed != Some(*commit));
        let addressed = [(Addressee::Status, pushed), (Addressee::DeployedStatus, deployed)];
        let letter = |(addressee, commit): (Addressee, Option<&str>)| {
            let commit = Some(commit?.to_owned());
            Some(Letter { addressee, tidings: Tidings { commit, ..self.tidings() } })
        };
        addressed.into_iter().filter_map(letter).collect()
    }

    fn messages(&self, config: &Config, hook: &Hook) -> Vec<Letter> {
        let wanted = hook.plan.notify.iter().filter_map(|name| config.target(name)).filter(|t| self.is_wanted(t.on));
        let letter = |name: &String| Letter { addressee: Addressee::Target(name.clone()), tidings: self.tidings() };
        wanted.map(|target| letter(&target.name)).collect()
    }

    fn is_wanted(&self, on: TellOn) -> bool {
        let did_not_run = matches!(
            self.standing,
            Standing::Begun | Standing::Over(Outcome::Superseded | Outcome::Repeat | Outcome::Relayed)
        );
        match on {
            _ if did_not_run => false,
            // Whatever was before: nothing goes on until a person has looked.
            _ if self.standing == Standing::Held => true,
            TellOn::Change => self.turn().is_some(),
            TellOn::Failure => self.standing.is_bad(),
            TellOn::Always => true,
        }
    }

    fn turn(&self) -> Option<Turn> {
        match (self.standing, self.before) {
            (standing, before) if standing.is_bad() && before != Some(false) => Some(Turn::FirstFailure),
            (Standing::Over(Outcome::Succeeded), Some(false)) => Some(Turn::Recovery),
            (Standing::Over(Outcome::Succeeded), _) if self.was_told_held() => Some(Turn::Recovery),
            _ => None,
        }
    }

    /// `true` if the job was held by a runner that had claimed it: of that people were told.
    fn was_told_held(&self) -> bool {
        let (mut is_claimed, mut was_told) = (false, false);
        for entry in self.history.entries() {
            match &entry.what {
                HistoryEvent::Claimed { .. } => is_claimed = true,
                HistoryEvent::Settled(settlement) => {
                    was_told |= is_claimed && matches!(settlement, Settlement::Held { .. });
                    is_claimed = false;
                }
                _ => {}
            }
        }
        was_told
    }

    fn tidings(&self) -> Tidings {
        let meta = self.meta;
        Tidings {
            number: 0,
            at: self.at,
            job: self.id,
            hook: meta.hook.clone(),
            standing: self.standing,
            turn: self.turn(),
            reason: self.reason.as_deref().and_then(Tidings::short_reason),
            repository: meta.repository.clone(),
            reference: meta.reference.as_ref().map(RefName::as_str).map(str::to_owned),
            commit: self.commit.map(str::to_owned).or_else(|| meta.after.clone()),
            pusher: meta.pusher.clone(),
            attempts: self.history.attempts(),
            seconds: self.seconds(),
        }
    }

    /// Length of the attempt that began last.
    fn seconds(&self) -> Option<u64> {
        let is_start = |what: &HistoryEvent| matches!(what, HistoryEvent::Started { .. });
        let began = self.history.entries().iter().rev().find(|entry| is_start(&entry.what))?.at;
        u64::try_from(self.at.duration_since(began).as_secs()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing;
    use crate::config::{NotifyTarget, SecretSource, StatusSettings};
    use crate::model::EventKind;
    use crate::notify::{Messenger, StatusForge};
    use crate::spool::Entry;

    fn hook(notify: &[&str], has_status: bool) -> Hook {
        let mut hook = testing::hook("docs");
        hook.plan.notify = notify.iter().map(|name| (*name).to_owned()).collect();
        hook.plan.status = has_status.then(|| StatusSettings {
            forge: StatusForge::Gitea,
            token: SecretSource::Env("TOKEN".into()),
            api: "https://git.example.org".into(),
            repository: "me/docs".into(),
        });
        hook
    }

    fn target(name: &str, on: TellOn) -> NotifyTarget {
        NotifyTarget {
            name: name.into(),
            messenger: Messenger::Slack,
            on,
            rate: Messenger::Slack.default_rate(),
            url: None,
            token: None,
            sign: None,
            room: String::new(),
            chat_id: String::new(),
            topic: None,
            to: Vec::new(),
            from: String::new(),
        }
    }

    /// The targets that are told, of `change`, `failure` and `always`.
    fn told(standing: Standing, before: Option<bool>) -> String {
        let rows = [("c", TellOn::Change), ("f", TellOn::Failure), ("a", TellOn::Always)];
        let config = testing::config(rows.iter().map(|(name, on)| target(name, *on)).collect());
        let meta = JobMeta::new("docs", "gitea", EventKind::Push, Timestamp::UNIX_EPOCH);
        let history = History::default();
        let id = JobId::new(1, 1).unwrap();
        let (reason, commit, at) = (None, None, Timestamp::UNIX_EPOCH);
        let ending = Ending { id, meta: &meta, history: &history, standing, reason, commit, before, at };
        let letters = ending.letters(&config, &hook(&["c", "f", "a", "gone"], false));
        letters.iter().map(|letter| letter.addressee.to_string()).collect()
    }

    #[test]
    fn a_target_hears_of_changes_of_failures_or_of_everything_that_ran() {
        let (good, bad) = (Standing::Over(Outcome::Succeeded), Standing::Over(Outcome::Failed));
        let rows = [
            (good, None, "a"),
            (good, Some(true), "a"),
            (good, Some(false), "ca"),
            (bad, None, "cfa"),
            (bad, Some(true), "cfa"),
            (bad, Some(false), "fa"),
            (Standing::Over(Outcome::TimedOut), Some(true), "cfa"),
            (Standing::Over(Outcome::Interrupted), Some(false), "fa"),
            (Standing::Over(Outcome::Cancelled), Some(true), "a"),
            (Standing::Held, Some(false), "cfa"),
            (Standing::Over(Outcome::Superseded), Some(true), ""),
            (Standing::Over(Outcome::Repeat), None, ""),
        ];
        for (standing, before, expected) in rows {
            assert_eq!(told(standing, before), expected, "{standing:?} after {before:?}");
        }
    }

    fn history(whats: &[HistoryEvent]) -> History {
        let lines = whats.iter().map(|what| Entry::new(Timestamp::UNIX_EPOCH, what.clone()));
        let text: Vec<u8> =
            lines.flat_map(|entry| serde_json::to_vec(&entry).unwrap().into_iter().chain(*b"\n")).collect();
        History::parse(&text)
    }

    #[test]
    fn the_success_of_a_job_that_was_held_out_of_a_claim_is_a_recovery() {
        let claimed = HistoryEvent::Claimed { runner_pid: 1, boot_id: "x".into() };
        let held: HistoryEvent = Settlement::Held { reason: "x".into() }.into();
        let released: HistoryEvent = Settlement::Released.into();
        let meta = JobMeta::new("docs", "gitea", EventKind::Push, Timestamp::UNIX_EPOCH);
        let turn = |whats: &[HistoryEvent], outcome: Outcome| {
            let (id, history) = (JobId::new(1, 1).unwrap(), history(whats));
            let (standing, at) = (Standing::Over(outcome), Timestamp::UNIX_EPOCH);
            let (reason, commit, before) = (None, None, Some(true));
            Ending { id, meta: &meta, history: &history, standing, reason, commit, before, at }.turn()
        };
        let by_a_runner = [claimed.clone(), held.clone(), released.clone(), claimed.clone()];
        assert_eq!(turn(&by_a_runner, Outcome::Succeeded), Some(Turn::Recovery));
        assert_eq!(turn(&by_a_runner, Outcome::Failed), Some(Turn::FirstFailure));
        assert_eq!(turn(&[held, released, claimed], Outcome::Succeeded), None, "a person did that, and knows");
    }

    #[test]
    fn the_pushed_commit_and_another_that_was_deployed_both_get_the_status() {
        let [pushed, deployed] = ["a", "b"].map(|digit| digit.repeat(40));
        let meta = |after: Option<&String>| JobMeta {
            after: after.cloned(),
            ..JobMeta::new("docs", "gitea", EventKind::Push, Timestamp::UNIX_EPOCH)
        };
        let statuses = |after: Option<&String>, commit: Option<&String>| -> Vec<String> {
            let (meta, history) = (meta(after), History::default());
            let ending = Ending {
                id: JobId::new(1, 1).unwrap(),
                meta: &meta,
                history: &history,
                standing: Standing::Over(Outcome::Succeeded),
                reason: None,
                commit: commit.map(String::as_str),
                before: None,
                at: Timestamp::UNIX_EPOCH,
            };
            let letters = ending.statuses(&hook(&[], true));
            letters.iter().map(|l| format!("{} {}", l.addressee, &l.tidings.commit.clone().unwrap()[..1])).collect()
        };
        assert_eq!(statuses(Some(&pushed), Some(&deployed)), ["@status a", "@deployed b"]);
        assert_eq!(statuses(Some(&pushed), Some(&pushed)), ["@status a"]);
        assert_eq!(statuses(Some(&pushed), None), ["@status a"]);
        assert_eq!(statuses(None, Some(&deployed)), ["@deployed b"]);
        assert_eq!(statuses(None, None), [""; 0]);
    }

    #[test]
    fn an_attempt_that_began_is_unfinished_until_it_ended_or_was_held() {
        let entries = |whats: &[HistoryEvent]| history(whats).is_unfinished();
        let started = HistoryEvent::Started { attempt: 1 };
        let waits: HistoryEvent = Settlement::Waiting { not_before: Timestamp::UNIX_EPOCH, reason: "x".into() }.into();
        let held: HistoryEvent = Settlement::Held { reason: "x".into() }.into();
        let released: HistoryEvent = Settlement::Released.into();
        assert!(!entries(&[]));
        assert!(entries(std::slice::from_ref(&started)));
        assert!(entries(&[started.clone(), waits.clone(), released.clone()]));
        assert!(!entries(&[started.clone(), waits, held, released]));
    }
}
