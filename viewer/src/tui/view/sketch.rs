//! A distribution as a drawing: bars over a logarithmic scale.

use taskscope_model::{Bucket, Nanos, Sketch};

const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Bars of a distribution, as lines of text from top to bottom, each at most `columns` wide. Every bucket that has
/// samples shows, however few.
pub(super) fn bars(sketch: &Sketch, columns: usize, rows: usize) -> Vec<String> {
    let (Some(first), Some(last)) = (sketch.buckets().first(), sketch.buckets().last()) else {
        return Vec::new();
    };
    let start = position(first);
    let span = position(last) - start;
    // One column for each step of the scale, until there are more steps than columns.
    let width = ((span * STEPS).round() as usize + 1).min(columns).max(1);
    let mut heights = vec![0u64; width];
    for bucket in sketch.buckets() {
        let part = if span > 0.0 {
            (position(bucket) - start) / span
        } else {
            0.0
        };
        let x = (part * (width - 1) as f64).round() as usize;
        heights[x.min(width - 1)] += bucket.count;
    }
    let highest = heights.iter().copied().max().unwrap_or(0).max(1);
    let scale = |count: u64| -> usize {
        let eighths = (count as f64 / highest as f64 * (rows * 8) as f64).round() as usize;
        if count > 0 { eighths.max(1) } else { 0 }
    };
    let heights: Vec<usize> = heights.into_iter().map(scale).collect();
    let row = |row: usize| {
        heights
            .iter()
            .map(|h| EIGHTHS[h.saturating_sub(row * 8).min(8)])
            .collect()
    };
    (0..rows).rev().map(row).collect()
}

/// The bounds between which the samples lie.
pub(super) fn bounds(sketch: &Sketch) -> Option<(Nanos, Nanos)> {
    let (first, last) = (sketch.buckets().first()?, sketch.buckets().last()?);
    Some((
        first.from,
        if last.to.0 == u64::MAX {
            last.from
        } else {
            last.to
        },
    ))
}

/// Steps of the scale while the length doubles: as many as there are buckets.
const STEPS: f64 = 4.0;

/// Where a bucket stands, in doublings.
fn position(bucket: &Bucket) -> f64 {
    (bucket.from.0.max(1) as f64).log2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use taskscope_model::{Bucket, Nanos, Sketch};

    use super::bars;

    fn sketch(buckets: &[(u64, u64)]) -> Sketch {
        let bucket = |&(from, count): &(u64, u64)| Bucket {
            from: Nanos(from),
            to: Nanos(from.saturating_add(from / 5 + 1)),
            count,
        };
        Sketch::new(buckets.iter().map(bucket))
    }

    #[test]
    fn bars_stand_where_their_buckets_are() {
        // Two doublings are eight steps; what lies between is empty.
        assert_eq!(bars(&sketch(&[(100, 8), (400, 4)]), 40, 1), ["█       ▄"]);
        assert_eq!(
            bars(&sketch(&[(100, 8), (400, 4)]), 40, 2),
            ["█        ", "█       █"]
        );
        assert_eq!(bars(&sketch(&[(100, 1)]), 40, 1), ["█"]);
        assert_eq!(
            bars(&sketch(&[(100, 1_000_000), (200, 1)]), 40, 1),
            ["█   ▁"]
        );
        assert!(bars(&Sketch::default(), 40, 1).is_empty());
    }

    proptest! {
        #[test]
        fn bars_fit_whatever_is_drawn(
            buckets in prop::collection::vec((any::<u64>(), 0..u64::MAX >> 8), 0..60), columns in 0usize..50, rows in 0usize..5
        ) {
            for line in bars(&sketch(&buckets), columns, rows) {
                prop_assert!(line.chars().count() <= columns.max(1));
            }
        }
    }
}
