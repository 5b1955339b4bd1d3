//! Edge. Which boot this is.

/// The kernel's random name of this boot: a process id means nothing in another. Empty where `/proc` is missing.
pub fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_has_one_name() {
        assert_eq!(boot_id(), boot_id());
        assert_eq!(boot_id().len(), 36);
    }
}
