//! Pure. Scripts of `shell` steps that go on after a command that failed.

/// Words with which a command decides itself what follows from a failure.
const CONTROL: [&str; 6] = ["if", "for", "while", "until", "case", "trap"];

/// `true` if a command of `script` can fail and the step succeed all the same: one of several, without `set -e`. A
/// script that branches is its author's own business.
pub fn hides_failures(script: &str) -> bool {
    let commands = commands(script);
    let first = |command: &str| command.split_whitespace().next().unwrap_or_default().to_owned();
    let ends_early = commands.first().is_some_and(|command| sets_e(command));
    let branches = commands.iter().any(|command| CONTROL.contains(&first(command).as_str()));
    commands.len() > 1 && !ends_early && !branches
}

/// `set -e`, `set -eu`, `set -o errexit`.
fn sets_e(command: &str) -> bool {
    let mut words = command.split_whitespace();
    words.next() == Some("set")
        && words
            .any(|word| word == "errexit" || (word.starts_with('-') && !word.starts_with("--") && word.contains('e')))
}

/// The commands between `;` and line ends, outside of quotes; without comments and variables that are only set.
fn commands(script: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let (mut quote, mut is_escaped) = (None, false);
    for c in script.chars() {
        let is_end = quote.is_none() && !is_escaped && matches!(c, ';' | '\n');
        match (c, quote) {
            ('\'' | '"', None) if !is_escaped => quote = Some(c),
            (c, Some(open)) if c == open && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped && quote != Some('\'');
        if is_end {
            commands.push(String::new());
        } else if let Some(command) = commands.last_mut() {
            command.push(c);
        }
    }
    let says_something = |command: &String| !command.trim().is_empty() && !command.trim_start().starts_with('#');
    commands.into_iter().filter(says_something).collect()
}

#[cfg(test)]
mod tests {
    use super::hides_failures;

    #[test]
    fn of_several_commands_one_can_fail_unseen() {
        for script in ["make; reload", "npm ci\nnpm run build", "git commit -m 'a; b'; git push", "cd x; make && y"] {
            assert!(hides_failures(script), "{script}");
        }
        for script in [
            "make",
            "make && reload;",
            "set -e; make; reload",
            "set -eu\nmake\nreload",
            "set -o errexit; a; b",
            "git commit -m 'a; b'",
            "echo a\\; b",
            "# all of it\nmake",
            "if make; then reload; fi",
            "for x in a b; do make $x; done",
        ] {
            assert!(!hides_failures(script), "{script}");
        }
    }
}
