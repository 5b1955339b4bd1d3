//! Edge. A busy day: 500 jobs of six hooks, with failures, retries, holds, running and waiting ones, and deliveries that
//! were refused. The past is made through the spool's own interface, with the times that it would have had.

use super::world::World;
use hookspool::model::{EventKind, JobId, JobMeta, Outcome, RefName, State};
use hookspool::spool::{
    self, Claim, Claimed, DeliveryResult, Entry, Filter, HistoryEvent, Hold, Inbox, SeenDelivery, SeenRings,
    Settlement, SpoolOwner, create,
};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Jobs of the past.
const ENDED: i64 = 491;
/// Length of the day in seconds.
const DAY_S: i64 = 16 * 3600;
/// The last job that ended, in seconds before now.
const LAST_S: i64 = 95;

/// Since when a hook is on hold, in seconds before now.
const HOLD_S: i64 = 5400;

/// Of as many digits as a right one.
const FALSE_SIGNATURE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A hook: its name, its repository, and its steps with their usual length in milliseconds.
struct Line {
    hook: &'static str,
    repository: &'static str,
    steps: &'static [(&'static str, u64)],
}

const LINES: [Line; 6] = [
    Line {
        hook: "docs",
        repository: "acme/docs",
        steps: &[("git update", 2_100), ("pnpm install --frozen-lockfile", 11_400), ("pnpm docs:build", 63_000)],
    },
    Line {
        hook: "shop",
        repository: "acme/shop",
        steps: &[("git update", 3_300), ("composer install --no-dev", 21_000), ("make assets", 84_000)],
    },
    Line { hook: "api", repository: "acme/api", steps: &[("git update", 1_900), ("go build ./...", 48_000)] },
    Line { hook: "blog", repository: "mei/blog", steps: &[("git update", 900), ("hugo --minify", 2_700)] },
    Line { hook: "wiki", repository: "acme/wiki", steps: &[("git update", 1_200), ("mkdocs build", 9_800)] },
    Line {
        hook: "infra",
        repository: "acme/infra",
        steps: &[("git update", 1_100), ("ansible-playbook site.yml", 212_000)],
    },
];

const PEOPLE: [&str; 5] = ["mei", "jonas", "amara", "li.wei", "sofia"];

/// The spool of that day. Its runner is this process.
pub(crate) struct BusyDay {
    world: World,
    /// Directory of the page.
    pub(crate) www: PathBuf,
    owner: SpoolOwner,
    now: Timestamp,
    made: u32,
}

impl Deref for BusyDay {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl BusyDay {
    /// Makes it in a directory of its own, with `settings` of `[page]`; the page goes to `www` there.
    pub(crate) fn new(settings: &str) -> Self {
        let world = World::in_memory();
        let www = world.path("www");
        Self::of(world, &www, settings)
    }

    /// The same, with the page at `www`.
    pub(crate) fn with_page_at(www: &Path, settings: &str) -> Self {
        Self::of(World::in_memory(), www, settings)
    }

    /// The same in `dir`, where it stays.
    pub(crate) fn kept_in(dir: &Path, settings: &str) -> Self {
        Self::of(World::kept_in(dir), &dir.join("www"), settings)
    }

    fn of(world: World, www: &Path, settings: &str) -> Self {
        let settings = format!("dir = \"{}\"\n{settings}", www.display());
        world.write("secret", "a secret that is long enough");
        world.configure(&format!("[runner]\nworkers = 4\n[page]\n{settings}\n{}", hooks()));
        create(&world.spool()).unwrap();
        let owner = SpoolOwner::lock(&world.spool()).unwrap();
        let now = Timestamp::now();
        let began = std::time::SystemTime::from(now - SignedDuration::from_hours(31));
        fs::File::options().write(true).open(world.spool().join("lock")).unwrap().set_modified(began).unwrap();
        let mut day = Self { world, www: www.to_owned(), owner, now, made: 0 };
        day.past();
        // A disk takes its time for so many jobs.
        day.now = Timestamp::now();
        day.present();
        day.refused();
        day
    }

