//! Numbers with their units.

use taskscope_model::Nanos;

/// A length of time: three significant digits and one unit up to a minute (`812ns`, `1.21ms`, `41.2s`), then two whole
/// units (`3m12s`, `2h05m`, `3d04h`). Nothing is `0`. At most 7 columns up to 27 years.
///
/// ```
/// use taskscope_model::Nanos;
/// use taskscope_viewer::text::duration;
///
/// assert_eq!(duration(Nanos(1_210_000)), "1.21ms");
/// assert_eq!(duration(Nanos(192_000_000_000)), "3m12s");
/// ```
#[must_use]
pub fn duration(length: Nanos) -> String {
    let ns = length.0;
    match ns {
        0 => return "0".to_owned(),
        1..1_000 => return format!("{ns}ns"),
        _ => {}
    }
    // A length just below a unit rounds up into it: 999.96 ms is 1.00 s, 59.96 s is a minute.
    if let Some(text) = three_digits(ns, 1_000, 1_000).map(|n| n + "µs") {
        return text;
    }
    if let Some(text) = three_digits(ns, 1_000_000, 1_000).map(|n| n + "ms") {
        return text;
    }
    if let Some(text) = three_digits(ns, 1_000_000_000, 60).map(|n| n + "s") {
        return text;
    }
    // Beyond a minute seconds are counted, not rounded: a clock that ticks.
    let seconds = (ns / 1_000_000_000).max(60);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (hours, days) {
        (0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (_, 0) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// `n / unit` with three significant digits; `None` where that rounds to `limit` or more.
fn three_digits(n: u64, unit: u64, limit: u64) -> Option<String> {
    for (below, decimals) in [(10, 2), (100, 1), (1_000, 0)] {
        let scale = 10u128.pow(decimals);
        let scaled = (u128::from(n) * scale + u128::from(unit) / 2) / u128::from(unit);
        if scaled >= u128::from(limit) * scale {
            return None;
        }
        if scaled < below * scale {
            let (whole, rest) = (scaled / scale, scaled % scale);
            return Some(if decimals == 0 {
                whole.to_string()
            } else {
                format!("{whole}.{rest:0width$}", width = decimals as usize)
            });
        }
    }
    None
}

/// A number with a separator between thousands: `1,204`.
///
/// ```
/// assert_eq!(taskscope_viewer::text::count(1_204), "1,204");
/// ```
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of a thing, as part of a sentence.
///
/// ```
/// use taskscope_viewer::text::counted;
///
/// assert_eq!(counted(1, "task"), "1 task");
/// assert_eq!(counted(1_204, "task"), "1,204 tasks");
/// ```
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", count(n)),
    }
}

/// A number in so many columns: with separators where they fit, else without, else with three significant digits and
/// `k`, `M`, `G`, `T`, `P` or `E` for powers of a thousand.
///
/// ```
/// use taskscope_viewer::text::count_in;
///
/// assert_eq!([9, 7, 5].map(|columns| count_in(1_234_567, columns)), ["1,234,567", "1234567", "1.23M"]);
/// ```
#[must_use]
pub fn count_in(n: u64, columns: usize) -> String {
    let separated = count(n);
    if separated.len() <= columns {
        return separated;
    }
    let plain = n.to_string();
    if plain.len() <= columns {
        return plain;
    }
    let units = [
        (1_000, "k"),
        (1_000_000, "M"),
        (1_000_000_000, "G"),
        (1_000_000_000_000, "T"),
    ];
    let larger = [
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000_000_000, "E"),
    ];
    let mut short = units.into_iter().chain(larger);
    short
        .find_map(|(unit, name)| three_digits(n, unit, 1_000).map(|n| n + name))
        .unwrap_or(plain)
}

/// A size in bytes: whole below 1 KiB (`312B`), then three significant digits (`1.50KiB`, `12.3MiB`).
///
/// ```
/// assert_eq!(taskscope_viewer::text::bytes(1_536), "1.50KiB");
/// ```
#[must_use]
pub fn bytes(n: u64) -> String {
    if n < 1024 {
        return format!("{n}B");
    }
    for (unit, name) in [
        (1 << 10, "KiB"),
        (1 << 20, "MiB"),
        (1 << 30, "GiB"),
        (1 << 40, "TiB"),
    ] {
        // Four digits in front of a larger unit would be one too many: 1,023 KiB is 1.00 MiB.
        if let Some(text) = three_digits(n, unit, 1_000) {
            return text + name;
        }
    }
    format!("{}TiB", n >> 40)
}

