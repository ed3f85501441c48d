//! A list to choose a sort column from, drawn over a table.

use super::keys::Motion;

/// A choice among the columns of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picker {
    /// Which is selected.
    pub(super) at: usize,
    /// How many there are.
    pub(super) len: usize,
}

impl Picker {
    /// Goes up or down, around the ends.
    pub(super) fn go(&mut self, motion: Motion) {
        let last = self.len.saturating_sub(1);
        self.at = match motion {
            Motion::Lines(by) if by < 0 && self.at == 0 => last,
            Motion::Lines(by) if by > 0 && self.at == last => 0,
            Motion::Lines(by) => self.at.saturating_add_signed(by).min(last),
            Motion::HalfPages(by) => self.at.saturating_add_signed(by * 5).min(last),
            Motion::Top => 0,
            Motion::Bottom => last,
        };
    }
}
