//! How findings speak of tasks, resources and times.

use std::fmt::Display;

use crate::{
    Code, Frame, Holder, Kind, Nanos, Place, PlaceId, ResourceId, ResourceKind, SiteId, Stack,
    StackId, Task, TaskId, WaitId, World,
};

/// Names in a row beyond this many are counted.
const NAMES: usize = 4;
/// Frames of a stack in a sentence.
const FRAMES: usize = 3;
/// The characters of a name beyond this many are left out.
const NAME: usize = 64;

/// How findings speak of what a world has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'w>(pub(super) &'w World);

impl Words<'_> {
    /// `transfer #17`, or `task #17 at bank.rs:55` where it has no name.
    pub(super) fn task(&self, id: TaskId) -> String {
        let Some(task) = self.0.task(id) else {
            return "a task that is no longer listed".to_owned();
        };
        let number = task.birth.tokio_id.map(|id| format!(" #{id}"));
        let number = number.unwrap_or_default();
        match &task.birth.name {
            Some(name) => format!("{}{number}", plain(name)),
            None => format!("task{number} at {}", self.site(task.birth.site)),
        }
    }

    /// All of them, as far as they are few.
    pub(super) fn tasks(&self, ids: &[TaskId], all: usize) -> String {
        let names = ids.iter().take(NAMES).map(|id| self.task(*id)).collect();
        list(names, all)
    }

    /// `bank.rs:55`.
    pub(super) fn site(&self, id: SiteId) -> String {
        self.0
            .site(id)
            .map_or_else(|| "?".to_owned(), |site| plain(&site.short()))
    }

    /// `the tasks spawned at bank.rs:55`, as the site's kind asks for.
    pub(super) fn tasks_of(&self, id: SiteId, count: usize) -> String {
        let kind = self.0.site(id).map(|site| site.kind).unwrap_or_default();
        let noun = if kind == Kind::Blocking {
            "closure"
        } else {
            "task"
        };
        format!("{} spawned at {}", counted(count, noun), self.site(id))
    }

    /// `Mutex bank.rs:31`. A channel has no place: it is called by the task that receives from it, as far as that was seen,
    /// else by the one that made it: `mpsc channel to kitchen #3`.
    pub(super) fn resource(&self, id: ResourceId) -> String {
        let Some(resource) = self.0.resource(id) else {
            return "a resource that is no longer listed".to_owned();
        };
        let name = self.place(resource.origin.kind, resource.origin.place);
        match (resource.usage.receiver, resource.origin.creator) {
            _ if resource.origin.kind != ResourceKind::Mpsc => name,
            (Some(receiver), _) => format!("{name} to {}", self.task(receiver)),
            (None, Some(creator)) => format!("{name} made by {}", self.task(creator)),
            (None, None) => name,
        }
    }

    /// `std::thread::sleep, called at api.rs:133 in api::upload, at api.rs:120 in api::handle`: the innermost frames of a
    /// stack as far as they tell.
    pub(super) fn chain(&self, stack: &Stack) -> Option<String> {
        let leaf = stack.frames.first()?;
        let mut words = Vec::new();
        if !leaf.is_own() {
            words.push(plain(&leaf.function));
        }
        let own: Vec<&Frame> = stack.own().collect();
        // A dependency may be deep: the app's own line matters more than how it got there from it.
        let app = own.iter().position(|frame| frame.code == Code::App);
        let skipped = app.filter(|app| *app >= FRAMES).map_or(1, |app| app);
        let outer = own.iter().skip(skipped);
        let told = own.iter().take(1).chain(outer).take(FRAMES);
        words.extend(told.map(|frame| {
            let place = frame.place.short();
            match (place.is_empty(), frame.function.is_empty()) {
                (true, _) => format!("in {}", plain(&frame.function)),
                (false, true) => format!("at {}", plain(&place)),
                (false, false) => format!("at {} in {}", plain(&place), plain(&frame.function)),
            }
        }));
        Some(words.join(", ")).filter(|words| !words.is_empty())
    }

    /// `in its last poll it left a waker in oneshot::Receiver, at api.rs:133 in api::upload`, if it did so.
    pub(super) fn last_waker(&self, task: &Task) -> Option<String> {
        let (stack, age) = task.vitals.leaves.newest()?;
        let chain = self.chain(self.0.stack(stack)?)?;
        (age == 0).then(|| format!("in its last poll it left a waker in {chain}"))
    }

    /// `, taken at bank.rs:60`, with what is to stand `before` it: the line of the app at which this stack stands; empty
    /// where that is not known.
    pub(super) fn at(&self, before: &str, stack: Option<StackId>) -> String {
        let stack = stack.and_then(|id| self.0.stack(id));
        let line = stack.and_then(|stack| stack.line());
        line.map_or_else(String::new, |frame| {
            format!("{before} at {}", plain(&frame.place.short()))
        })
    }

    /// The same of a wait.
    pub(super) fn waits_at(&self, before: &str, wait: WaitId) -> String {
        let wait = self.0.waits().get(wait);
        self.at(before, wait.and_then(|wait| wait.stack))
    }

    /// The same of the place where a task took what it holds.
    pub(super) fn taken_at(&self, before: &str, task: TaskId, resource: ResourceId) -> String {
        let usage = self.0.resource(resource).map(|resource| &resource.usage);
        let mut holds = usage.into_iter().flat_map(|usage| &usage.holds);
        let hold = holds.find(|hold| hold.holder == Holder::Task(task));
        self.at(before, hold.and_then(|hold| hold.stack))
    }

    /// The same of all lines at which a task stands for sure.
    pub(super) fn stands(&self, before: &str, task: &Task) -> String {
        let awaits = self.0.awaits(task).into_iter();
        let mut lines: Vec<_> = awaits
            .filter(|place| place.sure)
            .filter_map(|place| self.0.stack(place.stack?)?.line())
            .map(|frame| plain(&frame.place.short()))
            .collect();
        lines.dedup();
        let all = lines.len();
        lines.truncate(NAMES);
        if lines.is_empty() {
            return String::new();
        }
        format!("{before} at {}", list(lines, all))
    }

    /// The same, by the kind and the place where it was made.
    pub(super) fn place(&self, kind: ResourceKind, place: PlaceId) -> String {
        let place = self.0.place(place);
        match place.filter(|place| !place.file.is_empty()) {
            Some(place) if Place::is_of_default(&place.file) => {
                format!("{kind} made by Default/From")
            }
            // All of them are made in one place of tokio's own.
            Some(_) if kind == ResourceKind::OnceCell => kind.to_string(),
            Some(place) => {
                let file = place.file.rsplit(['/', '\\']).next().unwrap_or_default();
                format!("{kind} {}:{}", plain(file), place.line)
            }
            None if kind == ResourceKind::Mpsc => "mpsc channel".to_owned(),
            None => kind.to_string(),
        }
    }
}

