//! Edge. A runner without processes, on a disk without a platter: scans, decides, claims and settles as the loop does.

use super::SpoolEvent;
use super::reference::Reference;
use crate::config::{Hook, OnInterrupt, WhenNewer, testing};
use crate::model::{EventKind, JobId, JobMeta, Outcome, RefName, State};
use crate::runner::attempt_end::AttemptEnd;
use crate::runner::backlog::{Backlog, Choice, Item};
use crate::runner::outcome_cache::OutcomeCache;
use crate::runner::steps::JobResult;
use crate::runner::verdict::judge;
use crate::spool::fake::{FakeDisk, Survives};
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Inbox, Place, Settlement, SpoolError, SpoolOwner};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;

/// Queues side by side.
const WORKERS: usize = 2;
/// Hooks: `a` and `b` share a queue.
pub(super) const HOOKS: usize = 4;
/// More turns than any story needs.
const TURNS: usize = 2000;

pub(super) struct Machine {
    disk: FakeDisk,
    runner: Option<Runner>,
    is_journaled: bool,
    hooks: [Hook; HOOKS],
    now: Timestamp,
    deliveries: Vec<JobMeta>,
    reference: Reference,
    /// The part that survives when the disk dies, which it is about to.
    dying: Option<Survives>,
    /// A delivery was neither accepted nor refused.
    in_flight: Vec<JobMeta>,
}

/// The part that dies with the process.
struct Runner {
    owner: SpoolOwner<FakeDisk>,
    backlog: Backlog,
    running: BTreeMap<JobId, Claim<FakeDisk>>,
    outcomes: OutcomeCache,
}

impl Runner {
    fn new(disk: &FakeDisk, is_journaled: bool) -> Result<Self, SpoolError> {
        let owner = SpoolOwner::on(disk.clone())?;
        if is_journaled {
            owner.begin_journal().expect("room for a journal");
        }
        Ok(Self { owner, backlog: Backlog::default(), running: BTreeMap::new(), outcomes: OutcomeCache::default() })
    }
}

fn hooks() -> [Hook; HOOKS] {
    let hook = |name: &str, queue: &str, when_newer, on_interrupt| {
        let mut hook = testing::hook(name);
        (hook.plan.queue, hook.plan.when_newer, hook.plan.on_interrupt) = (queue.to_owned(), when_newer, on_interrupt);
        hook
    };
    [
        hook("a", "q", WhenNewer::Supersede, OnInterrupt::Retry),
        hook("b", "q", WhenNewer::Keep, OnInterrupt::Hold),
        hook("c", "c", WhenNewer::Replace, OnInterrupt::Hold),
        hook("d", "d", WhenNewer::Parallel, OnInterrupt::Retry),
    ]
}

fn nth<T: Copy>(of: &[T], n: usize) -> Option<T> {
    of.get(n.checked_rem(of.len())?).copied()
}

impl Machine {
    pub(super) fn start(is_journaled: bool) -> Self {
        let disk = FakeDisk::with_spool();
        Self {
            runner: Some(Runner::new(&disk, is_journaled).unwrap()),
            is_journaled,
            disk,
            hooks: hooks(),
            now: Timestamp::from_second(1_000_000).unwrap(),
            deliveries: Vec::new(),
            reference: Reference::default(),
            dying: None,
            in_flight: Vec::new(),
        }
    }

    pub(super) fn happen(&mut self, event: SpoolEvent) {
        match event {
            SpoolEvent::Crash(survives) => return self.reboot(survives),
            SpoolEvent::CrashAt(call, survives) => {
                self.disk.die_at(call);
                self.dying = Some(survives);
                return;
            }
            SpoolEvent::Clock(seconds) => return self.now += SignedDuration::from_secs(seconds),
            _ => {}
        }
        match (self.act(event), self.dying) {
            (Ok(()), None) => self.reference.matches(&self.places()),
            (Ok(()), Some(_)) => {}
            (Err(_), Some(survives)) => self.reboot(survives),
            (Err(error), None) => panic!("{event:?}: {error}"),
        }
    }

