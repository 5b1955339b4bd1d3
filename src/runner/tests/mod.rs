//! Edge. The spool, the backlog and the verdicts, driven by random stories on a disk that forgets, beside a small
//! reference of what people may rely on.
//!
//! `HOOKSPOOL_STORIES` in the environment says how many stories (10,000), and `HOOKSPOOL_SEED` which; `tests/campaign
//! stories` tells them for hours.

mod machine;
mod reference;

use crate::model::Outcome;
use crate::spool::fake::Survives;
use machine::Machine;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum SpoolEvent {
    /// A delivery for a hook and a branch.
    Deliver(usize, usize),
    /// An earlier delivery once more.
    Redeliver(usize),
    /// The loop looks, decides, and begins what it may.
    Turn,
    /// A running job's steps end so.
    Finish(usize, Outcome, bool),
    /// A person cancels a job that has not ended.
    Cancel(usize),
    /// A person puts a waiting job on hold.
    Hold(usize),
    /// A person releases a job that is held or has failed.
    Release(usize),
    /// The clock moves by so many seconds, in either direction.
    Clock(i64),
    /// All has been quiet for a while.
    Checkpoint,
    /// The machine dies, and another runner is started.
    Crash(Survives),
    /// The machine will die at this call of the disk.
    CrashAt(usize, Survives),
}

fn survives() -> impl Strategy<Value = Survives> {
    prop_oneof![Just(Survives::Nothing), Just(Survives::Everything), any::<u64>().prop_map(Survives::Some)]
}

fn event() -> impl Strategy<Value = SpoolEvent> {
    let outcomes = prop_oneof![Just(Outcome::Succeeded), Just(Outcome::Failed), Just(Outcome::TimedOut)];
    prop_oneof![
        5 => (0..machine::HOOKS, 0..2_usize).prop_map(|(hook, branch)| SpoolEvent::Deliver(hook, branch)),
        2 => any::<usize>().prop_map(SpoolEvent::Redeliver),
        6 => Just(SpoolEvent::Turn),
        5 => (any::<usize>(), outcomes, any::<bool>())
            .prop_map(|(n, how, transient)| SpoolEvent::Finish(n, how, transient)),
        1 => any::<usize>().prop_map(SpoolEvent::Cancel),
        1 => any::<usize>().prop_map(SpoolEvent::Hold),
        2 => any::<usize>().prop_map(SpoolEvent::Release),
        1 => (-3600..3600_i64).prop_map(SpoolEvent::Clock),
        1 => Just(SpoolEvent::Checkpoint),
        1 => survives().prop_map(SpoolEvent::Crash),
        1 => (1..40_usize, survives()).prop_map(|(call, survives)| SpoolEvent::CrashAt(call, survives)),
    ]
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn tell(part: u32, of: u32) {
    let stories = number("HOOKSPOOL_STORIES").map_or(10_000, |count| u32::try_from(count).unwrap_or(u32::MAX));
    let cases = stories.div_ceil(of);
    let rng_seed =
        number("HOOKSPOOL_SEED").map_or(RngSeed::Random, |seed| RngSeed::Fixed(seed << 1 | u64::from(part % 2)));
    let rng_algorithm = RngAlgorithm::XorShift;
    let config = Config { cases, failure_persistence: None, rng_algorithm, rng_seed, ..Config::default() };
    let mut runner = TestRunner::new(config);
    // One runner in four finds no room for a journal.
    let story = (prop::bool::weighted(0.75), prop::collection::vec(event(), 1..20));
    let told = runner.run(&story, |(is_journaled, story)| {
        let mut machine = Machine::start(is_journaled);
        for event in story {
            machine.happen(event);
        }
        machine.wind_up();
        Ok(())
    });
    told.unwrap_or_else(|failure| panic!("part {part}: {failure}"));
}

#[test]
fn whatever_happens_each_job_ends_once_and_in_one_place() {
    tell(1, 2);
}

/// The other half, beside the first.
#[test]
fn whatever_happened_before_each_job_ends_once_and_in_one_place() {
    tell(2, 2);
}
