//! Pure. The clock's face: times and lengths of time as a person reads them, by the clock of the runner's host.

use super::card::seconds_between;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// A moment, and the time zone in which times are told.
#[derive(Debug, Clone)]
pub struct Face {
    /// The moment of the page.
    pub now: Timestamp,
    /// The host's zone.
    pub zone: TimeZone,
}

impl Face {
    /// The time of the day for today, or else the date.
    pub(super) fn time(&self, at: Timestamp) -> Markup {
        html! { time datetime=(utc(at)) { (self.words(at)) } }
    }

    /// The same, and how long ago that was.
    pub(super) fn time_ago(&self, at: Timestamp) -> Markup {
        html! { (self.time(at)) ", " span.dim { (self.ago(at)) } }
    }

    /// `12 min ago`.
    pub(super) fn ago(&self, at: Timestamp) -> String {
        format!("{}\u{a0}ago", span(seconds_between(at, self.now)))
    }

    /// Date, time and offset.
    pub(super) fn full(&self, at: Timestamp) -> Markup {
        let local = at.to_zoned(self.zone.clone());
        html! { time datetime=(utc(at)) { (local.strftime("%-d %b %Y, %H:%M:%S").to_string()) } " " (self.offset(at)) }
    }

    /// Time of the day, for a line of a log.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }

    fn offset(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        if local.offset().is_zero() { "UTC".to_owned() } else { local.strftime("%:z").to_string() }
    }

    fn words(&self, at: Timestamp) -> String {
        let (local, today) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let pattern = if local.date() == today.date() {
            "%H:%M:%S"
        } else if local.year() == today.year() {
            "%-d %b %H:%M"
        } else {
            "%Y-%m-%d"
        };
        local.strftime(pattern).to_string()
    }
}

fn utc(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A length of time in its two largest units, of which no line break takes one away.
pub fn span(seconds: u64) -> String {
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    let words = match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", if seconds < 600 { seconds % 60 } else { 0 }, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", if seconds < 864_000 { seconds % 86_400 / 3600 } else { 0 }, "h"),
    };
    words.replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;

    #[test]
    fn a_length_of_time_has_two_units_while_the_second_one_matters() {
        let told =
            [0, 59, 61, 599, 601, 3600, 3661, 90_000, 900_000].map(|seconds| span(seconds).replace('\u{a0}', " "));
        assert_eq!(told, ["0 s", "59 s", "1 min 1 s", "9 min 59 s", "10 min", "1 h", "1 h 1 min", "1 d 1 h", "10 d"]);
    }

    #[test]
    fn a_time_is_local_and_as_short_as_the_day_allows() {
        let face = Face { now: "2026-01-31T12:00:00Z".parse().unwrap(), zone: TimeZone::fixed(offset(8)) };
        let told = |at: &str| face.words(at.parse().unwrap());
        assert_eq!(told("2026-01-30T16:00:01Z"), "00:00:01", "the same local day");
        assert_eq!(told("2026-01-30T15:59:59Z"), "30 Jan 23:59");
        assert_eq!(told("2025-12-31T15:59:59Z"), "2025-12-31");
        let full = face.full("2026-01-31T12:00:00.5Z".parse().unwrap()).into_string();
        assert_eq!(full, "<time datetime=\"2026-01-31T12:00:00Z\">31 Jan 2026, 20:00:00</time> +08:00");
    }
}
