//! The protocol of the runner's journal as a small model, every state of which is visited: receivers append, a runner
//! claims, begins, ends, makes checkpoints and removes, a person moves a job by hand, and at any moment the runner is
//! killed or the power goes. What was not flushed may be there or not, each part for itself.

use std::collections::{HashSet, VecDeque};

const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
const DONE: u8 = 4;
const HELD: u8 = 8;
const GONE: u8 = 16;
/// Records that fit into a half; two marks fit behind them.
const ROOM: usize = 2;
const SLOTS: usize = ROOM + 2;
const JOBS: usize = 2;

/// A mistake put in on purpose: a flush, or a wait, that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    BeginUnflushed,
    EndUnflushed,
    CheckpointUnflushed,
    MarkUnflushed,
    CheckpointAmidMoves,
    LockUnflushed,
    RecoveryUnflushed,
    RecoveryMarkUnflushed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Record {
    generation: u8,
    index: usize,
    since: u8,
    before: usize,
    boot: u8,
    /// The job, and how many lines its history has by it. None in a mark.
    says: Option<(usize, u8)>,
}

/// The part of an attempt that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Rest,
    Claimed,
    BeginNoted,
    BeginWritten,
    Runs,
    EndNoted,
    EndWritten,
    EndRecorded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a model, each true or not beside any other")]
struct Job {
    is_accepted: bool,
    /// The places where it is seen, and those where a power cut may leave a name.
    seen: u8,
    names: u8,
    /// Lines of its history: 1 it began, 2 it ended, 3 it is held; and those that are durable.
    lines: u8,
    kept: u8,
    step: Step,
    runs: u8,
    /// Its end was acted upon.
    is_over: bool,
    is_removed: bool,
    /// A person moved it back.
    is_wished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    /// The runner, and its checkpoint: none, turned, flushed, marked.
    Up(u8),
    Stopped,
    Down,
    Repaired,
    Flushed,
    Marked,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    jobs: [Job; JOBS],
    /// The slots of both halves as they are seen, and as they are on the disk.
    seen: [[Option<Record>; SLOTS]; 2],
    disk: [[Option<Record>; SLOTS]; 2],
    phase: Phase,
    generation: u8,
    index: usize,
    since: u8,
    before: usize,
    additions: usize,
    /// Jobs that may yet arrive, and crashes that may yet come.
    arrivals: usize,
    crashes: u8,
    /// Power cuts so far.
    boot: u8,
    is_damaged: bool,
}

fn start(arrivals: usize, crashes: u8) -> World {
    let job = Job {
        is_accepted: false,
        seen: 0,
        names: 0,
        lines: 0,
        kept: 0,
        step: Step::Rest,
        runs: 0,
        is_over: false,
        is_removed: false,
        is_wished: false,
    };
    let (jobs, none) = ([job; JOBS], [[None; SLOTS]; 2]);
    let phase = Phase::Up(0);
    let (generation, index, since, before) = (1, 0, 1, 0);
    let (additions, boot) = (0, 0);
    World {
        jobs,
        seen: none,
        disk: none,
        phase,
        generation,
        index,
        since,
        before,
        additions,
        arrivals,
        crashes,
        boot,
        is_damaged: false,
    }
}

/// The parts of `names` that may be left: at least one.
fn subsets(names: u8) -> impl Iterator<Item = u8> {
    (1..=names).filter(move |some| some & !names == 0)
}

impl World {
    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    fn write(&mut self, says: Option<(usize, u8)>) {
        let Self { generation, index, since, before, boot, .. } = *self;
        self.seen[usize::from(generation % 2)][index] = Some(Record { generation, index, since, before, boot, says });
        self.index += 1;
        self.additions += usize::from(says.is_some());
    }

    fn flush_journal(&mut self, is_left_out: bool) {
        if !is_left_out {
            self.disk = self.seen;
        }
    }

    fn flush_all(&mut self, is_left_out: bool) {
        if !is_left_out {
            self.jobs.iter_mut().for_each(|job| (job.names, job.kept) = (job.seen.max(job.names & GONE), job.lines));
        }
    }

