//! Edge. Runs the comparison and prints, or saves, its tables.

use clap::Parser;
use hookspool_bench::contender::Contender;
use hookspool_bench::load::Load;
use hookspool_bench::report::{Footprints, Rounds};
use hookspool_bench::room::Room;
use hookspool_bench::{append, machine, memory, nginx, process, profile, report, round};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Signed pushes through nginx to hookspool and to what people use instead, side by side.
#[derive(Parser)]
struct Arguments {
    /// Rounds of each contender
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Measured seconds of a round
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Seconds of load before each of them
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Connections at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Size of a delivery in bytes
    #[arg(long, default_value_t = 8192)]
    size: usize,
    /// Only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<Contender>,
    /// Skip the rates or the memory
    #[arg(long)]
    skip: Option<Part>,
    /// Profile this one instead of comparing
    #[arg(long)]
    profile: Option<Contender>,
    /// Where to work; must be on the disk under test
    #[arg(long)]
    dir: PathBuf,
    /// hookspool's executable
    #[arg(long)]
    hookspool: PathBuf,
    /// The peers' scripts
    #[arg(long)]
    peers: PathBuf,
    /// Put the tables into this file, before its heading `## Where the time goes`
    #[arg(long)]
    save: Option<PathBuf>,
    /// Work on a file system in memory too, to see what is left when a flush costs nothing
    #[arg(long)]
    in_memory: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Rates,
    Memory,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let beside = std::env::current_exe()?.with_file_name("crate-fastcgi");
    let room = Room::furnish(&arguments.dir, arguments.hookspool.clone(), beside, arguments.peers.clone())?;
    if append::in_memory(&room.dir)? && !arguments.in_memory {
        return Err(io::Error::other("the work directory is in memory: a flush would cost nothing"));
    }
    let nginx = nginx::start(&room)?;
    let text = match arguments.profile {
        Some(contender) => profile::run(contender, &room, arguments.load(), arguments.size)?,
        None => arguments.compare(&room, &nginx)?,
    };
    println!("{text}");
    drop(nginx);
    room.clear()
}

impl Arguments {
    fn load(&self) -> Load {
        Load {
            connections: self.connections,
            warm_up: Duration::from_secs_f64(self.warm_up),
            measure: Duration::from_secs_f64(self.seconds),
        }
    }

    fn contenders(&self) -> Vec<Contender> {
        Contender::ALL.into_iter().filter(|one| self.only.is_empty() || self.only.contains(one)).collect()
    }

    fn compare(&self, room: &Room, nginx: &process::Group) -> io::Result<String> {
        let description = machine::describe(room);
        let rounds = if self.skip == Some(Part::Rates) { Rounds::new() } else { self.rates(room, nginx)? };
        let footprints = if self.skip == Some(Part::Memory) { Footprints::new() } else { self.memory(room)? };
        let text = self.tables(&description, &rounds, &footprints);
        self.save.as_deref().map_or(Ok(()), |file| save(file, &text))?;
        Ok(text)
    }

    /// A B C … A B C …, so that a slow minute of the machine hits all of them.
    fn rates(&self, room: &Room, nginx: &process::Group) -> io::Result<Rounds> {
        let mut rounds = Rounds::new();
        for number in 1..=self.rounds {
            for contender in self.contenders() {
                let round = round::run(contender, room, nginx.pid(), self.load(), self.size)?;
                eprintln!("round {number} {:14} {:8.0}/s", contender.name(), round.rate);
                rounds.entry(contender).or_default().push(round);
            }
        }
        Ok(rounds)
    }

    fn memory(&self, room: &Room) -> io::Result<Footprints> {
        let mut footprints = Footprints::new();
        for contender in self.contenders() {
            if let Some(footprint) = memory::measure(contender, room)? {
                eprintln!("memory  {:14} {:6} MiB", contender.name(), footprint.peak.hwm_kib / 1024);
                footprints.insert(contender, footprint);
            }
        }
        Ok(footprints)
    }

    fn tables(&self, description: &str, rounds: &Rounds, footprints: &Footprints) -> String {
        let rates = if rounds.is_empty() { String::new() } else { self.rates_section(rounds) };
        let memory = if footprints.is_empty() { String::new() } else { memory_section(footprints) };
        format!(
            "# Benchmark\n\n`tests/bench/run --save` writes this page down to “Where the time goes”.\n\n\
             {description}{rates}{memory}"
        )
    }

    fn rates_section(&self, rounds: &Rounds) -> String {
        format!(
            "\n## Rates\n\n{} connections, kept alive, one delivery at a time on each; {} bytes a delivery; \
             {} rounds of {} s, interleaved, after {} s of warm-up; a\n\
             fresh process and an empty spool for each round, no runner beside it. Every reply was a 2xx, \
             and each 2xx of a contender that spools left a job on disk (counted).\n\
             A forged delivery was refused. Costs are per request, medians of the rounds.\n\n{}\n{}",
            self.connections,
            self.size,
            self.rounds,
            self.seconds,
            self.warm_up,
            report::rates(rounds),
            report::goals(rounds)
        )
    }
}

fn memory_section(footprints: &Footprints) -> String {
    format!(
        "\n## Memory\n\n{} deliveries of {} MiB at once, three times over, nginx passing them on unbuffered; \
         all processes of each contender, nginx excluded.\n\n{}",
        memory::PARALLEL,
        memory::SIZE_BYTES >> 20,
        report::memory(footprints)
    )
}

/// What people wrote below the tables stays.
fn save(file: &Path, tables: &str) -> io::Result<()> {
    let old = std::fs::read_to_string(file).unwrap_or_default();
    let kept = old.find("## Where the time goes").map_or("", |at| &old[at..]);
    std::fs::write(file, format!("{tables}\n{kept}"))
}
