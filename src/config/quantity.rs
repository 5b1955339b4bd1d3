//! Pure. Durations and sizes as people type them: a whole number and a unit.

use std::time::Duration;

/// Hint for a value that is not a duration.
pub const DURATION_HINT: &str = "write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`";
/// Hint for a value that is not a size.
pub(super) const SIZE_HINT: &str = "write a whole number and a unit: `512KiB`, `25MiB`, `25MB` or `1GiB`";

/// Reads `500ms`, `30s`, `15m`, `2h`, `1d`.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit_ms).map(Duration::from_millis)
}

/// Reads `512KiB`, `25MiB`, `25MB`, … in bytes.
pub fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit_bytes = match unit {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit_bytes)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    Some((text[..end].parse().ok()?, text[end..].trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_known_unit() {
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("15m"), Some(Duration::from_secs(900)));
        assert_eq!(duration("2 h"), Some(Duration::from_secs(7200)));
        assert_eq!(duration("1d"), Some(Duration::from_secs(86_400)));
        for bad in
            ["", "s", "30", "-1s", "1.5h", "1h30m", "1y", "30 S", "99999999999999999999s", "18446744073709551615d"]
        {
            assert_eq!(duration(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn sizes_tell_powers_of_two_from_powers_of_ten() {
        assert_eq!(size_bytes("25MiB"), Some(26_214_400));
        assert_eq!(size_bytes("25MB"), Some(25_000_000));
        assert_eq!(size_bytes("512 KiB"), Some(524_288));
        for bad in ["", "25", "MiB", "25M", "25mib", "18446744073709551615KiB"] {
            assert_eq!(size_bytes(bad), None, "{bad:?}");
        }
    }
}
