//! Where in the source a task waits: stacks of the places at which it left its waker.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::{Place, StackId, WaitId};

/// Entries of [`Leaves`].
const LEAVES: usize = 4;

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The app's own, as far as can be told.
    #[default]
    App,
    /// A crate that the app depends on.
    Dependency,
    /// tokio's.
    Runtime,
    /// The standard library's.
    Std,
}

impl Code {
    /// The word that JSON uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Dependency => "dependency",
            Self::Runtime => "runtime",
            Self::Std => "std",
        }
    }
}

/// One function on a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Its name, as a person reads it; where there is none, the module and the offset within.
    pub function: Arc<str>,
    /// The line in it that is under way; unknown in a build without line tables.
    pub place: Place,
    /// Whose code it is.
    pub code: Code,
}

impl Frame {
    /// Whether it is the app's code, or that of a crate that it depends on.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.code, Code::App | Code::Dependency)
    }
}

/// What a person wants to see of a stack: the futures of the app and of its dependencies between a wait and the task's own
/// future, and the operation of the runtime that the innermost of them awaits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stack {
    /// The innermost first.
    pub frames: Vec<Frame>,
    /// It goes up to the task's own future; else the outer part is not known.
    pub whole: bool,
}

impl Stack {
    /// The frames of the app and of what it depends on, the innermost first.
    pub fn own(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| frame.is_own())
    }

    /// The innermost frame of the app; where it has none on this stack, that of a dependency.
    #[must_use]
    pub fn line(&self) -> Option<&Frame> {
        let of = |code| {
            self.frames
                .iter()
                .find(move |frame| frame.code == code && frame.place.line > 0)
        };
        of(Code::App).or_else(|| of(Code::Dependency))
    }
}

/// Where a task left its waker, outside of operations on resources, which have their own place in
/// [`Wait::stack`](crate::Wait::stack): the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    stacks: [Option<StackId>; LEAVES],
    ages: [u8; LEAVES],
}

impl Leaves {
    /// No place.
    pub const NONE: Self = Self {
        stacks: [None; LEAVES],
        ages: [0; LEAVES],
    };

    /// Of pairs of a stack and how many polls ago it was, 255 for so many or more; those beyond the fourth are left out.
    pub fn new(leaves: impl IntoIterator<Item = (StackId, u8)>) -> Self {
        let mut all = Self::default();
        let places = all.stacks.iter_mut().zip(&mut all.ages);
        for ((to_stack, to_age), (stack, age)) in places.zip(leaves) {
            (*to_stack, *to_age) = (Some(stack), age);
        }
        all
    }

    /// The newest, if there is any.
    #[must_use]
    pub fn newest(&self) -> Option<(StackId, u8)> {
        self.iter().next()
    }

    /// Whether there may be more, which are not kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.stacks.iter().all(Option::is_some)
    }

    /// The pairs that it was made of.
    pub fn iter(&self) -> impl Iterator<Item = (StackId, u8)> + '_ {
        let pairs = self.stacks.iter().zip(&self.ages);
        pairs.map_while(|(stack, age)| Some(((*stack)?, *age)))
    }
}

/// One of the places at which a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Await {
    /// The stack down to it; `None` where it was not caught.
    pub stack: Option<StackId>,
    /// The wait for a resource that it is, where it is one.
    pub wait: Option<WaitId>,
    /// Whether it still waits there. Where `false`, it did a while ago, and may still.
    pub sure: bool,
}

impl StackId {
    /// The id with this number; `None` for 0, which on the wire means "none".
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number that [`new`](Self::new) was given.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.get()
    }
}
