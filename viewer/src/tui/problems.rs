//! What is wrong, in lines: the worst first, and which of them is selected.

use std::collections::{BTreeMap, BTreeSet};

use taskscope_model::{Finding, FindingId, ResourceId, Stamp, Subject, TaskId, Tier, World};

use super::cursor::{Cursor, Settled};
use super::walk::Walk;

/// The findings.
#[derive(Clone, Debug, Default)]
pub(super) struct ProblemTable {
    /// Which is selected.
    pub(super) cursor: Cursor<FindingId>,
    /// Which of those concerned was chosen; until then it is the first.
    pub(super) subject: Option<usize>,
    /// Where one is in the text that says that nothing is wrong.
    pub(super) walk: Walk,
    rows: Vec<FindingId>,
    /// Those that the person does not want to hear of.
    muted: BTreeSet<FindingId>,
    standing: usize,
    tasks: BTreeMap<TaskId, Tier>,
    resources: BTreeMap<ResourceId, Tier>,
    /// When the last one was cleared of those that are listed.
    cleared: Option<Stamp>,
}

impl ProblemTable {
    /// The findings, in order.
    pub(super) fn rows(&self) -> &[FindingId] {
        &self.rows
    }

    /// How many stand that are not muted.
    pub(super) fn standing(&self) -> usize {
        self.standing
    }

    /// The worst tier of those that stand and are not muted.
    pub(super) fn worst(&self, world: &World) -> Option<Tier> {
        let first = world.findings().get(*self.rows.first()?)?;
        (self.standing > 0).then_some(first.tier)
    }

    /// How many are muted.
    pub(super) fn muted(&self) -> usize {
        self.muted.len()
    }

    /// Whether this one is muted.
    pub(super) fn is_muted(&self, id: FindingId) -> bool {
        self.muted.contains(&id)
    }

    /// When the last one was cleared of those that are listed.
    pub(super) fn cleared(&self) -> Option<Stamp> {
        self.cleared
    }

    /// The selected finding.
    pub(super) fn selected<'a>(&self, world: &'a World) -> Option<&'a Finding> {
        world.findings().get(*self.rows.get(self.cursor.at())?)
    }

    /// How sure it is that something is wrong with this task: `None` where nothing stands that is more than statistical.
    pub(super) fn of_task(&self, task: TaskId) -> Option<Tier> {
        self.tasks.get(&task).copied()
    }

    /// The same of a resource.
    pub(super) fn of_resource(&self, resource: ResourceId) -> Option<Tier> {
        self.resources.get(&resource).copied()
    }

    /// Forgets the rows, for another process.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Mutes the selected finding, or no longer; says which of both.
    pub(super) fn mute(&mut self) -> Option<bool> {
        let id = *self.rows.get(self.cursor.at())?;
        let mutes = self.muted.insert(id);
        if !mutes {
            self.muted.remove(&id);
        }
        // Where it went the next one is, which is the one to look at now.
        self.cursor.release();
        self.subject = None;
        Some(mutes)
    }

    /// Moves the selection by so many rows.
    pub(super) fn step(&mut self, by: isize, height: usize) {
        self.cursor.step(by, &self.rows, height);
        self.subject = None;
    }

    /// Moves what is shown by so many rows.
    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.cursor.scroll(by, &self.rows, height);
    }

    /// Selects a row.
    pub(super) fn select(&mut self, row: usize, height: usize) {
        self.cursor.select(row, &self.rows, height);
        self.subject = None;
    }

    /// Computes the rows anew: what stands first, then what is over, then what is muted; of these the surest first, and
    /// what has stood longest.
    pub(super) fn refresh(&mut self, world: &World, height: usize) -> Settled {
        let findings = world.findings();
        self.muted.retain(|id| findings.get(*id).is_some());
        let mut rows: Vec<_> = findings.iter().collect();
        rows.sort_unstable_by_key(|finding| {
            let cleared = finding.cleared.map(std::cmp::Reverse);
            let tier = std::cmp::Reverse(finding.tier);
            let muted = self.is_muted(finding.id);
            (
                muted,
                cleared.is_some(),
                tier,
                cleared,
                finding.since,
                finding.id,
            )
        });
        self.rows.clear();
        self.rows.extend(rows.iter().map(|finding| finding.id));
        self.cleared = rows.iter().filter_map(|finding| finding.cleared).max();
        (self.standing, self.tasks, self.resources) = (0, BTreeMap::new(), BTreeMap::new());
        for finding in rows {
            if finding.cleared.is_some() || self.is_muted(finding.id) {
                continue;
            }
            self.standing += 1;
            if finding.tier == Tier::Statistical {
                continue;
            }
            for concern in &finding.subjects {
                // The worst comes first and stays.
                match &concern.subject {
                    Subject::Task(id) => {
                        self.tasks.entry(*id).or_insert(finding.tier);
                    }
                    Subject::Resource(id) => {
                        self.resources.entry(*id).or_insert(finding.tier);
                    }
                    Subject::Site(_) | Subject::Place(_) | Subject::Runtime(_) => {}
                }
            }
        }
        self.cursor.settle(&self.rows, height)
    }
}
