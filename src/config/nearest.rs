//! Pure. The word that was probably meant.

/// The nearest of `words` to `typed`, unless all are too far off to be a slip.
pub fn nearest<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase().replace('-', "_");
    let limit = (typed.chars().count() / 3).clamp(1, 3);
    let distance_to = |word: &'w str| (distance(&typed, &word.replace('-', "_")), word);
    words
        .into_iter()
        .map(distance_to)
        .filter(|(far, _)| *far <= limit)
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substitute = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = substitute.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before_last[j - 2] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = ["branches", "tags", "paths", "path", "on_failure"];
        for (typed, meant) in [
            ("brancehs", Some("branches")),
            ("branch", Some("branches")),
            ("Tags", Some("tags")),
            ("tag", Some("tags")),
            ("on-failure", Some("on_failure")),
            ("pahts", Some("paths")),
            ("environment", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed:?}");
        }
    }

    #[test]
    fn swapped_neighbours_are_one_slip() {
        assert_eq!(distance("brancehs", "branches"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
