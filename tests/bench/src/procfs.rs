//! Edge. Reads `/proc`: process trees, their memory and CPU time, forks, and flushes of a disk.

use rustix::process::Pid;
use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// `USER_HZ`: the unit of `/proc/<pid>/stat` on every Linux architecture that matters here.
const TICK: Duration = Duration::from_millis(10);

/// Memory of some processes, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Number of processes.
    pub processes: usize,
    /// Proportional set size: a page shared by n processes counts 1/n.
    pub pss_kib: u64,
    /// Sum of `VmHWM`, each process's largest resident set so far.
    pub hwm_kib: u64,
}

impl Memory {
    /// The larger of each figure.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            processes: self.processes.max(other.processes),
            pss_kib: self.pss_kib.max(other.pss_kib),
            hwm_kib: self.hwm_kib.max(other.hwm_kib),
        }
    }
}

/// `root` and everything below it.
pub fn tree(root: Pid) -> Vec<i32> {
    let parents = parents();
    let root = root.as_raw_nonzero().get();
    let below = |pid: i32| {
        let line = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
        line.take(64).any(|ancestor| ancestor == root)
    };
    parents.keys().copied().filter(|&pid| below(pid)).collect()
}

fn parents() -> HashMap<i32, i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat_fields(pid)?.get(1)?.parse().ok()?))).collect()
}

/// Fields of `/proc/<pid>/stat` after the command name: state, parent, …
fn stat_fields(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// CPU time of a tree, with the children that it has waited for.
pub fn cpu(root: Pid) -> Duration {
    let ticks = |pid| -> Option<u32> {
        let fields = stat_fields(pid)?;
        fields.get(11..15)?.iter().map(|field| field.parse::<u32>().ok()).sum()
    };
    tree(root).into_iter().filter_map(ticks).sum::<u32>() * TICK
}

/// CPU time that anything on this machine has used since boot: user, nice, system, interrupts.
pub fn machine_cpu() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u32> =
        text.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|f| f.parse().ok()).collect();
    [0, 1, 2, 5, 6].iter().filter_map(|&index: &usize| fields.get(index)).sum::<u32>() * TICK
}

/// Memory of a tree now.
pub fn memory(root: Pid) -> Memory {
    let mut sum = Memory::default();
    for pid in tree(root) {
        let Some(pss_kib) = kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:") else { continue };
        sum.processes += 1;
        sum.pss_kib += pss_kib;
        sum.hwm_kib += kib(&format!("/proc/{pid}/status"), "VmHWM:").unwrap_or(0);
    }
    sum
}

fn kib(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().trim_end_matches(" kB").parse().ok()
}

/// Processes and threads started since boot.
pub fn forks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("processes ")?.parse().ok()).unwrap_or(0)
}

/// Flushes that a disk has completed since boot; `None` where the kernel does not count them.
pub fn flushes((major, minor): (u32, u32)) -> Option<u64> {
    // A partition's flushes are counted at its disk, the directory above it.
    let node = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    let disk = if node.join("partition").exists() { node.parent()?.to_owned() } else { node };
    fs::read_to_string(disk.join("stat")).ok()?.split_whitespace().nth(15)?.parse().ok()
}

/// Load average of the last minute, `/proc/loadavg`.
pub fn load_average() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_own_tree_and_uses_memory() {
        let this = rustix::process::getpid();
        assert!(tree(this).contains(&this.as_raw_nonzero().get()));
        let memory = memory(this);
        assert!(memory.processes >= 1 && memory.pss_kib > 100 && memory.hwm_kib >= memory.pss_kib, "{memory:?}");
    }
}
