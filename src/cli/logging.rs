//! Edge. Log lines: one `key=value` line per event, written whole.

use super::daily_log::DailyLog;
use crate::system::outlet::{self, Outlet};
use std::fmt::{self, Write as _};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, SubscriberBuilder};
use tracing_subscriber::registry::LookupSpan;

/// Longest value of a field, in characters. What strangers sent is cut long before.
const VALUE_LIMIT: usize = 4000;
/// Longest wait for the last lines to leave.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The way to standard error of a process that goes on.
static OUTLET: OnceLock<Outlet> = OnceLock::new();

/// Events of one request go to standard error, which is the web server's error log for a CGI program.
pub(super) fn to_stderr_at_once() {
    install(lines().with_writer(|| AtOnce).finish());
}

/// Events go to standard error, and nobody waits for who reads it.
pub(super) fn to_stderr() {
    install(lines().with_writer(standard_error).finish());
}

/// Events go to standard error and to the daily log in `directory`, which is begun anew where `reopen` is called.
pub(super) fn to_stderr_and(directory: &Path) -> io::Result<Reopen> {
    let log = Arc::new(Mutex::new(DailyLog::open(directory)?));
    let reopen = Reopen(Arc::clone(&log));
    install(lines().with_writer(standard_error.and(move || DailyLine(Arc::clone(&log)))).finish());
    Ok(reopen)
}

/// Waits a moment until what was logged has left.
pub(super) fn finish() {
    if let Some(outlet) = OUTLET.get() {
        outlet.finish(LAST_LINES);
    }
}

/// A daily log that may have been moved away.
pub(super) struct Reopen(Arc<Mutex<DailyLog>>);

impl Reopen {
    /// Goes on in a file of the day's name, whatever became of the one until now.
    pub(super) fn reopen(&self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reopen()
    }
}

fn standard_error() -> Outlet {
    OUTLET.get_or_init(|| Outlet::new(std::io::stderr(), dropped)).clone()
}

/// The daily log, for one line.
struct DailyLine(Arc<Mutex<DailyLog>>);

impl std::io::Write for DailyLine {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Standard error for a process that soon ends.
struct AtOnce;

impl std::io::Write for AtOnce {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        outlet::say(std::io::stderr().as_fd(), line, Duration::from_millis(100));
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn dropped(lines: u64) -> String {
    format!("{:.3} warn event=log-lines-dropped lines={lines}\n", jiff::Timestamp::now())
}

/// A line that cannot be written is lost. The default is to say so on standard error, which panics where that is what
/// cannot be written: on a full disk, or after its reader has gone.
fn lines() -> SubscriberBuilder<DefaultFields, KeyValue> {
    tracing_subscriber::fmt().log_internal_errors(false).event_format(KeyValue)
}

fn install(subscriber: impl Subscriber + Send + Sync) {
    // Fails only when one is installed already, and then that one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let text = panic.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
        tracing::error!(event = "panic", place, text);
        finish();
    }));
}

/// `2026-01-31T12:00:00.123Z info event=queued job=… hook=docs`.
struct KeyValue;

impl<S, N> FormatEvent<S, N> for KeyValue
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut line = format!("{:.3} {level}", jiff::Timestamp::now());
        event.record(&mut Pairs(&mut line));
        writeln!(writer, "{line}")
    }
}

struct Pairs<'a>(&'a mut String);

impl Pairs<'_> {
    fn push(&mut self, field: &Field, value: &str) {
        let name = field.name().trim_start_matches("r#");
        let value = value.char_indices().nth(VALUE_LIMIT).map_or(value, |(end, _)| &value[..end]);
        let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && !b"\"=\\".contains(&b));
        // Writing to a String cannot fail. Debug quotes and escapes: no value can end the line or fake a key.
        let _ = if plain { write!(self.0, " {name}={value}") } else { write!(self.0, " {name}={value:?}") };
    }
}

impl Visit for Pairs<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_its_values_hold() {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt().event_format(KeyValue).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let none: Option<&str> = None;
            tracing::info!(event = "x", r#ref = "refs/heads/a", none, text = "a\nevent=y \"q\"", n = 5_u64);
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(rest, "info event=x ref=refs/heads/a text=\"a\\nevent=y \\\"q\\\"\" n=5\n");
    }
}
