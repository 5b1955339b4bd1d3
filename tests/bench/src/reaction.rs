//! Edge. From the first byte of a delivery to the first step: through nginx, with the runner waiting.

use crate::contender::Contender;
use crate::delivery::{HOOK, Request};
use crate::load;
use crate::nginx;
use crate::process::{Group, wait_until};
use crate::queue::runner;
use crate::room::Room;
use crate::stats::percentile;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Median and 99th percentile of one contender.
#[derive(Debug, Clone, Copy)]
pub struct Reaction {
    /// Whose.
    pub contender: Contender,
    /// Median.
    pub p50_us: u32,
    /// 99th percentile.
    pub p99_us: u32,
}

/// Sends `samples` deliveries, one after the other, each when the one before has been dealt with.
pub fn measure(contender: Contender, room: &Room, samples: u64) -> io::Result<Reaction> {
    let stamps = room.dir.join("stamps");
    fs::write(&stamps, "")?;
    room.fresh_spool()?;
    let nginx = nginx::start(room)?;
    let server = contender.start(room)?;
    let drain = matches!(contender, Contender::Fastcgi | Contender::Cgi)
        .then(|| Group::start(runner(room), &room.log("runner")))
        .transpose()?;
    let uri = contender.uri().ok_or_else(|| io::Error::other("it takes no deliveries"))?;
    let mut request = Request::signed(uri, 8192, 0);
    let accepted =
        |request: &Request| load::send_one(room.buffered, request).is_ok_and(|status| (200..300).contains(&status));
    wait_until(contender.name(), || accepted(&request))?;
    wait_until("the first step", || last(&stamps, 1).is_some())?;
    let mut latencies_us = Vec::new();
    for number in 1..=samples {
        request.stamp(number);
        let sent = now_ns();
        if !accepted(&request) {
            return Err(io::Error::other(format!("{} refused delivery {number}", contender.name())));
        }
        let lines = usize::try_from(number).unwrap_or(usize::MAX) + 1;
        let started = loop {
            if let Some(at) = last(&stamps, lines) {
                break at;
            }
            sleep(Duration::from_micros(200));
        };
        latencies_us.push(u32::try_from(started.saturating_sub(sent) / 1000).unwrap_or(u32::MAX));
    }
    drop((drain, server, nginx));
    let (p50_us, p99_us) = (percentile(&mut latencies_us, 50), percentile(&mut latencies_us, 99));
    Ok(Reaction { contender, p50_us, p99_us })
}

/// The step: notes the time.
pub fn stamp(file: &std::path::Path) -> io::Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().append(true).open(file)?;
    file.write_all(format!("{}\n", now_ns()).as_bytes())
}

/// Makes both contenders' job the stamp.
pub fn prepare(room: &Room) -> io::Result<()> {
    let bench = std::env::current_exe()?;
    let (bench, stamps) = (bench.display().to_string(), room.dir.join("stamps").display().to_string());
    let config = fs::read_to_string(room.config())?;
    let step = format!("{{ run = [\"{bench}\", \"--stamp\", \"{stamps}\"] }}");
    fs::write(room.config(), config.replace("{ run = [\"true\"] }", &step))?;
    let hooks = fs::read_to_string(room.dir.join("hooks.json"))?;
    let arguments = format!(
        "\"execute-command\": \"{bench}\",\n    \"pass-arguments-to-command\": [\n      {{ \"source\": \"string\", \
         \"name\": \"--stamp\" }},\n      {{ \"source\": \"string\", \"name\": \"{stamps}\" }}\n    ],"
    );
    let hooks = hooks.replace("\"execute-command\": \"true\",", &arguments);
    debug_assert!(hooks.contains(HOOK));
    fs::write(room.dir.join("hooks.json"), hooks)
}

/// The last stamp, if there are so many.
fn last(stamps: &std::path::Path, lines: usize) -> Option<u64> {
    let text = fs::read_to_string(stamps).ok()?;
    let whole = text.rsplit_once('\n')?.0;
    (whole.lines().count() >= lines).then(|| whole.lines().last()?.parse().ok()).flatten()
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
