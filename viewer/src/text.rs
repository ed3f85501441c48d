//! How numbers and foreign text are written.

use std::borrow::Cow;

use taskscope_model::Nanos;

/// A length of time with three significant digits and one unit, as `1.21ms`; `0` for none.
#[must_use]
pub fn duration(length: Nanos) -> String {
    const UNITS: [(&str, f64); 6] = [
        ("ns", 1e3),
        ("µs", 1e3),
        ("ms", 1e3),
        ("s", 60.0),
        ("m", 60.0),
        ("h", f64::INFINITY),
    ];
    if length.0 == 0 {
        return "0".to_owned();
    }
    let mut value = length.0 as f64;
    for (unit, size) in UNITS {
        // What would round up to the next unit is written in that one.
        if value < size - 0.5 {
            let digits = if unit == "ns" || value >= 99.95 {
                0
            } else if value >= 9.995 {
                1
            } else {
                2
            };
            return format!("{value:.digits$}{unit}");
        }
        value /= size;
    }
    format!("{value:.0}h")
}

/// A count with its thousands set apart, as `1,204`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in memory, as `312 B` or `1.50 KiB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    let (mut value, mut unit) = (size as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" {
        format!("{size} B")
    } else {
        format!("{value:.2} {unit}")
    }
}

/// Text of the target's, fit for a terminal: control characters, and those that turn the direction of writing, become `�`.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.contains(unfit) {
        text.chars()
            .map(|c| if unfit(c) { '\u{fffd}' } else { c })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}
