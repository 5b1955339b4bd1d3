//! Pure. The tables of a run, in Markdown.

use crate::contender::Contender;
use crate::memory::Footprint;
use crate::round::Round;
use crate::stats::Spread;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rounds of each contender, in order; round n of one ran beside round n of the others.
pub type Rounds = BTreeMap<Contender, Vec<Round>>;
/// Memory of each contender that has a process.
pub type Footprints = BTreeMap<Contender, Footprint>;

/// A ratio of two rates that is to be reached.
struct Goal {
    text: &'static str,
    over: Contender,
    under: Contender,
    least: f64,
}

const GOALS: [Goal; 4] = [
    Goal { text: "FastCGI ÷ bare append", over: Contender::Fastcgi, under: Contender::Append, least: 0.7 },
    Goal { text: "FastCGI ÷ adnanh/webhook", over: Contender::Fastcgi, under: Contender::Webhook, least: 1.5 },
    Goal { text: "FastCGI ÷ uWSGI + Python", over: Contender::Fastcgi, under: Contender::Uwsgi, least: 1.5 },
    Goal { text: "CGI ÷ Python CGI", over: Contender::Cgi, under: Contender::PythonCgi, least: 8.0 },
];
/// Most memory for all processes of hookspool together.
const MEMORY_KIB: u64 = 16 * 1024;

/// Rates, latencies and costs.
pub fn rates(rounds: &Rounds) -> String {
    let mut text = String::from(
        "| | 2xx/s, median | lowest to highest | p50 ms | p99 ms | CPU µs: \
         machine | receiver | nginx | sender | flushes | processes, threads started | s of work after the last reply \
         |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (contender, rounds) in rounds {
        let median = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(value)).map_or(0.0, |s| s.median);
        let Some(rate) = Spread::of(rounds.iter().map(|round| round.rate)) else { continue };
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} to {:.0} | {:.2} | {:.2} | {} | {} | {} | {} | {:.2} | {:.2} | {:.1} |",
            contender.label(),
            rate.median,
            rate.low,
            rate.high,
            median(|round| f64::from(round.p50_us) / 1000.0),
            median(|round| f64::from(round.p99_us) / 1000.0),
            microseconds(median(|round| round.machine_us)),
            microseconds(median(|round| round.receiver_us)),
            microseconds(median(|round| round.nginx_us)),
            microseconds(median(|round| round.sender_us)),
            median(|round| round.flushes.unwrap_or(f64::NAN)),
            median(|round| round.forks),
            median(|round| round.afterwards_s),
        );
    }
    text
}

fn microseconds(value: f64) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.0}") }
}

/// Each goal with what was reached: the median of the rounds' own ratios, and their range. The last column is what
/// the disk would allow: bare append ÷ the same divisor.
pub fn goals(rounds: &Rounds) -> String {
    let mut text = String::from(
        "| ratio | to reach | reached, median of rounds | lowest to highest | met | bare append ÷ the same |\n\
         |---|---|---|---|---|---|\n",
    );
    for goal in GOALS {
        let Some(ratio) = ratio(rounds, goal.over, goal.under) else { continue };
        let limit = ratio_text(rounds, Contender::Append, goal.under);
        let met = if ratio.median >= goal.least { "yes" } else { "**no**" };
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} to {:.2} | {met} | {limit} |",
            goal.text, goal.least, ratio.median, ratio.low, ratio.high
        );
    }
    let transport = ratio_text(rounds, Contender::Fastcgi, Contender::CrateFastcgi);
    let _ = writeln!(text, "| FastCGI ÷ crate `fastcgi` | – | {transport} | | | |");
    text
}

fn ratio(rounds: &Rounds, over: Contender, under: Contender) -> Option<Spread> {
    let pairs = rounds.get(&over)?.iter().zip(rounds.get(&under)?);
    Spread::of(pairs.map(|(over, under)| over.rate / under.rate))
}

fn ratio_text(rounds: &Rounds, over: Contender, under: Contender) -> String {
    ratio(rounds, over, under).map_or_else(|| "–".to_owned(), |ratio| format!("{:.2}", ratio.median))
}

/// Memory of each.
pub fn memory(footprints: &Footprints) -> String {
    let mut text = String::from(
        "| | processes | at rest, MiB | peak, sum of `VmHWM`, MiB | peak, sum of Pss, MiB | under 16 MiB |\n\
         |---|---|---|---|---|---|\n",
    );
    for (contender, Footprint { rest, peak }) in footprints {
        // Of several processes the sum of `VmHWM` counts what they share once for each.
        let used_kib = if peak.processes == 1 { peak.hwm_kib } else { peak.pss_kib };
        let met = if used_kib < MEMORY_KIB { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {met} |",
            contender.label(),
            peak.processes,
            mib(rest.hwm_kib),
            mib(peak.hwm_kib),
            mib(peak.pss_kib)
        );
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^52 KiB")]
fn mib(kib: u64) -> String {
    format!("{:.1}", kib as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rate: f64) -> Round {
        Round {
            rate,
            p50_us: 0,
            p99_us: 0,
            machine_us: 0.0,
            receiver_us: 0.0,
            nginx_us: 0.0,
            sender_us: 0.0,
            flushes: None,
            forks: 0.0,
            afterwards_s: 0.0,
        }
    }

    #[test]
    fn a_ratio_compares_rounds_that_ran_beside_each_other() {
        let rounds = Rounds::from([
            (Contender::Append, vec![round(1000.0), round(100.0), round(500.0)]),
            (Contender::Fastcgi, vec![round(800.0), round(50.0), round(350.0)]),
        ]);
        let text = goals(&rounds);
        assert!(text.contains("| FastCGI ÷ bare append | 0.7 | 0.70 | 0.50 to 0.80 | yes | 1.00 |"), "{text}");
        assert!(!text.contains("webhook"), "{text}");
    }
}
