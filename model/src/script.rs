//! Worlds for tests, told as short scripts.

use std::num::{NonZeroU16, NonZeroU64};
use std::sync::Arc;

use crate::{
    Activity, Birth, Change, Code, Doing, Frame, Hold, Holder, Kind, LongPoll, Mode, Nanos, Origin,
    Place, PlaceId, Resource, ResourceId, ResourceKind, RuntimeId, Site, SiteId, Stack, StackId,
    Stamp, State, TaskId, Usage, Vitals, Wait, WaitId, World,
};

pub(crate) fn task(number: u64) -> TaskId {
    TaskId::new(number).unwrap()
}

pub(crate) fn resource(number: u64) -> ResourceId {
    ResourceId::new(number).unwrap()
}

pub(crate) fn wait(number: u64) -> WaitId {
    WaitId::new(number).unwrap()
}

pub(crate) fn stack_id(number: u32) -> StackId {
    StackId::new(number).unwrap()
}

pub(crate) fn ms(millis: u64) -> Stamp {
    Stamp(millis * 1_000_000)
}

pub(crate) fn millis(millis: u64) -> Nanos {
    Nanos(millis * 1_000_000)
}

pub(crate) const RUNTIME: RuntimeId = RuntimeId(NonZeroU16::MIN);

/// A world and the means to let things happen in it. Tasks are idle unless told otherwise. They have one waker with
/// something that is not told; once they wait, they have as many as they have waits in queues.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) world: World,
    waits: u64,
}

impl Script {
    /// A world at second 10, with one site for each kind: `task.rs:1`, `blocking.rs:2`, `block_on.rs:3`.
    pub(crate) fn new() -> Self {
        let mut script = Self::default();
        for (i, kind) in [Kind::Task, Kind::Blocking, Kind::BlockOn]
            .into_iter()
            .enumerate()
        {
            let site = Site {
                file: format!("src/{}.rs", kind.as_str()).into(),
                line: i as u32 + 1,
                kind,
                size: 128,
                ..Site::default()
            };
            script.apply(Change::Site(SiteId(i as u32), Box::new(site)));
        }
        script.now(10_000);
        script
    }

    pub(crate) fn apply(&mut self, change: Change) -> &mut Self {
        self.world.apply(change);
        self
    }

    pub(crate) fn now(&mut self, millis: u64) -> &mut Self {
        self.apply(Change::Now(ms(millis)))
    }

    /// An idle task that was polled once, at birth.
    pub(crate) fn task(&mut self, number: u64) -> &mut Self {
        self.task_at(number, 0, None)
    }

    pub(crate) fn task_at(&mut self, number: u64, site: u32, parent: Option<u64>) -> &mut Self {
        let created = self.world.now();
        let birth = Birth {
            tokio_id: NonZeroU64::new(number),
            parent: parent.map(task),
            name: None,
            site: SiteId(site),
            created,
        };
        let vitals = Vitals {
            state: State::Idle,
            polls: 1,
            wakers: 1,
            runtime: Some(RUNTIME),
            ..Vitals::at_birth(created)
        };
        self.apply(Change::Born(task(number), Box::new(birth), vitals))
    }

    pub(crate) fn vitals(&mut self, number: u64, change: impl FnOnce(&mut Vitals)) -> &mut Self {
        let id = task(number);
        let mut vitals = self.world.task(id).unwrap().vitals;
        change(&mut vitals);
        self.apply(Change::Lived(id, vitals))
    }

    /// A lock or channel that nobody holds, made at `lock.rs:NUMBER`.
    pub(crate) fn made(&mut self, number: u64, kind: ResourceKind) -> &mut Self {
        let place = Place {
            file: "src/lock.rs".into(),
            line: number as u32,
            column: 1,
        };
        self.apply(Change::Place(PlaceId(number as u32), place));
        let resource = Resource {
            id: resource(number),
            origin: Origin {
                kind,
                place: PlaceId(number as u32),
                created: self.world.now(),
                creator: None,
            },
            usage: Usage::default(),
        };
        self.apply(Change::Resource(Box::new(resource)))
    }

    pub(crate) fn usage(&mut self, number: u64, change: impl FnOnce(&mut Usage)) -> &mut Self {
        let mut resource = self.world.resource(resource(number)).unwrap().clone();
        change(&mut resource.usage);
        self.apply(Change::Resource(Box::new(resource)))
    }

