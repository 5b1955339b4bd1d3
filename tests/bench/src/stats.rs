//! Pure. Medians, percentiles and ranges.

/// Median, smallest and largest of some rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Median; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
}

impl Spread {
    /// `None` without values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) };
        Some(Self { median, low, high })
    }
}

/// The `percent`th percentile by nearest rank; sorts `values`. Zero without values.
pub fn percentile(values: &mut [u32], percent: usize) -> u32 {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_and_a_percentile_is_a_value_that_occurred() {
        assert_eq!(Spread::of([9.0, 1.0, 5.0]), Some(Spread { median: 5.0, low: 1.0, high: 9.0 }));
        assert_eq!(Spread::of([4.0, 2.0]).map(|s| s.median), Some(3.0));
        assert_eq!(Spread::of([]), None);
        let mut values: Vec<u32> = (1..=200).rev().collect();
        assert_eq!((percentile(&mut values, 50), percentile(&mut values, 99)), (100, 198));
        assert_eq!(percentile(&mut [], 99), 0);
    }
}
