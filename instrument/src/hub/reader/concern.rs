//! What concerns a few tasks of what tasks share: their waits, what they hold or wait for, findings about them.

use std::collections::{BTreeMap, BTreeSet};

use taskscope_model::{
    Finding, FindingId, Resource, ResourceId, Subject, TaskId, Wait, WaitId, World,
};

use super::shared::SharedNews;

/// So many of each are told, whatever the tasks do.
const MOST: usize = 1024;

/// What a reader that named its tasks has been told of what they share. It is looked up anew each time, since that costs
/// what these few tasks have, and told where it is not as before.
#[derive(Debug, Default)]
pub(super) struct Concern {
    resources: BTreeMap<ResourceId, Resource>,
    waits: BTreeMap<WaitId, Wait>,
    findings: BTreeMap<FindingId, Finding>,
}

impl Concern {
    /// Tells what is not as it was told before.
    pub(super) fn read(
        &mut self,
        tasks: &BTreeSet<TaskId>,
        world: &World,
        with_resources: bool,
        news: &mut SharedNews,
    ) {
        if with_resources {
            let waits = tasks.iter().flat_map(|task| world.waits_of(*task));
            let waits: BTreeMap<_, _> = waits.take(MOST).map(|wait| (wait.id, *wait)).collect();
            let awaited = waits
                .values()
                .filter_map(|wait| world.resource(wait.resource));
            let held = tasks.iter().flat_map(|task| world.held_by(*task));
            let resources = awaited.chain(held).take(MOST);
            let resources = resources.map(|one| (one.id, one.clone())).collect();
            tell(
                &mut self.resources,
                resources,
                &mut news.resources,
                &mut news.resources_gone,
            );
            tell(
                &mut self.waits,
                waits,
                &mut news.waits,
                &mut news.waits_over,
            );
        }
        let concerns = |finding: &&Finding| {
            finding.subjects.iter().any(
                |concern| matches!(&concern.subject, Subject::Task(task) if tasks.contains(task)),
            )
        };
        let findings = world.findings().iter().filter(concerns).take(MOST);
        let findings = findings.map(|one| (one.id, one.clone())).collect();
        tell(
            &mut self.findings,
            findings,
            &mut news.findings,
            &mut news.findings_gone,
        );
    }
}

/// Tells in what way `now` differs from what was told before.
fn tell<K: Copy + Ord, V: Clone + PartialEq>(
    told: &mut BTreeMap<K, V>,
    now: BTreeMap<K, V>,
    is: &mut Vec<V>,
    gone: &mut Vec<K>,
) {
    gone.extend(told.keys().filter(|id| !now.contains_key(id)));
    let news = now.iter().filter(|(id, value)| told.get(id) != Some(value));
    is.extend(news.map(|(_, value)| value.clone()));
    *told = now;
}
