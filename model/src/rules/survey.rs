//! One pass over the tasks for all rules, at the cost of those that changed and those that may be in trouble.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::{Code, Kind, Revision, RuntimeId, SiteId, State, Task, TaskId, World};

/// A task that was polled fewer times is not among those of which a name is missing.
const OFTEN: u64 = 1000;

/// The tasks that rules look at.
#[derive(Debug, Default)]
pub(super) struct Survey<'w> {
    /// In a poll: blocking closures are not among them.
    pub(super) running: Vec<&'w Task>,
    /// Woken and not polled: blocking closures are not among them.
    pub(super) scheduled: Vec<&'w Task>,
    /// Idle without a waker, of kinds whose wakers can be seen.
    pub(super) mute: Vec<&'w Task>,
    /// Changed since the last look and has woken itself, or yielded when it was polled last.
    pub(super) self_waking: Vec<&'w Task>,
    /// Changed since the last look and does not wait, and the stack of its last wait has no name yet. Only such as were polled
    /// often.
    pub(super) unnamed: Vec<&'w Task>,
    /// Changed since the last look and has been in long polls, on average.
    pub(super) slow: Vec<&'w Task>,
    /// Blocking closures that wait for a thread.
    pub(super) queued: Vec<&'w Task>,
    /// How many blocking closures run.
    pub(super) blocking: usize,
}

/// How many tasks of a site are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) live: u64,
    pub(super) ended: u64,
}

/// What is remembered of the last pass: some bytes for each 64 tasks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    blocks: Vec<Visited>,
    moved: Revision,
    seen: Revision,
    /// The tasks of each site.
    pub(super) sites: HashMap<SiteId, Listed, FixedState>,
}

#[derive(Debug, Default)]
struct Visited {
    // Whether time alone can make a task of it a case for a rule.
    watch: bool,
    sites: Vec<(SiteId, Listed)>,
}

/// The kind of a task.
pub(super) fn kind(world: &World, task: &Task) -> Kind {
    world
        .site(task.birth.site)
        .map(|site| site.kind)
        .unwrap_or_default()
}

/// The runtime of a task: that which polled it, else that of the task which spawned it.
pub(super) fn runtime(world: &World, task: &Task) -> Option<RuntimeId> {
    let parent = || world.task(task.birth.parent?)?.vitals.runtime;
    task.vitals.runtime.or_else(parent)
}

/// Whether nobody has named the stack yet at which this task left its last waker.
pub(super) fn has_no_name(world: &World, task: &Task) -> bool {
    let newest = task.vitals.leaves.newest();
    newest.is_some_and(|(id, _)| world.stack(id).is_none())
}

/// Whether the last poll of a task yielded: then it is the runtime that wakes it, at once and for nobody. Not known where no
/// stacks are caught, or where nobody has looked so far.
pub(super) fn yields(world: &World, task: &Task) -> bool {
    let newest = task.vitals.leaves.newest();
    let stack = newest.and_then(|(id, _)| world.stack(id));
    let leaf = stack.and_then(|stack| stack.frames.first());
    leaf.is_some_and(|leaf| leaf.code == Code::Runtime && leaf.function.contains("yield_now"))
}

/// The names of some tasks.
pub(super) fn ids<'t>(tasks: impl IntoIterator<Item = &'t &'t Task>) -> Vec<TaskId> {
    tasks.into_iter().map(|task| task.id).collect()
}

impl<'w> Survey<'w> {
    /// Passes over the tasks. Those that time alone can't turn into a case are left out if they have not changed.
    pub(super) fn of(world: &'w World, slow: crate::Nanos, memory: &mut Memory) -> Self {
        if world.moved() > memory.moved || world.blocks() < memory.blocks.len() {
            *memory = Memory {
                moved: world.moved(),
                ..Memory::default()
            };
        }
        let mut survey = Self::default();
        let seen = memory.seen;
        memory.blocks.resize_with(world.blocks(), Visited::default);
        for (number, visited) in memory.blocks.iter_mut().enumerate() {
            let Some(block) = world.block(number) else {
                break;
            };
            let changed = block.changed() > seen;
            if !changed && !visited.watch {
                continue;
            }
            visited.watch = false;
            if changed {
                for (site, listed) in visited.sites.drain(..) {
                    forget(&mut memory.sites, site, listed);
                }
            }
            for task in block.tasks() {
                let kind = kind(world, task);
                visited.watch |= survey.watch(task, kind);
                if changed {
                    count(&mut visited.sites, task);
                    if task.changed() > seen {
                        survey.news(world, task, kind, slow);
                    }
                }
            }
            if changed {
                visited.sites.shrink_to_fit();
                for (site, listed) in &visited.sites {
                    let sum = memory.sites.entry(*site).or_default();
                    sum.live += listed.live;
                    sum.ended += listed.ended;
                }
            }
        }
        memory.seen = world.revision();
        survey
    }

