//! How times of one kind were distributed.

use crate::Nanos;

/// Some of the samples: their count, and the bounds between which they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// No sample is shorter.
    pub from: Nanos,
    /// All samples are shorter. `u64::MAX` in a last bucket that has no upper bound.
    pub to: Nanos,
    /// How many samples.
    pub count: u64,
}

impl Bucket {
    /// The length that is at most as wrong for the longest of the samples as for the shortest, in proportion.
    #[must_use]
    pub fn middle(&self) -> Nanos {
        if self.to.0 == u64::MAX {
            return self.from;
        }
        let (from, to) = (self.from.0.max(1) as f64, self.to.0.max(1) as f64);
        Nanos((2.0 * from * to / (from + to)).round() as u64)
    }
}

/// How times of one kind were distributed, as counts in buckets whose bounds grow by a constant factor (2^¼ as the
/// target records them), so that a percentile is known within 9 % of its value whatever its size.
///
/// The scheme is that of DDSketch (Masson, Rim, Lee 2019), with buckets fixed beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    buckets: Vec<Bucket>,
}

impl Sketch {
    /// A sketch of these buckets; empty ones are left out, and the rest put in order.
    #[must_use]
    pub fn new(buckets: impl IntoIterator<Item = Bucket>) -> Self {
        let mut buckets: Vec<_> = buckets.into_iter().filter(|b| b.count > 0).collect();
        buckets.sort_by_key(|b| b.from);
        Self { buckets }
    }

    /// The buckets that have samples, shortest first.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// How many samples there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        // A target can send any counts; together they stop at the largest number.
        self.buckets
            .iter()
            .fold(0, |sum, bucket| sum.saturating_add(bucket.count))
    }

    /// The length that a share `q` (0 to 1) of the samples does not exceed, within 9 %; `None` without samples.
    ///
    /// ```
    /// use taskscope_model::{Bucket, Nanos, Sketch};
    ///
    /// let bucket = |from, to, count| Bucket { from: Nanos(from), to: Nanos(to), count };
    /// let sketch = Sketch::new([bucket(100, 119, 98), bucket(1000, 1190, 2)]);
    /// assert_eq!(sketch.percentile(0.5), Some(Nanos(109)));
    /// assert_eq!(sketch.percentile(0.99), Some(Nanos(1087)));
    /// ```
    #[must_use]
    pub fn percentile(&self, q: f64) -> Option<Nanos> {
        // The nearest-rank definition: the smallest sample with at least this many samples at or below it.
        let count = self.count();
        // As a float a count over 2^53 can come out larger than it is.
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0_u64;
        self.buckets
            .iter()
            .find(|bucket| {
                seen = seen.saturating_add(bucket.count);
                seen >= rank
            })
            .map(Bucket::middle)
    }
}

/// The two distributions that are kept of each task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketches {
    /// How long its polls took.
    pub polls: Sketch,
    /// How long it waited for a worker after a wake.
    pub delays: Sketch,
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Sketch};
    use crate::Nanos;

    fn bucket(from: u64, to: u64, count: u64) -> Bucket {
        Bucket {
            from: Nanos(from),
            to: Nanos(to),
            count,
        }
    }

    #[test]
    fn without_samples_there_is_no_percentile() {
        assert_eq!(Sketch::default().percentile(0.5), None);
        assert_eq!(Sketch::new([bucket(1, 2, 0)]).percentile(0.5), None);
    }

    #[test]
    fn counts_that_no_process_has_are_no_panic() {
        let sketch = Sketch::new([bucket(100, 119, u64::MAX), bucket(1000, u64::MAX, u64::MAX)]);
        assert_eq!(sketch.count(), u64::MAX);
        assert_eq!(sketch.percentile(0.5), Some(Nanos(109)));

        // 2^53 + 3 rounds up to 2^53 + 4, of which the last sample is none.
        let sketch = Sketch::new([bucket(100, 119, (1 << 53) + 3)]);
        assert_eq!(sketch.percentile(1.0), Some(Nanos(109)));
        assert_eq!(sketch.percentile(f64::NAN), Some(Nanos(109)));
    }

    #[test]
    fn buckets_of_nonsense_are_no_panic() {
        let sketch = Sketch::new([
            bucket(9, 3, 1),
            bucket(0, 0, 1),
            bucket(u64::MAX, u64::MAX, 1),
        ]);
        for q in [0.0, 0.5, 1.0, -3.0, 7.0] {
            assert!(sketch.percentile(q).is_some());
        }
    }
}
