//! Pure. Names of files in a message.

use std::path::PathBuf;

/// Most names in one message.
const NAMED: usize = 10;

/// The first of `paths`, and how many more there are.
pub(super) fn names(paths: &[PathBuf]) -> String {
    let named: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    match paths.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_some_and_counts_the_rest() {
        let paths: Vec<PathBuf> = (0..12).map(|n| PathBuf::from(n.to_string())).collect();
        assert_eq!(names(&paths[..2]), "`0`, `1`");
        assert!(names(&paths).ends_with("`9` and 2 more"));
    }
}