    fn is_writing(&self) -> bool {
        let is_writing = |job: &Job| matches!(job.step, Step::BeginWritten | Step::EndWritten);
        self.phase == Phase::Up(3) || self.jobs.iter().any(is_writing)
    }

    fn is_moving(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job.step, Step::EndWritten | Step::EndRecorded))
    }

    fn is_empty(&self) -> bool {
        self.additions == 0 && self.since == self.generation
    }

    fn next(&self, bug: Bug) -> Vec<Self> {
        let mut next = Vec::new();
        for n in 0..JOBS {
            next.extend(self.of_job(n, bug));
        }
        next.extend(self.of_journal(bug));
        if self.crashes > 0 && ![Phase::Down, Phase::Stopped].contains(&self.phase) {
            next.push(self.with(World::crash));
        }
        if self.crashes > 0 {
            next.extend(self.power_cuts());
        }
        next
    }

    fn crash(&mut self) {
        (self.phase, self.crashes) = (Phase::Down, self.crashes - 1);
        self.jobs.iter_mut().for_each(|job| job.step = Step::Rest);
    }

    /// Receiver, worker, removal, person.
    fn of_job(&self, n: usize, bug: Bug) -> Option<Self> {
        let job = self.jobs[n];
        if !job.is_accepted {
            let accepted = Job { is_accepted: true, seen: QUEUED, names: QUEUED, ..job };
            let accept = |w: &mut Self| (w.jobs[n], w.arrivals) = (accepted, w.arrivals - 1);
            return (n + self.arrivals == JOBS).then(|| self.with(accept));
        }
        let to = |step| self.with(|w| w.jobs[n].step = step);
        let may_write = !self.is_writing() && self.index < ROOM;
        match (self.phase, job.step) {
            (Phase::Up(_), Step::Rest) if job.seen == QUEUED && !job.is_wished => {
                Some(to(Step::Claimed).moved(n, RUNNING))
            }
            (Phase::Up(_), Step::Claimed) => Some(to(Step::BeginNoted).with(|w| w.jobs[n].lines = 1)),
            (Phase::Up(_), Step::BeginNoted) if may_write => {
                Some(to(Step::BeginWritten).with(|w| w.write(Some((n, 1)))))
            }
            (Phase::Up(_), Step::BeginWritten) => Some(to(Step::Runs).with(|w| {
                w.flush_journal(bug == Bug::BeginUnflushed);
                w.jobs[n].runs += 1;
            })),
            (Phase::Up(_), Step::Runs) => Some(to(Step::EndNoted).with(|w| w.jobs[n].lines = 2)),
            (Phase::Up(_), Step::EndNoted) if may_write => Some(to(Step::EndWritten).with(|w| w.write(Some((n, 2))))),
            (Phase::Up(_), Step::EndWritten) => Some(to(Step::EndRecorded).with(|w| {
                w.flush_journal(bug == Bug::EndUnflushed);
                w.jobs[n].is_over = true;
            })),
            (Phase::Up(_), Step::EndRecorded) => Some(to(Step::Rest).moved(n, DONE)),
            (Phase::Up(0), Step::Rest) if job.seen == DONE && self.is_empty() => {
                let names = job.names | GONE;
                let removed = Job { seen: 0, names, lines: 0, kept: 0, is_removed: true, is_over: false, ..job };
                Some(self.with(|w| w.jobs[n] = removed))
            }
            (Phase::Stopped, Step::Rest) if job.seen == DONE => {
                let wished = Job { seen: QUEUED, names: QUEUED, is_wished: true, is_over: false, ..job };
                Some(self.with(|w| w.jobs[n] = wished))
            }
            _ => None,
        }
    }

    fn moved(self, n: usize, to: u8) -> Self {
        self.with(|w| (w.jobs[n].seen, w.jobs[n].names) = (to, w.jobs[n].names | to))
    }

    /// Checkpoints, the end of the runner, the next one.
    fn of_journal(&self, bug: Bug) -> Option<Self> {
        let to = |phase| self.with(|w| w.phase = phase);
        let may_turn = !self.is_moving() || bug == Bug::CheckpointAmidMoves;
        match self.phase {
            Phase::Up(0) if !self.is_empty() && may_turn && !self.is_writing() => Some(to(Phase::Up(1)).with(|w| {
                (w.generation, w.before, w.index, w.additions) = (w.generation + 1, w.index, 0, 0);
            })),
            Phase::Up(1) => Some(to(Phase::Up(2)).with(|w| w.flush_all(bug == Bug::CheckpointUnflushed))),
            Phase::Up(2) if !self.is_writing() => Some(to(Phase::Up(3)).with(|w| {
                w.since = w.generation;
                w.write(None);
            })),
            Phase::Up(3) => Some(to(Phase::Up(0)).with(|w| w.flush_journal(bug == Bug::MarkUnflushed))),
            Phase::Up(0) if self.jobs.iter().all(|job| job.step == Step::Rest) => Some(to(Phase::Stopped)),
            Phase::Down => Some(self.follow(bug)),
            Phase::Repaired => Some(to(Phase::Flushed).with(|w| w.flush_all(bug == Bug::RecoveryUnflushed))),
            Phase::Flushed => Some(to(Phase::Marked).with(|w| {
                w.since = w.generation + 1;
                w.write(None);
            })),
            Phase::Marked => Some(to(Phase::Up(0)).with(|w| {
                w.flush_journal(bug == Bug::RecoveryMarkUnflushed);
                w.begin_anew();
            })),
            _ => None,
        }
    }

    /// Whoever takes the lock makes histories whole, and brings jobs to where they say.
    fn follow(&self, bug: Bug) -> Self {
        let all = || self.seen.iter().flatten().flatten();
        let since = all().map(|record| record.since).max().unwrap_or(1);
        let generation = all().map(|record| record.generation).max().unwrap_or(0);
        let live: Vec<&Record> = all().filter(|record| record.generation >= since).collect();
        let mut is_damaged = false;
        for record in &live {
            let has = |index| live.iter().any(|other| (other.generation, other.index) == (record.generation, index));
            is_damaged |= !(0..record.index).all(has);
        }
        let last = all().filter(|record| record.generation == generation).map(|record| record.index + 1).max();
        let mut next = self.with(|w| {
            (w.phase, w.generation, w.index) = (Phase::Repaired, generation, last.unwrap_or(0));
            (w.since, w.before, w.is_damaged) = (since, 0, is_damaged);
        });
        for (n, job) in next.jobs.iter_mut().enumerate().filter(|(_, job)| job.seen != 0) {
            let recorded =
                live.iter().filter_map(|record| record.says).filter(|(of, _)| *of == n).map(|(_, l)| l).max();
            let is_of_job = |record: &&&Record| record.says.is_some_and(|(of, _)| of == n);
            let stayed_up = live.iter().filter(is_of_job).all(|record| record.boot == self.boot);
            let was_whole = recorded.is_none_or(|lines| lines <= job.lines);
            job.lines = job.lines.max(recorded.unwrap_or(0));
            let named = [QUEUED, RUNNING, DONE, HELD][usize::from(job.lines)];
            let stays = recorded.is_none() || (stayed_up && was_whole);
            let is_explained = job.seen & (named | RUNNING) != 0 || job.lines == 1;
            let target = if stays && !is_explained { job.seen } else { named };
            (job.seen, job.names) = (target, job.names | target);
        }
        if live.is_empty() {
            // Whether the mark that says so is durable, nobody knows.
            next.flush_journal(bug == Bug::LockUnflushed);
            next.phase = Phase::Up(0);
            next.begin_anew();
        }
        next
    }

    /// Interrupted jobs are held, each with flushes of its own.
    fn begin_anew(&mut self) {
        (self.generation, self.before, self.index, self.additions) = (self.generation + 1, self.index, 0, 0);
        self.since = self.generation;
        for job in self.jobs.iter_mut().filter(|job| job.seen == RUNNING) {
            (job.seen, job.names, job.lines, job.kept) = (HELD, HELD, 3, 3);
        }
    }

    fn power_cuts(&self) -> Vec<Self> {
        let mut cuts = vec![self.with(|w| {
            w.crash();
            w.boot += 1;
        })];
        for n in 0..JOBS {
            let job = Job { step: Step::Rest, ..self.jobs[n] };
            let names = if job.is_accepted { job.names } else { 0 };
            let left: Vec<u8> = if names == 0 { vec![0] } else { subsets(names).collect() };
            cuts = cuts
                .iter()
                .flat_map(|w| left.iter().map(move |names| (w, *names)))
                .flat_map(|(w, names)| {
                    (job.kept.min(job.lines)..=job.lines).map(move |lines| {
                        w.with(|w| {
                            let seen = names & !GONE;
                            w.jobs[n] = Job { seen, names: seen, lines, kept: lines, ..job };
                        })
                    })
                })
                .collect();
        }
        for (half, slot) in (0..2).flat_map(|half| (0..SLOTS).map(move |slot| (half, slot))) {
            let (seen, disk) = (self.seen[half][slot], self.disk[half][slot]);
            let left = if seen == disk { vec![seen] } else { vec![seen, disk, None] };
            cuts = cuts.iter().flat_map(|w| left.iter().map(|found| w.with(|w| w.seen[half][slot] = *found))).collect();
        }
        for world in &mut cuts {
            world.disk = world.seen;
        }
        cuts
    }

    /// Where nobody is running, nobody is in doubt either.
    fn broken(&self) -> Option<&'static str> {
        if self.is_damaged {
            return Some("its journal looks damaged");
        }
        let is_up = matches!(self.phase, Phase::Up(_));
        for job in self.jobs.iter().filter(|job| job.is_accepted) {
            let is_at_rest = is_up && job.step == Step::Rest;
            if job.runs > 1 {
                return Some("it ran twice by itself");
            } else if is_at_rest && job.seen.count_ones() != u32::from(!job.is_removed || job.seen != 0) {
                return Some("it is in two places, or in none");
            } else if is_at_rest && job.is_over && job.seen != DONE {
                return Some("its end was undone");
            } else if is_at_rest && job.is_wished && job.seen != QUEUED {
                return Some("what a person moved did not stay");
            } else if is_at_rest && job.runs > 0 && !job.is_wished && job.seen == QUEUED {
                return Some("it will run twice");
            }
        }
        None
    }
}

