//! Pure. The system's errors in our own voice.

use std::io;

/// The sentence for an error of the system in lower case and without its number, as in `no space left on device`.
/// Other errors speak for themselves.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(sentence) = error.raw_os_error().and_then(|_| text.split(" (os error").next()) else { return text };
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn an_error_of_the_system_loses_its_capital_and_its_number() {
        assert_eq!(words(&Errno::NOENT.into()), "no such file or directory");
        assert_eq!(words(&io::Error::other("Git said no")), "Git said no");
        assert_eq!(words(&io::ErrorKind::TimedOut.into()), "timed out");
    }
}
