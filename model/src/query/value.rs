//! Numbers of a filter: counts, lengths of time and sizes, with the units that people write.

use std::fmt;

use super::error::excerpt;

/// What a number counts, hence which units it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Just a number: `20`, `1k`.
    Count,
    /// Nanoseconds: `100ms`, `1.5s`, `2m10s`.
    Time,
    /// Bytes: `312`, `1k`, `2MiB`.
    Bytes,
}

/// What unit letters stand for; upper case may be written too.
const COUNTS: &[(&str, u64)] = &[
    ("", 1),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
];
const TIMES: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000), // the micro sign
    ("μs", 1_000), // the Greek letter
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const BYTES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
];

/// Units to write numbers in, largest first.
const WRITTEN_TIMES: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];
const WRITTEN_BYTES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("G", 1_000_000_000),
    ("MiB", 1 << 20),
    ("M", 1_000_000),
    ("KiB", 1 << 10),
    ("k", 1_000),
    ("", 1),
];

impl Scale {
    /// What is expected where such a number stands.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Count => "a number, as `20` or `1k`",
            Self::Time => "a length of time, as `100ms`, `1.5s` or `2m10s`",
            Self::Bytes => "a size in bytes, as `312`, `1k` or `2MiB`",
        }
    }

    const fn units(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Count => COUNTS,
            Self::Time => TIMES,
            Self::Bytes => BYTES,
        }
    }

    const fn unit_names(self) -> &'static str {
        match self {
            Self::Count => "k, M, G (thousands) or none",
            Self::Time => "ns, us, ms, s, m, h or d",
            Self::Bytes => "k, M, G (thousands), KiB, MiB, GiB or none",
        }
    }

    /// The number that a text stands for, in nanoseconds, bytes or by itself; what is finer is cut off. The error says
    /// what was expected.
    pub(super) fn parse(self, text: &str) -> Result<u64, String> {
        let too_large = || format!("{} is too large", excerpt(text));
        let (mut sum, mut rest) = (0_u64, text);
        loop {
            let (number, tail) = rest.split_at(end_of(rest, |c| c.is_ascii_digit() || c == '.'));
            let (unit, tail) = tail.split_at(end_of(tail, |c| !c.is_ascii_digit() && c != '.'));
            let (whole, part) = number.split_once('.').unwrap_or((number, ""));
            // A number with two points leaves one in `part`; one without any digit is none.
            if part.contains('.') || (whole.is_empty() && part.is_empty()) {
                return Err(format!(
                    "expected {}, found {}",
                    self.expected(),
                    excerpt(text)
                ));
            }
            let is_zero = number.bytes().all(|b| matches!(b, b'0' | b'.'));
            let known = self
                .units()
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit));
            let factor = match known {
                Some((_, factor)) => *factor,
                None if is_zero && unit.is_empty() => 1,
                None if unit.is_empty() => {
                    return Err(format!(
                        "expected a unit after {}: {}",
                        excerpt(number),
                        self.unit_names()
                    ));
                }
                None => {
                    return Err(format!(
                        "unknown unit {}; units are {}",
                        excerpt(unit),
                        self.unit_names()
                    ));
                }
            };
            sum = times(whole, part, factor)
                .and_then(|value| sum.checked_add(value))
                .ok_or_else(too_large)?;
            if tail.is_empty() {
                return Ok(sum);
            }
            if self != Self::Time {
                return Err(format!(
                    "expected {}, found {}",
                    self.expected(),
                    excerpt(text)
                ));
            }
            rest = tail;
        }
    }

    /// Writes a number so that it is read back as it is.
    pub(super) fn write(self, f: &mut fmt::Formatter<'_>, value: u64) -> fmt::Result {
        let units: &[_] = match self {
            Self::Count => &[],
            Self::Time if value == 0 => return f.write_str("0s"),
            Self::Time => &WRITTEN_TIMES,
            Self::Bytes if value == 0 => return f.write_str("0"),
            Self::Bytes => &WRITTEN_BYTES,
        };
        match units
            .iter()
            .find(|(_, factor)| value.is_multiple_of(*factor))
        {
            Some((name, factor)) => write!(f, "{}{name}", value / factor),
            None => write!(f, "{value}"),
        }
    }
}

