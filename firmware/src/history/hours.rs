//! Cuts time at the full hours.

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// The hours that a stretch of time touches, and how many milliseconds of it lie in each.
///
/// * `began_ms`: since 1970, UTC; may be negative on a box whose clock was never set
pub fn parts(began_ms: i64, duration_ms: u64) -> impl Iterator<Item = (i64, u64)> {
    let end_ms = began_ms.saturating_add_unsigned(duration_ms);
    let mut from_ms = began_ms;
    let mut first = true;
    std::iter::from_fn(move || {
        if !first && from_ms >= end_ms {
            return None;
        }
        first = false;
        let hour = from_ms.div_euclid(HOUR_MS);
        let until_ms = hour.saturating_add(1).saturating_mul(HOUR_MS).min(end_ms);
        let part = (hour, until_ms.abs_diff(from_ms));
        from_ms = until_ms;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(began_ms: i64, duration_ms: u64) -> Vec<(i64, u64)> {
        parts(began_ms, duration_ms).collect()
    }

    #[test]
    fn a_stretch_is_cut_at_each_full_hour() {
        assert_eq!(of(HOUR_MS - 10, 20), [(0, 10), (1, 10)]);
        assert_eq!(of(5, 2 * HOUR_MS as u64), [(0, HOUR_MS as u64 - 5), (1, HOUR_MS as u64), (2, 5)]);
        assert_eq!(of(7 * HOUR_MS, HOUR_MS as u64), [(7, HOUR_MS as u64)]);
    }

    #[test]
    fn a_moment_belongs_to_its_hour_even_before_1970() {
        assert_eq!(of(3, 0), [(0, 0)]);
        assert_eq!(of(-1, 2), [(-1, 1), (0, 1)]);
    }
}
