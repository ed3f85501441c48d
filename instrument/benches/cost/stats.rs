//! Medians and ranges of few values.

/// Where the values of several rounds lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The middle one; the mean of the middle two if their number is even.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) least: f64,
    /// The largest.
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self {
            median,
            least,
            most,
        })
    }

    /// Of `what(subject, base)` for the rounds that both have: `subject` and `base` are (round, value).
    pub(crate) fn by_round(
        subject: &[(usize, f64)],
        base: &[(usize, f64)],
        what: impl Fn(f64, f64) -> f64,
    ) -> Option<Self> {
        Self::of(subject.iter().filter_map(|&(round, value)| {
            let (_, base) = base.iter().find(|(other, _)| *other == round)?;
            Some(what(value, *base))
        }))
    }
}
