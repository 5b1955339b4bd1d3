//! Pure. The system's errors in our own voice.

use rustix::io::Errno;
use std::io;

/// The sentence for an error of the system in lower case and without its number, as in `no space left on device`.
/// Other errors speak for themselves.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(sentence) = error.raw_os_error().and_then(|_| text.split(" (os error").next()) else { return text };
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `true` for a shortage that passes by itself: of processes, threads, memory or descriptors.
pub fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_loses_its_capital_and_its_number() {
        assert_eq!(words(&Errno::NOENT.into()), "no such file or directory");
        assert_eq!(words(&io::Error::other("Git said no")), "Git said no");
        assert_eq!(words(&io::ErrorKind::TimedOut.into()), "timed out");
    }

    #[test]
    fn a_shortage_passes_and_a_missing_program_does_not() {
        assert!([Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE].map(io::Error::from).iter().all(is_shortage));
        assert!(![Errno::NOENT, Errno::ACCESS, Errno::NOSPC].map(io::Error::from).iter().any(is_shortage));
        assert!(!is_shortage(&io::ErrorKind::WouldBlock.into()), "no system said so");
    }
}