    /// Whether time alone can make this task a case.
    fn watch(&mut self, task: &'w Task, kind: Kind) -> bool {
        let list = match (task.vitals.state, kind) {
            (State::Running, Kind::Blocking) => {
                self.blocking += 1;
                return true;
            }
            (State::Scheduled, Kind::Blocking) => &mut self.queued,
            (State::Running, _) => &mut self.running,
            (State::Scheduled, _) => &mut self.scheduled,
            (State::Idle, Kind::Task | Kind::Local) if task.vitals.wakers == 0 => &mut self.mute,
            _ => return false,
        };
        list.push(task);
        true
    }

    fn news(&mut self, world: &World, task: &'w Task, kind: Kind, slow: crate::Nanos) {
        if kind == Kind::Blocking {
            return;
        }
        let is_ready = matches!(task.vitals.state, State::Running | State::Scheduled);
        if is_ready && task.vitals.polls >= OFTEN && has_no_name(world, task) {
            self.unnamed.push(task);
        }
        let wakes_itself = task.vitals.self_wakes > 0 || yields(world, task);
        if wakes_itself && !task.vitals.state.has_ended() {
            self.self_waking.push(task);
        }
        let vitals = &task.vitals;
        let on_average = vitals.busy.0.checked_div(vitals.polls).unwrap_or(0);
        let in_sketch = || {
            let sketches = task.sketches.as_ref();
            let last = sketches.and_then(|sketches| sketches.polls.buckets().last());
            last.is_some_and(|bucket| bucket.from >= slow)
        };
        if on_average >= slow.0 || in_sketch() {
            self.slow.push(task);
        }
    }
}

fn count(sites: &mut Vec<(SiteId, Listed)>, task: &Task) {
    let site = task.birth.site;
    let place = sites
        .iter()
        .position(|(id, _)| *id == site)
        .unwrap_or_else(|| {
            sites.push((site, Listed::default()));
            sites.len() - 1
        });
    let (_, listed) = &mut sites[place];
    if task.vitals.state.has_ended() {
        listed.ended += 1;
    } else {
        listed.live += 1;
    }
}

fn forget(sites: &mut HashMap<SiteId, Listed, FixedState>, site: SiteId, listed: Listed) {
    if let Some(sum) = sites.get_mut(&site) {
        sum.live -= listed.live;
        sum.ended -= listed.ended;
        if *sum == Listed::default() {
            sites.remove(&site);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Memory, Survey, yields};
    use crate::script::{Script, millis, stack_id, task};
    use crate::{Change, Code, Leaves, SiteId, State};

    #[test]
    fn tasks_that_moved_are_counted_where_they_are_now() {
        let mut script = Script::new();
        let mut memory = Memory::default();
        for n in 1..=10_000 {
            script.task_at(n, if n % 10 == 0 { 3 } else { 0 }, None);
        }
        Survey::of(&script.world, millis(750), &mut memory);
        let live = |memory: &Memory, site| memory.sites.get(&SiteId(site)).map(|sum| sum.live);
        assert_eq!(live(&memory, 0), Some(9000));
        for n in (1..=10_000).filter(|n| n % 10 != 0) {
            script.apply(Change::Gone(task(n)));
        }
        // As many blocks as before, or more.
        (10_001..=20_000).for_each(|n| _ = script.task_at(n, 4, None));
        Survey::of(&script.world, millis(750), &mut memory);
        assert_eq!(live(&memory, 0), None);
        assert_eq!(
            (live(&memory, 3), live(&memory, 4)),
            (Some(1000), Some(10_000))
        );
        let mut anew = Memory::default();
        Survey::of(&script.world, millis(750), &mut anew);
        let sorted = |memory: Memory| {
            let mut sites: Vec<(SiteId, Listed)> = memory.sites.into_iter().collect();
            sites.sort_by_key(|(site, _)| *site);
            sites
        };
        assert_eq!(sorted(memory), sorted(anew));
    }

    #[test]
    fn who_wakes_itself_lives_and_has_done_so() {
        let mut script = Script::new();
        script.task(1).task(2).task(3);
        script.vitals(2, |v| v.self_wakes = 1);
        script.vitals(3, |v| (v.state, v.self_wakes) = (State::Done, 1));
        let survey = Survey::of(&script.world, millis(750), &mut Memory::default());
        assert_eq!(super::ids(&survey.self_waking), [task(2)]);
    }

    #[test]
    fn who_yields_is_told_by_the_runtimes_own_function() {
        let told = |code, function: &str| {
            let mut script = Script::new();
            script.task(1).stack(1, &[(code, function, 1)]);
            script.vitals(1, |v| v.leaves = Leaves::new([(stack_id(1), 0)]));
            yields(&script.world, script.world.task(task(1)).expect("it lives"))
        };
        assert!(told(Code::Runtime, "tokio::task::yield_now::yield_now"));
        assert!(!told(Code::Runtime, "tokio::time::sleep::sleep"));
        assert!(!told(Code::App, "app::yield_now"));
    }
}
