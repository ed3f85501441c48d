//! How times and tiers are written.

use std::str::FromStr;
use std::time::Duration;

use taskscope_model::Tier;

/// A time between updates, from 10 ms to a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Interval(pub(in crate::cli) Duration);

impl Default for Interval {
    fn default() -> Self {
        Self(Duration::from_millis(200))
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = seconds(text)?;
        if (0.01..=60.0).contains(&seconds) {
            Ok(Self(Duration::from_secs_f64(seconds)))
        } else {
            Err(format!("{text} is out of bounds: 10ms to 60s"))
        }
    }
}

/// How long something is done, from 10 ms to an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Length(pub(in crate::cli) Duration);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = seconds(text)?;
        if (0.01..=3_600.0).contains(&seconds) {
            Ok(Self(Duration::from_secs_f64(seconds)))
        } else {
            Err(format!("{text} is out of bounds: 10ms to 60m"))
        }
    }
}

/// A number with one unit, in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is no time: write `200ms` or `1.5s`");
    let units = [("ms", 1e-3), ("s", 1.0), ("m", 60.0)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .ok_or_else(wrong)?;
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    Ok(number.parse::<f64>().map_err(|_| wrong())? * unit)
}

/// The tiers that make a check fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct FailOn(Vec<Tier>);

impl FailOn {
    /// Whether a finding of this tier makes it fail.
    pub(in crate::cli) fn names(&self, tier: Tier) -> bool {
        self.0.contains(&tier)
    }

    /// Whether nothing does.
    pub(in crate::cli) fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for FailOn {
    type Err = String;

    /// Tiers separated by commas or bars, or `none`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let tiers = text.split([',', '|']).map(|tier| {
            let known = tier.trim().parse::<Tier>();
            known.map_err(|error| format!("{error}; or none of them: none"))
        });
        tiers.collect::<Result<_, _>>().map(Self)
    }
}

impl std::fmt::Display for FailOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        let tiers: Vec<_> = self.0.iter().map(|tier| tier.as_str()).collect();
        f.write_str(&tiers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_an_interval() {
        let read = |text: &str| text.parse::<Interval>().map(|interval| interval.0);
        assert_eq!(read("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(read("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in [
            "", "200", "ms", "1e1s", "-1s", "9ms", "61s", "NaNs", "infs", "1.2.3s",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_spellings_of_a_length() {
        let read = |text: &str| text.parse::<Length>().map(|length| length.0);
        assert_eq!(read("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(read("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "10", "61m", "1h", "0s"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_tiers_that_fail() {
        let read = |text: &str| text.parse::<FailOn>().map(|tiers| tiers.to_string());
        assert_eq!(read("none").as_deref(), Ok("none"));
        assert_eq!(read("proven").as_deref(), Ok("proven"));
        assert_eq!(
            read("proven|statistical").as_deref(),
            Ok("proven,statistical")
        );
        for wrong in ["", "all", "proven,", "proven,none"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