    /// Writes the page by the verb.
    pub(crate) fn write_page(&self) {
        let output = self.hookspool(&["page"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// A file of the page.
    pub(crate) fn page(&self, name: &str) -> String {
        fs::read_to_string(self.www.join(name)).unwrap()
    }

    /// The newest job in a state.
    pub(crate) fn newest(&self, state: State) -> JobId {
        let ids = spool::ids(&self.spool(), &Filter { states: vec![state], ..Filter::default() }).unwrap();
        ids.last().unwrap().0
    }

    fn before(&self, seconds: i64) -> Timestamp {
        self.now - SignedDuration::from_secs(seconds)
    }

    /// Jobs that ended, evenly over the day; those of `shop` on `main` fail from some hour on.
    fn past(&mut self) {
        for number in 0..ENDED {
            let ago = LAST_S + (ENDED - 1 - number) * (DAY_S - LAST_S) / (ENDED - 1);
            let line = &LINES[usize::try_from(number * 7 % 13 % 6).unwrap()];
            let line = if line.hook == "wiki" && ago < HOLD_S { &LINES[3] } else { line };
            let branch = if number % 9 == 4 { "feature/search" } else { "main" };
            let claim = self.claimed(line, branch, ago + 100);
            let is_broken = line.hook == "shop" && branch == "main" && ago < 3 * 3600 + 1200;
            let fails_sometimes = branch == "main" && line.hook != "shop" && number % 41 == 7 && ago > 4 * 3600;
            match number {
                _ if is_broken || fails_sometimes => self.fail(claim, line, ago),
                _ if number % 23 == 5 => self.supersede(claim, ago),
                _ if number % 97 == 50 => self.cancel(claim, ago),
                _ => self.succeed(claim, line, ago),
            }
        }
    }

    /// What is under way: two that run, three that are queued, two that wait, two that are held.
    fn present(&mut self) {
        let running = [(&LINES[0], "main", 70, 2), (&LINES[5], "main", 131, 1)];
        for (line, branch, ago, steps) in running {
            let claim = self.claimed(line, branch, ago + 2);
            self.run(claim, line, ago, steps);
        }
        for (line, ago) in [(&LINES[2], 40), (&LINES[0], 21), (&LINES[3], 6)] {
            self.append(line, "main", ago);
        }
        for (line, ago, reason) in [
            (&LINES[4], 160, "step 1 (git update) exited with 128: the remote hung up; the network may be at fault"),
            (&LINES[2], 200, "step 2 (go build ./...) exited with 75"),
        ] {
            let claim = self.claimed(line, "release/2.1", ago);
            let claim = self.started(claim, line, ago, 1);
            let not_before = self.now + SignedDuration::from_secs(295);
            claim.settle(Settlement::Waiting { not_before, reason: reason.to_owned() }, self.before(ago - 5)).unwrap();
        }
        let hold =
            Hold { why: "moving to the new host".to_owned(), since: self.before(HOLD_S), by: "amara".to_owned() };
        self.owner.hold("wiki", &hold).unwrap();
        for ago in [3000, 900] {
            let claim = self.claimed(&LINES[4], "main", ago);
            claim.settle(Settlement::Held { reason: hold.reason("wiki") }, self.before(ago - 1)).unwrap();
        }
    }

    /// Deliveries that nobody signed, through the real receiver, after those that were signed.
    fn refused(&self) {
        let traces = SeenRings::of(self.spool());
        for (number, line) in (1..).zip(&LINES) {
            let (at, job) =
                (self.before(number * 47), JobId::new(1, u32::try_from(number).unwrap().wrapping_mul(0x9e37_79b1)));
            let queued = SeenDelivery { job, jobs: 1, ..SeenDelivery::new(at, DeliveryResult::Queued, Some(202)) };
            traces.note(Some(line.hook), queued);
        }
        drop(traces);
        for hook in ["blog", "blog", "no-such-hook"] {
            let headers = [
                ("Content-Type", "application/json"),
                ("X-Gitea-Event", "push"),
                ("X-Gitea-Signature", FALSE_SIGNATURE),
            ];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let reply = self.cgi(hook, &headers, 0).stdin(std::process::Stdio::null()).output().unwrap();
            let text = String::from_utf8_lossy(&reply.stdout).into_owned();
            assert!(text.starts_with("Status: 40"), "{text}");
        }
    }

    fn append(&mut self, line: &Line, branch: &str, ago_s: i64) -> JobId {
        self.made += 1;
        let person = PEOPLE[usize::try_from(self.made).unwrap() * 3 % PEOPLE.len()];
        let commit = |seed: u32| format!("{:08x}", seed.wrapping_mul(0x9e37_79b1)).repeat(5);
        let meta = JobMeta {
            reference: RefName::branch_named(branch),
            before: Some(commit(self.made)),
            after: Some(commit(self.made + 1)),
            repository: Some(line.repository.to_owned()),
            pusher: Some(person.to_owned()),
            delivery: Some(format!("{:08x}-0000-4000-8000-000000000000", self.made)),
            ..JobMeta::new(line.hook, "gitea", EventKind::Push, self.before(ago_s))
        };
        let mut draft = Inbox::open(&self.spool()).unwrap().draft().unwrap();
        draft.write(b"{}").unwrap();
        draft.commit(&meta).unwrap()
    }

    fn claimed(&mut self, line: &Line, branch: &str, ago_s: i64) -> Claim {
        let id = self.append(line, branch, ago_s);
        match self.owner.claim(id, self.before(ago_s)).unwrap() {
            Claimed::Job(claim) => *claim,
            other => panic!("{other:?}"),
        }
    }

    /// The attempt has begun, and so many of its steps have ended well.
    fn started(&self, mut claim: Claim, line: &Line, ago_s: i64, steps: usize) -> Claim {
        let began = self.before(ago_s);
        claim.record(&Entry::new(began, HistoryEvent::Started { attempt: 1 })).unwrap();
        let mut at = began;
        for (index, (title, ms)) in (1..).zip(&line.steps[..steps]) {
            at += SignedDuration::from_millis(i64::try_from(*ms).unwrap());
            claim.record(&step(at, index, title, Some(0), *ms)).unwrap();
        }
        claim
    }

    fn length_s(line: &Line) -> i64 {
        i64::try_from(line.steps.iter().map(|(_, ms)| ms).sum::<u64>() / 1000).unwrap()
    }

    fn succeed(&self, claim: Claim, line: &Line, ago_s: i64) {
        let claim = self.started(claim, line, ago_s + Self::length_s(line), line.steps.len());
        claim.settle(Settlement::Ended { outcome: Outcome::Succeeded, reason: None }, self.before(ago_s)).unwrap();
    }

    fn fail(&self, claim: Claim, line: &Line, ago_s: i64) {
        let steps = line.steps.len();
        let (title, ms) = line.steps[steps - 1];
        let began = ago_s + Self::length_s(line);
        self.log(
            claim.id(),
            line,
            began,
            steps,
            Some("err \\x1b[1;31mError:\\x1b[0m Cannot find module './theme.mjs'"),
        );
        let mut claim = self.started(claim, line, began, steps - 1);
        let index = u32::try_from(steps).unwrap();
        claim.record(&step(self.before(ago_s), index, title, Some(1), ms)).unwrap();
        let reason = Some(format!("step {index} ({title}) exited with 1"));
        claim.settle(Settlement::Ended { outcome: Outcome::Failed, reason }, self.before(ago_s)).unwrap();
    }

    fn supersede(&self, claim: Claim, ago_s: i64) {
        let newer = JobId::new(claim.id().sequence() + 1, 0x0bad_cafe).unwrap();
        claim.settle(Settlement::SupersededBy { id: newer }, self.before(ago_s)).unwrap();
    }

    fn cancel(&self, claim: Claim, ago_s: i64) {
        let reason = Some("cancelled by jonas".to_owned());
        claim.settle(Settlement::Ended { outcome: Outcome::Cancelled, reason }, self.before(ago_s)).unwrap();
    }

    /// It goes on for as long as this process has the spool.
    fn run(&self, claim: Claim, line: &Line, ago_s: i64, steps: usize) {
        self.log(claim.id(), line, ago_s, steps + 1, None);
        drop(self.started(claim, line, ago_s, steps));
    }

    /// What it has printed, with the begin of its last step, and `last` line.
    fn log(&self, id: JobId, line: &Line, began_s: i64, steps: usize, last: Option<&str>) {
        let mut at = self.before(began_s);
        let mut text = String::new();
        let stamp = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        writeln!(text, "{} job {id} of hook {}, attempt 1", stamp(at), line.hook).unwrap();
        for (index, (title, ms)) in (1..).zip(&line.steps[..steps]) {
            let of = line.steps.len();
            writeln!(text, "{} job step {index} of {of}: {title}", stamp(at)).unwrap();
            writeln!(text, "{} out \\x1b[32m✓\\x1b[0m {title}: <ready>", stamp(at)).unwrap();
            at += SignedDuration::from_millis(i64::try_from(*ms).unwrap());
            if index < steps {
                writeln!(text, "{} job step {index} of {of}: ok ({ms} ms)", stamp(at)).unwrap();
            }
        }
        text.extend(last.map(|last| format!("{} {last}\n", stamp(at))));
        fs::write(self.spool().join(format!("log/{id}.log")), text).unwrap();
    }
}

fn step(at: Timestamp, index: u32, title: &str, status: Option<i32>, ms: u64) -> Entry {
    let result = status.map_or("ok".to_owned(), |status| format!("exited with {status}"));
    let title = title.to_owned();
    let what = HistoryEvent::Step {
        index,
        title,
        status,
        signal: None,
        timed_out: false,
        list: String::new(),
        result,
        confined: None,
        ms,
    };
    Entry::new(at, what)
}

fn hooks() -> String {
    let hook = |line: &Line| {
        let steps: Vec<String> = line.steps.iter().map(|(title, _)| format!("{{ shell = \"{title}\" }}")).collect();
        format!(
            "[[hook]]\nname = \"{}\"\nprovider = \"gitea\"\nsecret = {{ file = \"ROOT/secret\" }}\nqueue = \"{}\"\n\
             dir = \"ROOT/site/{}\"\nbranches = [\"**\"]\nsteps = [{}]\n",
            line.hook,
            line.hook,
            line.hook,
            steps.join(", ")
        )
    };
    LINES.iter().map(hook).collect()
}