/// A share of a whole in per cent: `38%`, `0.4%`; `<0.1%` where there is some, but less than that shows.
///
/// ```
/// assert_eq!(taskscope_viewer::text::share(0.384), "38%");
/// ```
#[must_use]
pub fn share(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        p if p.is_nan() || p <= 0.0 => "0%".to_owned(),
        p if p < 0.05 => "<0.1%".to_owned(),
        p if p < 9.95 => format!("{p:.1}%"),
        // Nearly all is not all.
        p if (99.0..100.0).contains(&p) => format!("{:.1}%", (p * 10.0).floor() / 10.0),
        p => format!("{p:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use taskscope_model::Nanos;

    use super::{bytes, count, count_in, duration, share};

    #[test]
    fn durations_carry_three_digits_and_a_unit() {
        for (ns, text) in [
            (0, "0"),
            (1, "1ns"),
            (999, "999ns"),
            (1_000, "1.00µs"),
            (2_345, "2.35µs"),
            (9_994, "9.99µs"),
            (9_995, "10.0µs"),
            (99_949, "99.9µs"),
            (99_950, "100µs"),
            (999_499, "999µs"),
            (999_500, "1.00ms"),
            (812_000_000, "812ms"),
            (999_600_000, "1.00s"),
            (41_249_000_000, "41.2s"),
            (59_949_000_000, "59.9s"),
            (59_960_000_000, "1m00s"),
            (192_900_000_000, "3m12s"),
            (3_599_999_999_999, "59m59s"),
            (7_500_000_000_000, "2h05m"),
            (273_600_000_000_000, "3d04h"),
            (u64::MAX, "213503d23h"),
        ] {
            assert_eq!(duration(Nanos(ns)), text, "{ns} ns");
        }
    }

    #[test]
    fn counts_and_sizes_and_shares() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        let sizes = [0, 1_023, 1_024, 1_023 * 1_024, 5 << 30, u64::MAX];
        assert_eq!(
            sizes.map(bytes),
            [
                "0B",
                "1023B",
                "1.00KiB",
                "1.00MiB",
                "5.00GiB",
                "16777215TiB"
            ]
        );
        assert_eq!(
            [(999_999, 5), (u64::MAX, 9), (5, 0)].map(|(n, w)| count_in(n, w)),
            ["1.00M", "18.4E", "0.01k"]
        );
        let shares = [
            0.0,
            0.0001,
            0.0005,
            0.004,
            0.0995,
            0.384,
            0.9999,
            1.0,
            f64::NAN,
        ];
        assert_eq!(
            shares.map(share),
            [
                "0%", "<0.1%", "0.1%", "0.4%", "10%", "38%", "99.9%", "100%", "0%"
            ]
        );
    }

    proptest! {
        #[test]
        fn a_duration_is_within_half_a_percent_and_narrow(ns in 1_000u64..60_000_000_000) {
            let text = duration(Nanos(ns));
            prop_assert!(text.chars().count() <= 6, "{}", text);
            let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap();
            let unit = match &text[split..] { "µs" => 1e3, "ms" => 1e6, "s" => 1e9, _ => 60e9 };
            let number: f64 = text[..split].parse().unwrap();
            prop_assert!((number * unit - ns as f64).abs() <= ns as f64 * 0.0051, "{} is {}", ns, text);
        }

        #[test]
        fn a_longer_duration_never_looks_shorter(a in 0u64..10_000_000_000_000, more in 0u64..10_000_000_000) {
            // Compared by what the text says, units and all.
            prop_assert!(nanos(&duration(Nanos(a))) <= nanos(&duration(Nanos(a + more))));
        }
    }

    fn nanos(text: &str) -> f64 {
        let mut rest = text;
        let mut sum = 0.0;
        while let Some(split) = rest.find(|c: char| !c.is_ascii_digit() && c != '.') {
            let end = rest[split..]
                .find(|c: char| c.is_ascii_digit())
                .map_or(rest.len(), |i| split + i);
            let unit = match &rest[split..end] {
                "ns" => 1.0,
                "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3_600e9,
                _ => 86_400e9,
            };
            sum += rest[..split].parse::<f64>().unwrap() * unit;
            rest = &rest[end..];
        }
        sum
    }
}