    fn mode(&self, number: u64) -> Mode {
        match self.world.resource(resource(number)).unwrap().origin.kind {
            ResourceKind::Semaphore | ResourceKind::Mpsc => Mode::Permits,
            _ => Mode::Exclusive,
        }
    }

    pub(crate) fn holds(&mut self, by: u64, what: u64) -> &mut Self {
        self.holds_as(by, what, self.mode(what), 1)
    }

    pub(crate) fn reads(&mut self, by: u64, what: u64) -> &mut Self {
        self.holds_as(by, what, Mode::Shared, 1)
    }

    pub(crate) fn holds_as(&mut self, by: u64, what: u64, mode: Mode, permits: u64) -> &mut Self {
        let since = self.world.now();
        self.usage(what, |usage| {
            usage.holds.push(Hold {
                holder: Holder::Task(task(by)),
                mode,
                permits,
                since,
                awaits: 1,
                stack: None,
            });
        })
    }

    pub(crate) fn releases(&mut self, by: u64, what: u64) -> &mut Self {
        let by = Holder::Task(task(by));
        self.usage(what, |usage| usage.holds.retain(|hold| hold.holder != by))
    }

    /// The task waits from now on, last in the queue, and has a waker for it. Waits are numbered from 1.
    pub(crate) fn waits(&mut self, by: u64, what: u64) -> &mut Self {
        self.waits_as(by, what, self.mode(what), 1)
    }

    pub(crate) fn waits_to_read(&mut self, by: u64, what: u64) -> &mut Self {
        self.waits_as(by, what, Mode::Shared, 1)
    }

    pub(crate) fn waits_as(&mut self, by: u64, what: u64, mode: Mode, permits: u64) -> &mut Self {
        let now = self.world.now();
        self.waits += 1;
        let wait = Wait {
            id: wait(self.waits),
            resource: resource(what),
            task: Some(task(by)),
            mode,
            permits,
            since: now,
            polled: now,
            order: self.waits,
            granted: None,
            timed: false,
            stack: None,
        };
        self.apply(Change::Wait(wait));
        let waits = self.world.waits_of(task(by));
        let queued = waits.filter(|wait| wait.granted.is_none()).count();
        self.vitals(by, |vitals| {
            vitals.state = State::Idle;
            vitals.since = now;
            vitals.wakers = queued as u32;
        })
    }

    pub(crate) fn wait(&mut self, number: u64, change: impl FnOnce(&mut Wait)) -> &mut Self {
        let mut wait = *self.world.waits().get(wait(number)).unwrap();
        change(&mut wait);
        self.apply(Change::Wait(wait))
    }

    /// The wait is granted now; its task is polled after it and does not poll the wait.
    pub(crate) fn parks(&mut self, number: u64) -> &mut Self {
        let now = self.world.now();
        let by = self.world.waits().get(wait(number)).unwrap().task.unwrap();
        self.wait(number, |wait| wait.granted = Some(now));
        self.vitals(by.number(), |vitals| {
            vitals.since = now + Nanos(1000);
            vitals.wakers -= 1;
        })
    }

    /// The stack with this number: whose code each frame is, its function, and its line of `app.rs`; the innermost first.
    pub(crate) fn stack(&mut self, number: u32, frames: &[(Code, &str, u32)]) -> &mut Self {
        let frame = |(code, function, line): &(Code, &str, u32)| Frame {
            function: (*function).into(),
            place: Place {
                file: "src/app.rs".into(),
                line: *line,
                column: 1,
            },
            code: *code,
        };
        let stack = Stack {
            frames: frames.iter().map(frame).collect(),
            whole: true,
        };
        self.apply(Change::Stack(stack_id(number), Arc::new(stack)))
    }

    /// The poll of this task that began then was seen blocked in a system call, at this stack.
    pub(crate) fn blocked(&mut self, by: u64, since: u64, at: u32, in_place: bool) -> &mut Self {
        self.apply(Change::LongPoll(Box::new(LongPoll {
            task: task(by),
            since: ms(since),
            seen: ms(since + 300),
            doing: Doing {
                activity: Activity::Blocked("nanosleep".into()),
                in_place,
            },
            stack: Some(stack_id(at)),
            proven: true,
            unseen: "".into(),
        })))
    }

    /// Two tasks, 1 and 2, that have locks 1 and 2 and want the other's.
    pub(crate) fn crossed() -> Self {
        let mut script = Self::new();
        script.task(1).task(2);
        script
            .made(1, ResourceKind::Mutex)
            .made(2, ResourceKind::Mutex);
        script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
        script
    }
}
