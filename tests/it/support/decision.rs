//! Edge. Jobs that the runner's loop decides about, by itself or because a person orders it, and where that must leave
//! them.

use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, State};
use hookspool::spool::{Answer, Effect, EffectResult, Hold, Order, PendingRequest, Request, Settlement, SpoolOwner};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Notes each copy that begins, and those that begin beside another. Fails unless there is a file `repaired`.
const STEP: &str = r#"steps = [{ shell = """
exec 9>>alone; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps
echo $HOOKSPOOL_JOB >>began; test -e repaired""" }]
timeout = "60s"
branches = ["*"]
retry = { attempts = 3, backoff = "1ms" }"#;

/// What is decided, and what becomes of the jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    jobs: fn(&Yard) -> Vec<JobId>,
    pub(crate) order: Option<fn(&[JobId]) -> Order>,
    ends: &'static [End],
}

/// Where a job must be at last.
#[derive(Debug, Clone, Copy)]
struct End {
    /// A directory of the spool; none for a job that is to be removed.
    place: &'static str,
    /// What its history says.
    says: &'static str,
    /// How often that may be said: a hook that is released is on hold until all its jobs are queued, and a runner that
    /// starts meanwhile holds them back once more.
    at_most: usize,
    /// How often it began.
    began: usize,
    /// Where it is if the order was not carried out.
    otherwise: &'static str,
}

const RUN: End = End { place: "done", says: "ended", at_most: 1, began: 1, otherwise: "done" };
const SUPERSEDED: End = End { says: "superseded-by", began: 0, ..RUN };
const REPEAT: End = End { says: "repeat-of", began: 0, ..RUN };
const CANCELLED: End = End { began: 0, ..RUN };
const HELD: End = End { place: "held", says: "held", began: 0, ..RUN };
const RELEASED: End = End { says: "released", otherwise: "held", ..RUN };

/// What the loop decides by itself.
pub(crate) const BY_ITSELF: [Case; 4] = [
    Case {
        name: "two give way to a newer one",
        jobs: |yard| ["1", "2", "3"].map(|delivery| yard.deliver("newest", "main", delivery)).into(),
        order: None,
        ends: &[SUPERSEDED, SUPERSEDED, RUN],
    },
    Case {
        name: "the same delivery twice",
        jobs: |yard| ["1", "1"].map(|delivery| yard.deliver("each", "main", delivery)).into(),
        order: None,
        ends: &[RUN, REPEAT],
    },
    Case {
        name: "a delivery that is done comes again",
        jobs: |yard| {
            let deliver = || {
                let meta = JobMeta { provider: "bitbucket".to_owned(), ..crate::spool::append::meta("each", 0) };
                yard.append(&meta)
            };
            let first = deliver();
            assert!(yard.drain().status.success());
            vec![first, deliver()]
        },
        order: None,
        ends: &[End { began: 0, ..RUN }, REPEAT],
    },
    Case {
        name: "jobs arrive while their hook is on hold",
        jobs: |yard| {
            put_on_hold(yard);
            two(yard)
        },
        order: None,
        ends: &[End { otherwise: "held", ..HELD }; 2],
    },
];

/// What people order.
pub(crate) const BY_ORDER: [Case; 7] = [
    Case {
        name: "cancel a queued job",
        jobs: two,
        order: Some(|ids| Order::Cancel { ids: vec![ids[0]] }),
        ends: &[CANCELLED, RUN],
    },
    Case {
        name: "cancel a waiting job",
        jobs: |yard| {
            let id = yard.deliver("each", "main", "1");
            let settlement = Settlement::Waiting {
                not_before: jiff::Timestamp::now() + Duration::from_secs(2),
                reason: "a test says so".to_owned(),
            };
            claim_and_settle(yard, id, settlement);
            vec![id]
        },
        order: Some(|ids| Order::Cancel { ids: ids.to_vec() }),
        ends: &[CANCELLED],
    },
    Case {
        name: "retry a failed job",
        jobs: |yard| vec![failed(yard)],
        order: Some(|ids| Order::Retry { ids: ids.to_vec() }),
        ends: &[End { otherwise: "failed", ..RELEASED }],
    },
    Case {
        name: "release a held job",
        jobs: |yard| {
            let id = yard.deliver("each", "main", "1");
            let settlement = Settlement::Held { reason: "a test says so".to_owned() };
            owner(yard).decide(id, settlement, jiff::Timestamp::now()).unwrap();
            vec![id]
        },
        order: Some(|ids| Order::Release { ids: ids.to_vec() }),
        ends: &[RELEASED],
    },
    Case {
        name: "hold a hook with queued jobs",
        jobs: two,
        order: Some(|_| Order::Hold { hook: "each".to_owned(), why: "the server moves".to_owned() }),
        ends: &[HELD; 2],
    },
    Case {
        name: "release a hook with held jobs",
        jobs: |yard| {
            let ids = two(yard);
            put_on_hold(yard);
            assert!(yard.drain().status.success());
            ids
        },
        order: Some(|_| Order::ReleaseHook { hook: "each".to_owned() }),
        ends: &[End { at_most: 2, ..RELEASED }; 2],
    },
    Case {
        name: "remove jobs that have ended",
        jobs: |yard| {
            let failed = failed(yard);
            let done = yard.deliver("each", "main", "done");
            assert!(yard.drain().status.success());
            vec![failed, done]
        },
        order: Some(|ids| Order::Remove { ids: ids.to_vec(), failed: true }),
        ends: &[
            End { place: "", says: "", at_most: 0, began: 0, otherwise: "failed" },
            End { place: "", says: "", at_most: 0, began: 0, otherwise: "done" },
        ],
    },
];

fn two(yard: &Yard) -> Vec<JobId> {
    ["1", "2"].map(|delivery| yard.deliver("each", "main", delivery)).into()
}

fn owner(yard: &Yard) -> SpoolOwner {
    SpoolOwner::lock(&yard.path("spool")).unwrap()
}

fn put_on_hold(yard: &Yard) {
    let hold = Hold { why: "the server moves".to_owned(), since: jiff::Timestamp::now(), by: "a test".to_owned() };
    assert_eq!(owner(yard).hold("each", &hold).unwrap(), None);
}

fn claim_and_settle(yard: &Yard, id: JobId, settlement: Settlement) {
    use hookspool::spool::Claimed;
    let claimed = owner(yard).claim(id, jiff::Timestamp::now()).unwrap();
    let Claimed::Job(claim) = claimed else { panic!("{claimed:?}") };
    claim.settle(settlement, jiff::Timestamp::now()).unwrap();
}

fn failed(yard: &Yard) -> JobId {
    fs::remove_file(yard.path("site/repaired")).unwrap();
    let id = yard.deliver("each", "main", "1");
    assert_eq!(yard.drain().status.code(), Some(1));
    fs::write(yard.path("site/repaired"), "").unwrap();
    id
}

/// A case, ready for a runner. The order, if there is one, lies in `control/`.
pub(crate) struct Staged {
    case: Case,
    pub(crate) yard: Yard,
    pub(crate) ids: Vec<JobId>,
    errand: Option<PendingRequest>,
}

impl Case {
    /// The jobs, and nobody has ordered anything.
    pub(crate) fn jobs(self) -> Staged {
        let newest = format!("{STEP}\nwhen_newer = \"supersede\"");
        let each = format!("{STEP}\nwhen_newer = \"keep\"");
        let yard = Yard::in_memory("", &[("newest", &newest), ("each", &each)]);
        fs::write(yard.path("site/repaired"), "").unwrap();
        let ids = (self.jobs)(&yard);
        fs::write(yard.path("site/began"), "").unwrap();
        Staged { case: self, yard, ids, errand: None }
    }

    pub(crate) fn context(self) -> Staged {
        let mut staged = self.jobs();
        let place =
            |order| PendingRequest::place(&staged.yard.path("spool"), &Request { by: "a test".to_owned(), order });
        staged.errand = self.order.map(|order| place(order(&staged.ids)).unwrap());
        staged
    }
}

impl Staged {
    /// The paths of everything that is decided about, by names that are known before.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let spool = self.yard.path("spool");
        let names = ["control", "holds", "holds/each", "log", "journal"];
        let mut paths: Vec<PathBuf> = names.map(|name| spool.join(name)).into();
        let letters = crate::support::control::control(&self.yard);
        let letters = letters.iter().filter_map(|name| name.strip_suffix(".request"));
        let letters = letters.flat_map(|stem| ["request", "taken"].map(|end| format!("control/{stem}.{end}")));
        paths.extend(letters.map(|taken| spool.join(taken)));
        for place in State::ALL.map(|state| spool.join(state.as_str())) {
            let files = |id: &JobId| ["job", "events"].map(|kind| place.join(format!("{id}.{kind}")));
            paths.extend(self.ids.iter().flat_map(files));
            paths.push(place);
        }
        paths
    }

    /// The verb that gives the order.
    pub(crate) fn verb(&self) -> Command {
        let order = self.case.order.expect("no order")(&self.ids);
        let words = |verb: &str, ids: Vec<JobId>| {
            std::iter::once(verb.to_owned()).chain(ids.iter().map(JobId::to_string)).collect::<Vec<_>>()
        };
        let words = match order {
            Order::Cancel { ids } => words("cancel", ids),
            Order::Retry { ids } => words("retry", ids),
            Order::Again { ids } => [words("retry", ids), vec!["--again".to_owned()]].concat(),
            Order::Release { ids } => words("release", ids),
            Order::Hold { hook, why } => vec!["hold".to_owned(), hook, "-m".to_owned(), why],
            Order::ReleaseHook { hook } => vec!["release".to_owned(), hook],
            Order::Rollback { hook, to, .. } => {
                let to = to.into_iter().flat_map(|to| ["--to".to_owned(), to]);
                ["rollback".to_owned(), hook].into_iter().chain(to).collect()
            }
            Order::Remove { .. } => ["prune", "--failed", "--keep", "0"].map(str::to_owned).into(),
        };
        self.yard.hookspool(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// As if a runner had taken the order, and died.
    pub(crate) fn take_request(&self) {
        let request = crate::support::control::request(&self.yard);
        fs::rename(&request, request.with_extension("taken")).unwrap();
    }

    /// The names of the jobs' files of some kinds.
    pub(crate) fn names(&self, kinds: &[&str]) -> Vec<PathBuf> {
        let of = |id: &JobId| kinds.iter().map(|kind| format!("{id}.{kind}").into()).collect::<Vec<_>>();
        self.ids.iter().flat_map(of).collect()
    }

    /// The runner's answer, once.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.errand.as_ref()?.wait(Duration::ZERO).unwrap()
    }

    /// Every job is where it must be, and the order was carried out once.
    pub(crate) fn expect_decided(&self, at: &str) {
        self.expect_at_rest(at);
        for (&id, end) in self.ids.iter().zip(self.case.ends) {
            let history = self.yard.history(id);
            let said = history.iter().filter(|line| line["what"] == end.says).count();
            assert_eq!(self.places(id, "job"), [end.place][usize::from(end.place.is_empty())..], "{at}: {history:#?}");
            assert!((end.at_most.min(1)..=end.at_most).contains(&said), "{at}: `{}` in {history:#?}", end.says);
            assert_eq!(self.began(id), end.began, "{at}: {history:#?}");
        }
        let is_on_hold = self.yard.path("spool/holds/each").exists();
        assert_eq!(is_on_hold, self.case.ends[0].place == "held", "{at}");
    }

    /// Every job is where it must be, or, if the order was not carried out, where it is without.
    pub(crate) fn expect_accounted(&self, answer: Option<&Answer>, at: &str) {
        self.expect_at_rest(at);
        for (&id, end) in self.ids.iter().zip(self.case.ends) {
            let was_carried_out = answer.is_some_and(|answer| is_carried_out(answer) && is_about(answer, id));
            let (places, history) = (self.places(id, "job"), self.yard.history(id));
            let place = [end.place][usize::from(end.place.is_empty())..].to_vec();
            let is_elsewhere = !was_carried_out && places == [end.otherwise];
            assert!(places == place || is_elsewhere, "{at}: {places:?}: {history:#?}");
            let ran_by_then = answer.is_some_and(|answer| found_running(answer, id));
            let must_not_run = was_carried_out && end.began == 0 && !ran_by_then;
            assert!(!must_not_run || self.began(id) == 0, "{at}: it ran: {history:#?}");
        }
    }

    /// No job is in two places or beside itself, none is left halfway, and each has its history with it.
    fn expect_at_rest(&self, at: &str) {
        assert_eq!(self.yard.site("overlaps"), "", "{at}");
        for place in ["tmp", "queued", "running", "waiting", "corrupt"] {
            let names = crate::spool::append::names(&self.yard.path("spool").join(place));
            assert_eq!(names, [""; 0], "{at}: {place}");
        }
        let is_letter = |name: &String| matches!(name.rsplit_once('.'), Some((_, "request" | "taken")));
        let left: Vec<String> = crate::support::control::control(&self.yard).into_iter().filter(is_letter).collect();
        assert_eq!(left, [""; 0], "{at}: a letter that nobody takes");
        for &id in &self.ids {
            let (jobs, histories) = (self.places(id, "job"), self.places(id, "events"));
            assert!(jobs.len() <= 1 && histories.iter().all(|place| jobs == [*place]), "{at}: {jobs:?}, {histories:?}");
        }
    }

    fn places(&self, id: JobId, kind: &str) -> Vec<&'static str> {
        let spool = self.yard.path("spool");
        let is_in = |place: &&str| spool.join(place).join(format!("{id}.{kind}")).exists();
        State::ALL.map(State::as_str).into_iter().filter(is_in).collect()
    }

    fn began(&self, id: JobId) -> usize {
        self.yard.site("began").lines().filter(|line| *line == id.to_string()).count()
    }
}

/// Whether an answer names a job. That of a hold names none: what began before it was heard goes on.
fn is_about(answer: &Answer, id: JobId) -> bool {
    matches!(answer, Answer::Ok(effects) if effects.iter().any(|effect| effect.id == Some(id)))
}

/// Whether an answer says that a job had begun when the order was heard.
fn found_running(answer: &Answer, id: JobId) -> bool {
    let is_it = |effect: &Effect| effect.id == Some(id) && effect.state == Some(State::Running);
    matches!(answer, Answer::Ok(effects) if effects.iter().any(is_it))
}

/// Whether an answer says that everything was done, or was done already.
pub(crate) fn is_carried_out(answer: &Answer) -> bool {
    matches!(answer, Answer::Ok(effects) if effects.iter().all(|effect| effect.result != EffectResult::Refused))
}