/// Visits every state; how many there are, or what is broken in the first that breaks a promise.
fn explore(start: World, bug: Bug) -> Result<usize, &'static str> {
    let (mut known, mut ahead) = (HashSet::from([start.clone()]), VecDeque::from([start]));
    while let Some(world) = ahead.pop_front() {
        if let Some(broken) = world.broken() {
            return Err(broken);
        }
        for next in world.next(bug) {
            if known.insert(next.clone()) {
                ahead.push_back(next);
            }
        }
    }
    Ok(known.len())
}

#[test]
fn no_state_of_the_journals_protocol_loses_a_job_or_runs_it_twice() {
    // `HOOKSPOOL_MODEL_CRASHES=2` visits some 600,000 states.
    let crashes = std::env::var("HOOKSPOOL_MODEL_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for (arrivals, crashes) in [(1, 3), (2, crashes)] {
        let states = explore(start(arrivals, crashes), Bug::None).unwrap();
        assert!(states > 1000, "{states} states");
    }
}

#[test]
fn each_flush_and_each_wait_that_the_protocol_leaves_out_breaks_a_promise() {
    use Bug as B;
    let bugs = [
        [B::BeginUnflushed, B::EndUnflushed, B::CheckpointUnflushed, B::MarkUnflushed],
        [B::CheckpointAmidMoves, B::LockUnflushed, B::RecoveryUnflushed, B::RecoveryMarkUnflushed],
    ];
    let unnoticed: Vec<Bug> = bugs
        .into_iter()
        .flatten()
        .filter(|bug| [(1, 3), (2, 1)].into_iter().all(|(jobs, crashes)| explore(start(jobs, crashes), *bug).is_ok()))
        .collect();
    assert_eq!(unnoticed, []);
}
