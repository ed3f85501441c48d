//! How much a target tells of at once, so that one that never stops is found out.

use std::collections::HashSet;

use super::Violation;

/// More resources, or waits, than any target keeps.
const MAX_SHARED: usize = 1 << 22;

/// More findings than any target keeps.
const MAX_FINDINGS: usize = 1 << 16;

/// The ids of what is listed now. Unlike tasks, each is told whole every time, so a count alone would not do.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) resources: Ids<MAX_SHARED>,
    pub(super) waits: Ids<MAX_SHARED>,
    pub(super) findings: Ids<MAX_FINDINGS>,
}

/// At most so many ids.
#[derive(Debug, Default)]
pub(super) struct Ids<const MOST: usize>(HashSet<u64>);

impl<const MOST: usize> Ids<MOST> {
    /// Lists one.
    pub(super) fn put(&mut self, id: u64, what: &'static str) -> Result<(), Violation> {
        self.0.insert(id);
        if self.0.len() > MOST {
            return Err(Violation::TooMany { what, most: MOST });
        }
        Ok(())
    }

    /// Lists one no longer.
    pub(super) fn remove(&mut self, id: u64) {
        self.0.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_at_once_counts() {
        let mut ids = Ids::<3>::default();
        for id in 1..=100 {
            ids.put(id, "things").expect("one at a time");
            ids.put(id, "things").expect("the same one");
            ids.remove(id);
            ids.remove(id);
        }
        (1..=3).for_each(|id| ids.put(id, "things").expect("few"));
        let over = ids.put(4, "things").expect_err("one too many");
        assert_eq!(over.to_string(), "it tells of more than 3 things at once");
    }
}
