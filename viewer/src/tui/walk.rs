//! Where a person is in a screen that is a text with doors.

/// Where a person is in a text: which of its doors is selected, and how far it is scrolled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walk {
    /// Which door is selected.
    pub(super) door: Option<usize>,
    /// How many lines are scrolled away.
    pub(super) scroll: usize,
}

impl Walk {
    /// Goes by so many lines through the text of the screen, whose lines have these doors: from door to door where it
    /// goes by single lines and there is one, else by scrolling.
    pub(super) fn go(&mut self, by: isize, to_doors: bool, lines: &[Option<usize>], height: usize) {
        let next = match self.door {
            None => (by > 0).then_some(0),
            Some(door) => door.checked_add_signed(by),
        };
        let line = next.and_then(|next| lines.iter().position(|door| *door == Some(next)));
        match line {
            Some(line) if to_doors => {
                self.door = next;
                let lowest = (line + 1).saturating_sub(height);
                self.scroll = self.scroll.clamp(lowest.min(line), line);
            }
            _ => self.scroll = scrolled(self.scroll, by, lines.len(), height),
        }
    }
}

/// Where scrolling by so many lines ends, in a text of `lines` lines of which `height` are shown.
pub(super) fn scrolled(scroll: usize, by: isize, lines: usize, height: usize) -> usize {
    scroll
        .saturating_add_signed(by)
        .min(lines.saturating_sub(height))
}
