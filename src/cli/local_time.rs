//! Pure. A time in UTC, as logs and files have it, with the local one beside it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-01-31T23:30:00Z (2026-02-01 07:30:00 +08:00)`, with so many digits of a second; UTC alone where that is the
/// local time.
pub(super) fn beside(at: Timestamp, digits: usize, zone: &TimeZone) -> String {
    let utc = format!("{at:.digits$}");
    let local = at.to_zoned(zone.clone());
    if local.offset().is_zero() {
        return utc;
    }
    let is_same_day = local.date() == at.to_zoned(TimeZone::UTC).date();
    let pattern = if is_same_day { "%H:%M:%S %:z" } else { "%Y-%m-%d %H:%M:%S %:z" };
    format!("{utc} ({})", local.strftime(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;

    #[test]
    fn the_day_is_told_where_it_is_another() {
        let at: Timestamp = "2026-01-31T23:30:00.123456Z".parse().unwrap();
        let told = |hours: i8| beside(at, 3, &TimeZone::fixed(offset(hours)));
        assert_eq!(told(0), "2026-01-31T23:30:00.123Z");
        assert_eq!(told(8), "2026-01-31T23:30:00.123Z (2026-02-01 07:30:00 +08:00)");
        assert_eq!(told(-5), "2026-01-31T23:30:00.123Z (18:30:00 -05:00)");
    }
}