fn end_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// `whole.part` times `factor`, cut at the point; `None` where it is too large.
fn times(whole: &str, part: &str, factor: u64) -> Option<u64> {
    // Digits beyond these count for less than one nanosecond even of a day.
    let part = &part[..part.len().min(15)];
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let (mut value, mut shift) = (u128::from(whole), 1_u128);
    for digit in part.bytes() {
        value = value * 10 + u128::from(digit - b'0');
        shift *= 10;
    }
    // At most 2^64 · 10^15 · 86 400 · 10^9, over 2^128 only where the whole number is too large by far.
    u64::try_from(value.checked_mul(factor.into())? / shift).ok()
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;

    use super::Scale;

    struct Written(Scale, u64);

    impl fmt::Display for Written {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.write(f, self.1)
        }
    }

    #[test]
    fn units() {
        for (scale, text, value) in [
            (Scale::Count, "20", 20),
            (Scale::Count, "1k", 1_000),
            (Scale::Count, "1.5M", 1_500_000),
            (Scale::Count, "18446744073709551615", u64::MAX),
            (Scale::Time, "500ns", 500),
            (Scale::Time, "3us", 3_000),
            (Scale::Time, "3µs", 3_000),
            (Scale::Time, "3μs", 3_000),
            (Scale::Time, "100ms", 100_000_000),
            (Scale::Time, "1.5s", 1_500_000_000),
            (Scale::Time, ".5s", 500_000_000),
            (Scale::Time, "1.s", 1_000_000_000),
            (Scale::Time, "2m", 120_000_000_000),
            (Scale::Time, "2m10s", 130_000_000_000),
            (Scale::Time, "1d1h", 90_000_000_000_000),
            (Scale::Time, "1.9ns", 1),
            (Scale::Time, "0", 0),
            (Scale::Time, "18446744073709551615ns", u64::MAX),
            (Scale::Bytes, "312", 312),
            (Scale::Bytes, "1k", 1_000),
            (Scale::Bytes, "1KB", 1_000),
            (Scale::Bytes, "2MiB", 2 << 20),
            (Scale::Bytes, "1.5ki", 1536),
        ] {
            assert_eq!(scale.parse(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (scale, text, error) in [
            (
                Scale::Count,
                "many",
                "expected a number, as `20` or `1k`, found `many`",
            ),
            (
                Scale::Count,
                "-1",
                "expected a number, as `20` or `1k`, found `-1`",
            ),
            (
                Scale::Count,
                "1k2",
                "expected a number, as `20` or `1k`, found `1k2`",
            ),
            (
                Scale::Count,
                "99999999999999999999",
                "`99999999999999999999` is too large",
            ),
            (
                Scale::Count,
                "5s",
                "unknown unit `s`; units are k, M, G (thousands) or none",
            ),
            (
                Scale::Time,
                "5",
                "expected a unit after `5`: ns, us, ms, s, m, h or d",
            ),
            (
                Scale::Time,
                "1m5",
                "expected a unit after `5`: ns, us, ms, s, m, h or d",
            ),
            (
                Scale::Time,
                "5 y",
                "unknown unit ` y`; units are ns, us, ms, s, m, h or d",
            ),
            (Scale::Time, "300000d", "`300000d` is too large"),
            (
                Scale::Bytes,
                "1.2.3",
                "expected a size in bytes, as `312`, `1k` or `2MiB`, found `1.2.3`",
            ),
        ] {
            assert_eq!(scale.parse(text), Err(error.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_numbers_are_read_back(value: u64, step in prop::sample::select(&[1_u64, 1_000, 1 << 20, 60_000_000_000][..])) {
            for scale in [Scale::Count, Scale::Time, Scale::Bytes] {
                for value in [value, value % 5_000, value % 100_000 * step] {
                    prop_assert_eq!(scale.parse(&Written(scale, value).to_string()), Ok(value));
                }
            }
        }

        #[test]
        fn any_text_is_a_number_or_an_error(text: String) {
            for scale in [Scale::Count, Scale::Time, Scale::Bytes] {
                let _ = scale.parse(&text);
            }
        }
    }
}