/// `a, b and 3 more`.
pub(super) fn list(mut names: Vec<String>, all: usize) -> String {
    let rest = all.saturating_sub(names.len());
    let last = if rest > 0 {
        Some(format!("{rest} more"))
    } else {
        names.pop()
    };
    let last = last.unwrap_or_default();
    if names.is_empty() {
        last
    } else {
        format!("{} and {last}", names.join(", "))
    }
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// Three digits and one unit: `41.2s`, `3.10s`, `812ms`.
pub(super) fn time(time: Nanos) -> String {
    let nanos = time.0 as f64;
    for (unit, length) in [("s", 1e9), ("ms", 1e6), ("µs", 1e3)] {
        if nanos >= length {
            return three_digits(nanos / length, unit);
        }
    }
    format!("{}ns", time.0)
}

/// `16.0 KiB`, `312 bytes`.
pub(super) fn bytes(bytes: u64) -> String {
    let size = bytes as f64;
    for (unit, length) in [
        (" GiB", 1_073_741_824.0),
        (" MiB", 1_048_576.0),
        (" KiB", 1024.0),
    ] {
        if size >= length {
            return three_digits(size / length, unit);
        }
    }
    counted(bytes, "byte")
}

fn three_digits(number: f64, unit: impl Display) -> String {
    let digits = match number {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$}{unit}")
}

/// Names are the app's data: no control character of them gets into a sentence.
fn plain(name: &str) -> String {
    let shown = name.chars().take(NAME);
    let mut plain: String = shown
        .map(|c| if c.is_control() { '·' } else { c })
        .collect();
    if name.chars().nth(NAME).is_some() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Words, bytes, counted, list, time};
    use crate::ResourceKind::{Mpsc, Mutex};
    use crate::script::{Script, resource, task};
    use crate::{Birth, Change, Code, Frame, Nanos, SiteId, Stack, Stamp, Vitals};

    #[test]
    fn tasks_have_their_names_and_numbers() {
        let mut script = Script::new();
        script.task(17);
        for (number, name) in [
            (18, "transfer".to_owned()),
            (19, format!("a\x1b[31m{}", "x".repeat(100))),
        ] {
            let birth = Birth {
                tokio_id: Some(number.try_into().unwrap()),
                parent: None,
                name: Some(name.into()),
                site: SiteId(0),
                created: Stamp(0),
            };
            let vitals = Vitals::at_birth(Stamp(0));
            script.apply(Change::Born(task(number), Box::new(birth), vitals));
        }
        let words = Words(&script.world);
        assert_eq!(words.task(task(17)), "task #17 at task.rs:1");
        assert_eq!(words.task(task(18)), "transfer #18");
        let hostile = words.task(task(19));
        assert!(
            hostile.starts_with("a·[31mxxx") && hostile.ends_with("x… #19"),
            "{hostile}"
        );
        assert_eq!(words.task(task(20)), "a task that is no longer listed");
        let ids = [task(18); 9];
        assert_eq!(
            words.tasks(&ids, 9),
            "transfer #18, transfer #18, transfer #18, transfer #18 and 5 more"
        );
        assert_eq!(
            words.tasks_of(SiteId(1), 2),
            "2 closures spawned at blocking.rs:2"
        );
        assert_eq!(words.site(SiteId(99)), "?");
    }

    #[test]
    fn resources_have_their_kinds_and_places() {
        let mut script = Script::new();
        script.made(31, Mutex).made(32, Mpsc);
        script.apply(Change::Place(crate::PlaceId(32), crate::Place::default()));
        let words = Words(&script.world);
        assert_eq!(words.resource(resource(31)), "Mutex lock.rs:31");
        assert_eq!(words.resource(resource(32)), "mpsc channel");
        script
            .task(3)
            .usage(32, |usage| usage.receiver = Some(task(3)));
        let tokios = crate::Place {
            file: "/registry/src/index/tokio-1.54.1/src/sync/mutex.rs".into(),
            line: 806,
            column: 9,
        };
        script.apply(Change::Place(crate::PlaceId(31), tokios));
        let words = Words(&script.world);
        assert_eq!(
            words.resource(resource(32)),
            "mpsc channel to task #3 at task.rs:1"
        );
        assert_eq!(words.resource(resource(31)), "Mutex made by Default/From");
        assert_eq!(
            words.resource(resource(33)),
            "a resource that is no longer listed"
        );
    }

    #[test]
    fn the_apps_own_line_is_told_however_deep_a_dependency_is() {
        let script = Script::new();
        let chain = |codes: &[Code]| {
            let frame = |(i, code): (usize, &Code)| Frame {
                function: format!("f{i}").into(),
                code: *code,
                ..Frame::default()
            };
            let frames = codes.iter().enumerate().map(frame).collect();
            let whole = true;
            let told = Words(&script.world).chain(&Stack { frames, whole });
            told.unwrap_or_default()
        };
        use Code::{App, Dependency, Runtime};
        assert_eq!(
            chain(&[Runtime, App, App, App, App]),
            "f0, in f1, in f2, in f3"
        );
        let deep = [Runtime, Dependency, Dependency, Dependency, App, App, App];
        assert_eq!(chain(&deep), "f0, in f1, in f4, in f5");
        assert_eq!(chain(&[Dependency; 5]), "in f0, in f1, in f2");
        assert_eq!(chain(&[]), "");
    }

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let times = [
            41_200_000_000,
            3_100_000_000,
            812_000_000,
            9_996_000_000,
            1500,
            999,
            0,
        ];
        let shown = times.map(|nanos| time(Nanos(nanos)));
        assert_eq!(
            shown,
            ["41.2s", "3.10s", "812ms", "10.0s", "1.50µs", "999ns", "0ns"]
        );
        let sizes = [312, 1, 16 << 10, 3 << 20, 5 << 30].map(bytes);
        assert_eq!(
            sizes,
            ["312 bytes", "1 byte", "16.0 KiB", "3.00 MiB", "5.00 GiB"]
        );
        assert_eq!(
            (counted(1_usize, "task"), counted(0_u64, "task")),
            ("1 task".into(), "0 tasks".into())
        );
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(list(names(1), 1), "0");
        assert_eq!(list(names(2), 2), "0 and 1");
        assert_eq!(list(names(2), 5), "0, 1 and 3 more");
        assert_eq!(list(names(0), 0), "");
    }
}
