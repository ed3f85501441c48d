//! A selection in a list whose rows come, go and change places. It follows what is selected, not the row.

/// Where a person is in a list of rows that are named by `K`.
#[derive(Clone, Debug)]
pub(super) struct Cursor<K> {
    /// What was selected by hand; until then the selection is whatever the first row shows.
    chosen: Option<K>,
    at: usize,
    top: usize,
}

/// What became of the selection when the rows changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Settled {
    /// It is still there, or nothing was chosen.
    Kept,
    /// It is no longer among the rows; the nearest one has been taken.
    Lost,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self {
            chosen: None,
            at: 0,
            top: 0,
        }
    }
}

impl<K: Clone + PartialEq> Cursor<K> {
    /// The selected row, counted from 0.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What was selected by hand.
    pub(super) fn chosen(&self) -> Option<&K> {
        self.chosen.as_ref()
    }

    /// The first row to show, where there are so many rows and room for `height` of them.
    pub(super) fn top(&self, rows: usize, height: usize) -> usize {
        let top = self.top.min(rows.saturating_sub(height));
        let lowest = (self.at + 1).saturating_sub(height);
        top.clamp(lowest.min(self.at), self.at)
    }

    /// Takes note of new rows: the selection goes where its row went, and its line on the screen stays.
    pub(super) fn settle(&mut self, rows: &[K], height: usize) -> Settled {
        let mut settled = Settled::Kept;
        if let Some(chosen) = &self.chosen {
            match rows.iter().position(|row| row == chosen) {
                Some(at) => {
                    self.top = (self.top + at).saturating_sub(self.at);
                    self.at = at;
                }
                None => {
                    settled = Settled::Lost;
                    self.at = self.at.min(rows.len().saturating_sub(1));
                    self.chosen = rows.get(self.at).cloned();
                }
            }
        }
        self.at = self.at.min(rows.len().saturating_sub(1));
        self.top = self.top(rows.len(), height);
        settled
    }

    /// Selects a row; one beyond the last selects the last.
    pub(super) fn select(&mut self, row: usize, rows: &[K], height: usize) {
        self.at = row.min(rows.len().saturating_sub(1));
        self.chosen = rows.get(self.at).cloned();
        self.top = self.top(rows.len(), height);
    }

    /// Moves by so many rows.
    pub(super) fn step(&mut self, by: isize, rows: &[K], height: usize) {
        self.select(self.at.saturating_add_signed(by), rows, height);
    }

    /// Moves what is shown by so many rows; the selection moves only as far as it must to stay in sight.
    pub(super) fn scroll(&mut self, by: isize, rows: &[K], height: usize) {
        let top = self
            .top
            .saturating_add_signed(by)
            .min(rows.len().saturating_sub(height));
        let last = (top + height).saturating_sub(1).max(top);
        self.top = top;
        if !(top..=last).contains(&self.at) {
            self.select(self.at.clamp(top, last), rows, height);
        }
    }

    /// Lets go of the selection: back to the first row, whatever it shows.
    pub(super) fn release(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cursor, Settled};

    #[test]
    fn the_selection_follows_what_is_selected() {
        let mut cursor = Cursor::default();
        cursor.select(2, &['a', 'b', 'c', 'd'], 3);
        assert_eq!(cursor.settle(&['c', 'a', 'b', 'd'], 3), Settled::Kept);
        assert_eq!((cursor.at(), cursor.chosen()), (0, Some(&'c')));
    }

    #[test]
    fn the_nearest_row_is_taken_when_it_is_gone() {
        let mut cursor = Cursor::default();
        cursor.select(3, &['a', 'b', 'c', 'd'], 3);
        assert_eq!(cursor.settle(&['a', 'b'], 3), Settled::Lost);
        assert_eq!((cursor.at(), cursor.chosen()), (1, Some(&'b')));
        assert_eq!(cursor.settle(&[], 3), Settled::Lost);
        assert_eq!((cursor.at(), cursor.chosen()), (0, None));
        assert_eq!(cursor.settle(&['z'], 3), Settled::Kept);
        assert_eq!((cursor.at(), cursor.chosen()), (0, None));
    }

    #[test]
    fn until_something_is_chosen_the_first_row_is_selected() {
        let mut cursor = Cursor::default();
        assert_eq!(cursor.settle(&['a', 'b'], 3), Settled::Kept);
        assert_eq!(cursor.settle(&['b', 'a'], 3), Settled::Kept);
        assert_eq!((cursor.at(), cursor.chosen()), (0, None));
    }

    proptest! {
        #[test]
        fn the_selected_row_is_always_in_sight(
            steps in prop::collection::vec((0u8..4, -30isize..30, 0usize..40, 0usize..12), 1..40)
        ) {
            let mut cursor = Cursor::default();
            let mut rows: Vec<usize> = (0..20).collect();
            for (what, by, len, height) in steps {
                match what {
                    0 => cursor.step(by, &rows, height),
                    1 => cursor.scroll(by, &rows, height),
                    2 => cursor.select(len, &rows, height),
                    _ => {
                        rows = (0..len).map(|i| (i * 7 + height) % 41).collect();
                        let _ = cursor.settle(&rows, height);
                    }
                }
                let top = cursor.top(rows.len(), height);
                prop_assert!(top <= cursor.at());
                prop_assert!(cursor.at() < top + height.max(1));
                prop_assert!(rows.is_empty() || cursor.at() < rows.len());
                if let Some(chosen) = cursor.chosen() {
                    prop_assert_eq!(rows.get(cursor.at()), Some(chosen));
                }
            }
        }
    }
}
