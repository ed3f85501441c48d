//! The bank of `scene`, and where its tasks wait.

use std::sync::Arc;

use taskscope_model::{
    Change, Code, Doing, Frame, Leaves, LongPoll, Place, Stack, StackId, Stamp, State, Vitals,
    Wait, World,
};

use crate::feed::{Hello, Source};
use crate::scene::{self, MS, NOW, SECOND, bank_changes, task, wait};

const TOKIO: &str = "/home/me/.cargo/registry/src/index-0123/tokio-1.48.0/src";

pub(crate) fn hello() -> Hello {
    let mut hello = scene::hello();
    hello.sources.push(Source {
        name: "stacks".to_owned(),
        active: true,
        events: 40,
        trial_events: 1,
    });
    hello.setup.debug_info = "full".to_owned();
    hello
}

pub(crate) fn id(number: u32) -> StackId {
    StackId::new(number).unwrap()
}

fn frame(function: &str, file: &str, line: u32) -> Frame {
    let code = if function.starts_with("tokio") {
        Code::Runtime
    } else if function.starts_with("hyper") {
        Code::Dependency
    } else {
        Code::App
    };
    Frame {
        function: function.into(),
        place: Place {
            file: file.into(),
            line,
            column: 9,
        },
        code,
    }
}

/// Names a stack.
pub(crate) fn stack(number: u32, frames: &[(&str, &str, u32)], whole: bool) -> Change {
    let frames = frames
        .iter()
        .map(|(function, file, line)| frame(function, file, *line));
    let stack = Stack {
        frames: frames.collect(),
        whole,
    };
    Change::Stack(id(number), Arc::new(stack))
}

/// A task left its waker at these stacks, so many polls ago.
pub(crate) fn leaves(tokio: u64, stacks: &[(u32, u8)]) -> Change {
    let vitals = Vitals {
        state: State::Idle,
        since: Stamp(NOW - 900 * MS),
        polls: 4,
        wakes: 3,
        wakers: stacks.len() as u32 + 1,
        leaves: Leaves::new(stacks.iter().map(|(stack, age)| (id(*stack), *age))),
        ..Vitals::at_birth(Stamp(0))
    };
    Change::Lived(task(tokio), vitals)
}

/// A task is in a poll that does not return, and was seen doing this; at a stack, or it is told why that is not known.
pub(crate) fn stuck(tokio: u64, doing: impl Into<Doing>, at: Result<u32, &str>) -> [Change; 2] {
    let Change::Lived(task, mut vitals) = leaves(tokio, &[]) else {
        unreachable!("leaves tell of a life");
    };
    vitals.state = State::Running;
    let poll = LongPoll {
        task,
        since: vitals.since,
        seen: vitals.since,
        doing: doing.into(),
        stack: at.ok().map(id),
        proven: false,
        unseen: at.err().unwrap_or_default().into(),
    };
    [
        Change::Lived(task, vitals),
        Change::LongPoll(Box::new(poll)),
    ]
}

/// All that the bank has told, with its stacks.
pub(crate) fn bank() -> Vec<Change> {
    let mutex = format!("{TOKIO}/sync/mutex.rs");
    let notify = format!("{TOKIO}/sync/notify.rs");
    let sleep = format!("{TOKIO}/time/sleep.rs");
    let lock = ("tokio::sync::mutex::Mutex::lock", mutex.as_str(), 435);
    let serve = ("bank::serve::conn", "src/serve.rs", 44);
    let stopped = ("bank::serve::stopped", "src/serve.rs", 90);
    let hyper = "/home/me/.cargo/registry/src/index-0123/hyper-1.7.0/src/proto.rs";
    let mut changes = bank_changes();
    changes.extend([
        stack(
            1,
            &[
                lock,
                ("bank::apply", "src/bank.rs", 101),
                ("bank::transfer", "src/bank.rs", 60),
            ],
            true,
        ),
        stack(2, &[lock, ("bank::audit", "src/bank.rs", 77)], true),
        stack(3, &[lock, ("bank::transfer", "src/bank.rs", 58)], true),
        stack(
            4,
            &[
                ("tokio::sync::notify::Notified::poll", &notify, 1_100),
                stopped,
                serve,
            ],
            true,
        ),
        stack(
            5,
            &[("tokio::time::sleep::Sleep::poll", &sleep, 400), serve],
            true,
        ),
        stack(6, &[("hyper::proto::read \u{1b}[2J", hyper, 33)], false),
        Change::Wait(Wait {
            stack: Some(id(1)),
            ..wait(2, 2, 17, 41_100 * MS)
        }),
        Change::Wait(Wait {
            stack: Some(id(2)),
            ..wait(1, 1, 18, 41_100 * MS)
        }),
        // Of this one no frames were told.
        leaves(3, &[(9, 0)]),
        leaves(60, &[(4, 0)]),
        leaves(61, &[(4, 0)]),
        leaves(62, &[(4, 0), (5, 0), (6, 7)]),
    ]);
    for n in 0..14 {
        changes.push(Change::Wait(Wait {
            stack: Some(id(3)),
            ..wait(10 + n, 1, 20 + n, (30 - n) * SECOND)
        }));
    }
    // Those of serve wait for nothing that is tracked.
    changes.extend([40, 41, 42].map(|n| {
        let over = taskscope_model::WaitId::new(n).unwrap();
        Change::WaitOver(over)
    }));
    changes
}

pub(crate) fn world() -> World {
    scene::world(bank())
}