    /// Everything that is left is done, well.
    pub(super) fn wind_up(&mut self) {
        self.reboot(self.dying.unwrap_or(Survives::Everything));
        for _ in 0..TURNS {
            self.happen(SpoolEvent::Turn);
            if self.reference.of(&[State::Running, State::Queued, State::Waiting]).is_empty() {
                return self.reference.is_over();
            }
            self.happen(SpoolEvent::Finish(0, Outcome::Succeeded, false));
            self.happen(SpoolEvent::Clock(3600));
        }
        panic!("it goes on for ever: {:?}", self.places());
    }

    fn act(&mut self, event: SpoolEvent) -> Result<(), SpoolError> {
        let (here, idle) = ([State::Queued, State::Waiting], [State::Waiting, State::Held, State::Failed]);
        match event {
            SpoolEvent::Deliver(hook, branch) => self.deliver(hook, branch),
            SpoolEvent::Redeliver(n) => {
                let earlier = (!self.deliveries.is_empty()).then(|| self.deliveries[n % self.deliveries.len()].clone());
                earlier.map_or(Ok(()), |meta| self.append(&meta))
            }
            SpoolEvent::Turn => self.turn(),
            SpoolEvent::Finish(n, outcome, transient) => self.finish(n, outcome, transient),
            SpoolEvent::Cancel(n) => {
                let outcome = Outcome::Cancelled;
                let told = Settlement::Ended { outcome, reason: None };
                let all = self.reference.of(&[State::Queued, State::Waiting, State::Running, State::Held]);
                nth(&all, n).map_or(Ok(()), |id| self.order(id, told, State::Done))
            }
            SpoolEvent::Hold(n) => {
                let told = Settlement::Held { reason: "a person said so".to_owned() };
                nth(&self.reference.of(&here), n).map_or(Ok(()), |id| self.order(id, told, State::Held))
            }
            SpoolEvent::Release(n) => nth(&self.reference.of(&idle), n)
                .map_or(Ok(()), |id| self.order(id, Settlement::Released, State::Queued)),
            SpoolEvent::Checkpoint => self.runner().owner.checkpoint(),
            SpoolEvent::Clock(_) | SpoolEvent::Crash(_) | SpoolEvent::CrashAt(..) => Ok(()),
        }
    }

    fn deliver(&mut self, hook: usize, branch: usize) -> Result<(), SpoolError> {
        let provider = if hook == 1 { "bitbucket" } else { "github" };
        let meta = JobMeta {
            reference: RefName::branch_named(["main", "dev"][branch]),
            delivery: Some(self.deliveries.len().to_string()),
            ..JobMeta::new(&self.hooks[hook].name, provider, EventKind::Push, self.now)
        };
        self.deliveries.push(meta.clone());
        self.append(&meta)
    }

    fn append(&mut self, meta: &JobMeta) -> Result<(), SpoolError> {
        self.in_flight.push(meta.clone());
        let inbox = Inbox::on(self.disk.clone())?;
        let mut draft = inbox.draft()?;
        draft.write(b"{}")?;
        let id = draft.commit(meta)?;
        self.in_flight.clear();
        self.accept(id, meta);
        Ok(())
    }

    fn accept(&mut self, id: JobId, meta: &JobMeta) {
        let plan = &self.hook(&meta.hook).plan;
        let queue = Item::queue(id, &plan.queue, plan.when_newer);
        let holds = plan.on_interrupt == OnInterrupt::Hold;
        self.reference.accept(id, &queue, holds);
    }

    fn hook(&self, name: &str) -> &Hook {
        self.hooks.iter().find(|hook| hook.name == name).expect("a hook")
    }

    fn runner(&mut self) -> &mut Runner {
        self.runner.as_mut().expect("a runner")
    }

