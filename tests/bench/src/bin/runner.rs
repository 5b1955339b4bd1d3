//! Edge. The back half, side by side: jobs per second, reaction, and what a backlog costs.

use clap::Parser;
use hookspool_bench::backlog::{self, Cost};
use hookspool_bench::contender::Contender;
use hookspool_bench::queue::Queue;
use hookspool_bench::reaction::{self, Reaction};
use hookspool_bench::room::Room;
use hookspool_bench::stats::Spread;
use hookspool_bench::{append, machine};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// hookspool's runner and what people use instead, side by side.
#[derive(Parser)]
struct Arguments {
    /// Rounds of each queue; with 0 no queue is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Jobs of a round
    #[arg(long, default_value_t = 500)]
    jobs: u64,
    /// Deliveries whose reaction is timed; with 0 none is
    #[arg(long, default_value_t = 300)]
    samples: u64,
    /// Jobs that wait when a runner starts; each takes 4 KB of disk
    #[arg(long, value_delimiter = ',', default_value = "10,1000,1000000")]
    backlogs: Vec<u64>,
    /// Where to work; must be on the disk under test
    #[arg(long, required_unless_present = "stamp")]
    dir: Option<PathBuf>,
    /// hookspool's executable
    #[arg(long, required_unless_present = "stamp")]
    hookspool: Option<PathBuf>,
    /// The peers' scripts
    #[arg(long, required_unless_present = "stamp")]
    peers: Option<PathBuf>,
    /// Put the tables at the end of this file, from its heading `## The runner` on
    #[arg(long)]
    save: Option<PathBuf>,
    /// Note the time in this file, and do nothing else
    #[arg(long)]
    stamp: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.stamp {
        Some(file) => reaction::stamp(file),
        None => arguments.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn run(&self) -> io::Result<()> {
        let (Some(dir), Some(hookspool), Some(peers)) = (&self.dir, &self.hookspool, &self.peers) else {
            return Err(io::Error::other("a directory, an executable and scripts are needed"));
        };
        let beside = std::env::current_exe()?.with_file_name("crate-fastcgi");
        let room = Room::furnish(dir, hookspool.clone(), beside, peers.clone())?;
        if append::in_memory(&room.dir)? {
            return Err(io::Error::other("the work directory is in memory: a flush would cost nothing"));
        }
        let description = machine::describe(&room);
        let rates = self.rates(&room)?;
        let costs = self.costs(&room)?;
        let text = self.page(&description, &rates, &costs, &self.reactions(&room)?);
        println!("{text}");
        self.save.as_deref().map_or(Ok(()), |file| save(file, &text))?;
        room.clear()
    }

    /// A B C … A B C …, so that a slow minute of the machine hits all of them.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn rates(&self, room: &Room) -> io::Result<BTreeMap<Queue, Vec<f64>>> {
        let mut rates: BTreeMap<Queue, Vec<f64>> = BTreeMap::new();
        for number in 1..=self.rounds {
            for queue in Queue::ALL {
                let rate = self.jobs as f64 / queue.run(room, self.jobs)?.as_secs_f64();
                eprintln!("round {number} {:50} {rate:6.0}/s", queue.label());
                rates.entry(queue).or_default().push(rate);
            }
        }
        Ok(rates)
    }

    fn costs(&self, room: &Room) -> io::Result<Vec<Cost>> {
        self.backlogs.iter().map(|&waiting| backlog::measure(room, waiting)).collect()
    }

    fn reactions(&self, room: &Room) -> io::Result<Vec<Reaction>> {
        if self.samples == 0 {
            return Ok(Vec::new());
        }
        reaction::prepare(room)?;
        let contenders = [Contender::Fastcgi, Contender::Cgi, Contender::Webhook];
        contenders.into_iter().map(|contender| reaction::measure(contender, room, self.samples)).collect()
    }

    fn page(
        &self,
        description: &str,
        rates: &BTreeMap<Queue, Vec<f64>>,
        costs: &[Cost],
        reactions: &[Reaction],
    ) -> String {
        let rates = if rates.is_empty() { String::new() } else { self.rate_table(rates) };
        let reactions = if reactions.is_empty() { String::new() } else { reaction_table(reactions, self.samples) };
        format!(
            "## The runner\n\n`tests/bench/run runner --save` writes from this heading to the end.\n\n\
             {description}{rates}{}{reactions}",
            cost_table(costs)
        )
    }

    fn rate_table(&self, rates: &BTreeMap<Queue, Vec<f64>>) -> String {
        let mut text = format!(
            "\n{} jobs of `true`, one after the other; {} rounds, interleaved; \
             from the first submission to the last job's end.\n\n\
             | | jobs/s, median | lowest to highest | kept on disk |\n|---|---|---|---|\n",
            self.jobs, self.rounds
        );
        for (queue, rates) in rates {
            if let Some(Spread { median, low, high }) = Spread::of(rates.iter().copied()) {
                let _ =
                    writeln!(text, "| {} | {median:.0} | {low:.0} to {high:.0} | {} |", queue.label(), queue.keeps());
            }
        }
        text
    }
}

fn cost_table(costs: &[Cost]) -> String {
    let mut text = String::from(
        "\nA runner that is started on a backlog of small jobs, each `true`: until the first has ended, \
         and for each of the next 199.\n\n\
         | waiting | first job after, ms | each job, ms | processor time of each, ms | peak memory, MiB |\n\
         |---|---|---|---|---|\n",
    );
    for cost in costs {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.2} | {:.2} | {} |",
            cost.waiting,
            ms(cost.first),
            ms(cost.each),
            ms(cost.each_cpu),
            cost.hwm_kib / 1024
        );
    }
    text
}

fn reaction_table(reactions: &[Reaction], samples: u64) -> String {
    let mut text = format!(
        "\nFrom the first byte of a signed delivery of 8 KB through nginx to the first instruction of its step, \
         {samples} deliveries one after the other.\n\n| | p50 ms | p99 ms |\n|---|---|---|\n"
    );
    for Reaction { contender, p50_us, p99_us } in reactions {
        let (p50, p99) = (f64::from(*p50_us) / 1e3, f64::from(*p99_us) / 1e3);
        let _ = writeln!(text, "| {} | {p50:.1} | {p99:.1} |", contender.label());
    }
    text
}

/// What stands before the heading stays.
fn save(file: &Path, section: &str) -> io::Result<()> {
    let old = std::fs::read_to_string(file).unwrap_or_default();
    let kept = old.find("## The runner").map_or(old.as_str(), |at| &old[..at]);
    std::fs::write(file, format!("{}\n\n{section}", kept.trim_end()))
}
