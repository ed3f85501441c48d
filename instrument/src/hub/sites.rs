//! When each spawn site changed, and where the two parts of its past come from.

use taskscope_model::{Revision, SiteId, Tally};

/// What the world does not keep of its sites.
#[derive(Debug, Default)]
pub(super) struct SiteBook {
    entries: Vec<Entry>,
    changed: Revision,
}

#[derive(Clone, Debug)]
struct Entry {
    changed: Revision,
    // Tasks that ended without ever being listed, as the harvester counts them.
    unlisted: Tally,
    // Tasks that were listed and have been moved into the tally since.
    expired: Tally,
}

impl SiteBook {
    /// What the past of a site becomes when the harvester's part of it is `unlisted`.
    pub(super) fn past_with_unlisted(&self, site: SiteId, unlisted: &Tally) -> Tally {
        self.entries
            .get(site.0 as usize)
            .map_or(*unlisted, |entry| entry.expired.plus(unlisted))
    }

    /// What the past of a site becomes when one more listed task is added to it.
    pub(super) fn past_with_expired(&self, site: SiteId, task: &Tally) -> Tally {
        self.entries.get(site.0 as usize).map_or(*task, |entry| {
            entry.expired.plus(&entry.unlisted).plus(task)
        })
    }

    /// The site is what the harvester says; its part of the past is `unlisted`.
    pub(super) fn told(&mut self, site: SiteId, unlisted: Tally, at: Revision) {
        self.entry(site, at).unlisted = unlisted;
    }

    /// One more listed task was added to the past of the site.
    pub(super) fn expired(&mut self, site: SiteId, task: &Tally, at: Revision) {
        let entry = self.entry(site, at);
        entry.expired = entry.expired.plus(task);
    }

    /// The sites that changed after `cursor`.
    pub(super) fn after(&self, cursor: Revision) -> impl Iterator<Item = SiteId> {
        // Most of the time no site has changed, and none is looked at.
        let entries = if self.changed > cursor {
            &*self.entries
        } else {
            &[]
        };
        (0..)
            .map(SiteId)
            .zip(entries)
            .filter(move |(_, entry)| entry.changed > cursor)
            .map(|(id, _)| id)
    }

    fn entry(&mut self, site: SiteId, at: Revision) -> &mut Entry {
        let i = site.0 as usize;
        self.changed = at;
        if i >= self.entries.len() {
            // The world makes up those that it was not told of yet; they are as new as this one.
            let empty = Entry {
                changed: at,
                unlisted: Tally::default(),
                expired: Tally::default(),
            };
            self.entries.resize(i + 1, empty);
        }
        let entry = &mut self.entries[i];
        entry.changed = at;
        entry
    }
}