    fn refill(&mut self) -> Result<(), SpoolError> {
        let now = self.now;
        let queued = self.runner().owner.scan(now)?.jobs.into_iter().map(|id| (id, State::Queued, None));
        let waiting = self
            .runner()
            .owner
            .waiting()?
            .into_iter()
            .map(|(id, wait)| (id, State::Waiting, Some(now + wait.left(now))));
        for (id, state, not_before) in queued.chain(waiting).collect::<Vec<_>>() {
            if self.runner().backlog.contains(id) {
                continue;
            }
            let Some(meta) = self.runner().owner.peek(id, state)? else { continue };
            let plan = &self.hook(&meta.hook).plan;
            let item = Item::of(id, meta, &plan.queue.clone(), plan.when_newer);
            self.runner().backlog.insert(id, Item { not_before, ..item });
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), SpoolError> {
        self.refill()?;
        loop {
            let now = self.now;
            let may_begin = self.runner().running.len() < WORKERS;
            match self.runner().backlog.next(now, may_begin) {
                Choice::Run(id) => self.begin(id)?,
                Choice::Supersede(id, newer) => {
                    self.drop_for(id, newer, Settlement::SupersededBy { id: newer }, false)?;
                }
                Choice::Repeat(id, first) => self.drop_for(id, first, Settlement::RepeatOf { id: first }, false)?,
                Choice::Replace(id, newer) => self.replace(id, newer)?,
                Choice::WaitUntil(_) | Choice::Wait | Choice::Nothing => return Ok(()),
            }
        }
    }

    fn begin(&mut self, id: JobId) -> Result<(), SpoolError> {
        let runner = self.runner();
        let item = runner.backlog.waiting(id).expect("a waiting job").clone();
        if item.sends_again && item.not_before.is_none() {
            let was_released =
                runner.owner.look(id, State::Queued).is_some_and(|(_, history)| !history.entries().is_empty());
            if let Some(first) = runner.outcomes.done(&runner.owner, &item)?.filter(|_| !was_released) {
                return self.drop_for(id, first, Settlement::RepeatOf { id: first }, true);
            }
        }
        runner.backlog.start(id);
        self.reference.goes(id, State::Running);
        let now = self.now;
        let Claimed::Job(mut claim) = self.runner().owner.claim(id, now)? else { panic!("{id} cannot be claimed") };
        claim.record(&Entry::new(now, HistoryEvent::Started { attempt: claim.attempt() }))?;
        self.reference.starts(id);
        self.reference.is_in(id, State::Running);
        self.runner().running.insert(id, *claim);
        Ok(())
    }

    fn drop_for(&mut self, id: JobId, other: JobId, how: Settlement, may_have_ended: bool) -> Result<(), SpoolError> {
        self.reference.is_dropped(id, other, may_have_ended);
        self.reference.goes(id, State::Done);
        let now = self.now;
        let runner = self.runner();
        let item = runner.backlog.remove(id);
        runner.owner.decide(id, how, now)?;
        let end = AttemptEnd::Over { outcome: Outcome::Superseded, commit: None };
        if let Some(item) = item {
            runner.outcomes.note(id, &item, &end);
        }
        self.reference.is_in(id, State::Done);
        Ok(())
    }

    fn replace(&mut self, id: JobId, newer: JobId) -> Result<(), SpoolError> {
        self.reference.is_dropped(id, newer, false);
        self.settle(id, Settlement::SupersededBy { id: newer }, State::Done, Outcome::Superseded)
    }

    fn finish(&mut self, n: usize, outcome: Outcome, transient: bool) -> Result<(), SpoolError> {
        let running: Vec<JobId> = self.runner().running.keys().copied().collect();
        nth(&running, n).map_or(Ok(()), |id| self.conclude(id, outcome, transient))
    }

    fn conclude(&mut self, id: JobId, outcome: Outcome, transient: bool) -> Result<(), SpoolError> {
        let claim = &self.runner().running[&id];
        let (attempts, hook) = (claim.history().attempts_since_release(), claim.meta().hook.clone());
        let result = JobResult { outcome, reason: "a reason".to_owned(), transient, commit: None };
        let settlement = judge(&self.hook(&hook).plan, &result, attempts, self.now, 0.5);
        let state = match settlement {
            Settlement::Waiting { .. } => State::Waiting,
            Settlement::Held { .. } => State::Held,
            _ if outcome.is_failure() => State::Failed,
            _ => State::Done,
        };
        self.settle(id, settlement, state, outcome)
    }

    fn settle(&mut self, id: JobId, how: Settlement, to: State, outcome: Outcome) -> Result<(), SpoolError> {
        let now = self.now;
        self.reference.goes(id, to);
        let not_before = if let Settlement::Waiting { not_before, .. } = &how { Some(*not_before) } else { None };
        let runner = self.runner();
        let claim = runner.running.remove(&id).expect("a running job");
        let item = runner.backlog.end(id);
        assert_eq!(claim.settle(how, now)?, to);
        if let Some(item) = item {
            runner.outcomes.note(id, &item, &AttemptEnd::Over { outcome, commit: None });
            if not_before.is_some() {
                runner.backlog.insert(id, Item { not_before, ..item });
            }
        }
        self.reference.is_in(id, to);
        Ok(())
    }

    /// Carries out what a person wants to become of a job.
    fn order(&mut self, id: JobId, how: Settlement, to: State) -> Result<(), SpoolError> {
        if how == Settlement::Released {
            self.reference.is_released(id);
        } else {
            self.reference.person_decides(id);
        }
        if self.reference.state(id) == State::Running {
            return self.settle(id, how, to, Outcome::Cancelled);
        }
        self.reference.goes(id, to);
        let now = self.now;
        self.runner().backlog.remove(id);
        self.runner().owner.decide(id, how, now)?;
        self.reference.is_in(id, to);
        Ok(())
    }

    /// The machine dies, and what is left is put right by another runner.
    fn reboot(&mut self, survives: Survives) {
        let runner = self.runner.take().expect("a runner");
        let had_started: BTreeSet<JobId> = runner.running.keys().copied().collect();
        drop(runner);
        self.reference.crashes(&had_started);
        self.dying = None;
        self.disk = self.disk.after(survives);
        self.runner = Some(Runner::new(&self.disk, self.is_journaled).unwrap());
        let now = self.now;
        let recovered = self.runner().owner.recover(now).unwrap();
        assert!(recovered.problems.is_empty(), "{:?}", recovered.problems);
        for claim in recovered.interrupted {
            self.account_for(claim);
        }
        let places = self.places();
        for meta in std::mem::take(&mut self.in_flight) {
            for id in places.keys() {
                self.accept_unless_known(*id, &meta);
            }
        }
        self.reference.recover(&places);
        self.reference.matches(&places);
    }

    /// A delivery that was not acknowledged may be there all the same.
    fn accept_unless_known(&mut self, id: JobId, meta: &JobMeta) {
        let here = |runner: &Runner| runner.owner.look(id, State::Queued).is_some_and(|(found, _)| found == *meta);
        if self.runner.as_ref().is_some_and(here) {
            self.accept(id, meta);
        }
    }

    fn account_for(&mut self, claim: Claim<FakeDisk>) {
        let (now, plan) = (self.now, &self.hook(&claim.meta().hook).plan);
        let reason = "the runner died".to_owned();
        let settlement = if claim.history().started_since_claim() {
            let attempts = claim.history().attempts_since_release();
            let result = JobResult { outcome: Outcome::Interrupted, reason, transient: true, commit: None };
            judge(plan, &result, attempts, now, 0.5)
        } else {
            Settlement::Waiting { not_before: now, reason }
        };
        claim.settle(settlement, now).unwrap();
    }

    fn places(&self) -> BTreeMap<JobId, Vec<State>> {
        let mut places: BTreeMap<JobId, Vec<State>> = BTreeMap::new();
        self.disk.each_name(&mut |place, name| {
            if let (Place::In(state), Some(id)) = (place, JobId::from_job_file_name(name.as_bytes())) {
                places.entry(id).or_default().push(state);
            }
        });
        places
    }
}
