//! Edge. `status --watch`: the screen as it changes, until somebody ends it.

use super::gather::gather;
use super::live_screen::LiveScreen;
use super::screen;
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::model::State;
use crate::spool::Place;
use crate::system::stop::Stop;
use crate::system::wait::ready;
use crate::system::watch::Watch;
use jiff::Timestamp;
use std::io::{Read, stdin};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Between two looks, at most: ages change by the second.
const EVERY: Duration = Duration::from_secs(1);
/// Between two looks, at least, however much happens.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of keys that are read at a time.
const KEYS: usize = 64;

/// Shows it until `q`, Control-C or the end of the input.
pub(super) fn run(config: &Config) -> Result<ExitCode, Failure> {
    let stop = Stop::install().map_err(|error| Failure::cannot_watch(&error))?;
    let mut watch = watch(&config.spool);
    let cannot_draw = |error| Failure::io("cannot draw", &error);
    let mut screen = LiveScreen::open().map_err(cannot_draw)?;
    loop {
        let looked = Instant::now();
        let lines = screen::lines(&gather(config)?, Timestamp::now());
        screen.draw(&lines, "q ends this").map_err(cannot_draw)?;
        let input = stdin();
        // One that fails is no more than a hint that is missing.
        let _changed = watch.wait(&[stop.fd(), input.as_fd()], EVERY);
        let is_over = stop.requested() || is_ended_by_key(&input);
        if is_over {
            return Ok(ExitCode::SUCCESS);
        }
        let _ = ready(&[stop.fd()], looked + PAUSE);
    }
}

/// Something changes when a job comes to another place, a hook is held, or a first delivery comes.
fn watch(spool: &Path) -> Watch {
    let (watch, _looks_from_time_to_time) = Watch::directory(&spool.join(State::ALL[0].as_str()));
    let others = State::ALL.map(State::as_str).into_iter().chain([Place::Holds, Place::Seen].map(Place::as_str));
    for directory in others {
        let _looks_from_time_to_time = watch.add(&spool.join(directory));
    }
    watch
}

/// Reads the keys that were typed, if any.
fn is_ended_by_key(mut input: &std::io::Stdin) -> bool {
    let is_typed = ready(&[input.as_fd()], Instant::now()).is_ok_and(|ready| ready[0]);
    let mut keys = [0; KEYS];
    is_typed && input.read(&mut keys).map_or(true, |count| count == 0 || ends(&keys[..count]))
}

/// `q`, and Control-C and Control-D where the terminal makes no signal or end of them.
fn ends(keys: &[u8]) -> bool {
    keys.iter().any(|key| matches!(key, b'q' | b'Q' | 3 | 4))
}
