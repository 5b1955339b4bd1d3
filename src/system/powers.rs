//! Edge. Root's powers: those that a thread, and all that it starts, keeps.
//!
//! A fence of Landlock stops root from opening files, and not from loading a module of the kernel or setting the clock.

use rustix::io::Errno;
use rustix::process::geteuid;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities,
};
use std::io;

/// Powers over files, and over who a process is: an unpacked archive keeps its owners.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID);

/// Gives up all powers but those over files, for the calling thread and what it starts from now on.
pub(super) fn reduce() -> io::Result<()> {
    clear_ambient_capability_set().or_else(unless_unknown)?;
    if geteuid().is_root() {
        for power in CapabilitySet::all().difference(KEPT).iter() {
            // Who may not reduce the bound was started within a smaller one.
            remove_capability_from_bounding_set(power).or_else(unless_unknown)?;
        }
    }
    let CapabilitySets { effective, permitted, .. } = capabilities(None)?;
    let [effective, permitted] = [effective, permitted].map(|set| set.intersection(KEPT));
    Ok(set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })?)
}

fn unless_unknown(errno: Errno) -> Result<(), Errno> {
    if matches!(errno, Errno::INVAL | Errno::PERM) { Ok(()) } else { Err(errno) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_gave_its_powers_up_has_none_but_those_over_files() {
        let left = std::thread::spawn(|| {
            reduce().unwrap();
            capabilities(None).unwrap()
        });
        let left = left.join().unwrap();
        assert!(KEPT.contains(left.permitted) && KEPT.contains(left.effective), "{left:?}");
        assert_eq!(left.inheritable, CapabilitySet::empty());
    }
}
