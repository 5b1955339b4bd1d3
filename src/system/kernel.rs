//! Edge. The version of the kernel.

use rustix::system::uname;

/// `true` if the kernel is this version or a later one. One that does not say so in the usual way is taken for old.
pub fn is_at_least(wanted: (u32, u32)) -> bool {
    uname().release().to_str().ok().and_then(version).is_some_and(|version| version >= wanted)
}

/// The first two numbers of `6.1.0-13-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_two_numbers_and_any_kernel_is_newer_than_the_first() {
        let rows = [("6.1.0-13-amd64", Some((6, 1))), ("5.10+", Some((5, 10))), ("4.18.0-553.el8", Some((4, 18)))];
        for (release, expected) in rows {
            assert_eq!(version(release), expected);
        }
        assert_eq!((version("new"), version("6")), (None, None));
        assert!(is_at_least((1, 0)) && !is_at_least((999, 0)));
    }
}
