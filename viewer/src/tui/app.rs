//! All that the viewer knows and shows, as one value.

use std::sync::Arc;
use std::time::Duration;

use taskscope_model::graph::WaitGraph;
use taskscope_model::query::{Filter, Order};
use taskscope_model::{Revision, TaskId};

use super::detail::Detail;
use super::groups::GroupTable;
use super::link::Link;
use super::picker::Picker;
use super::picture::Picture;
use super::problems::ProblemTable;
use super::prompt::Prompt;
use super::resources::ResourceTable;
use super::sources::Sources;
use super::stacks::StackTable;
use super::table::{TaskTable, Within};
use super::theme::Theme;
use super::thing::Thing;
use super::walk::Walk;
use crate::text::Names;

/// How the viewer begins: with what is wrong, or, where an order or a filter is given, with the tasks.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the target is called until it has told its name: the address as the person gave it.
    pub address: String,
    /// How it looks.
    pub theme: Theme,
    /// The order of the tasks; the busiest first where none is given.
    pub order: Option<Order>,
    /// The tasks that are wanted; all live ones where none is given.
    pub filter: Option<Filter>,
    /// What the target was asked to tell: it tells of no other tasks.
    pub only: Filter,
}

/// The state of the viewer.
#[derive(Clone, Debug)]
pub struct App {
    pub(super) address: String,
    pub(super) theme: Theme,
    /// Columns and rows of the terminal.
    pub(super) size: (u16, u16),
    pub(super) now: Duration,
    pub(super) link: Link,
    pub(super) picture: Picture,
    /// From the first screen to the one that is shown; never empty.
    pub(super) screens: Vec<Screen>,
    /// The target tells of these tasks and no others.
    pub(super) only: Filter,
    pub(super) problems: ProblemTable,
    pub(super) tasks: TaskTable,
    pub(super) resources: ResourceTable,
    /// Who waits for whom, as of when the screen of it was last computed.
    pub(super) waits: WaitGraph,
    pub(super) stacks: StackTable,
    pub(super) groups: GroupTable,
    pub(super) mode: Mode,
    /// Filters of tasks that were used, the last one last.
    pub(super) history: Vec<String>,
    pub(super) notice: Option<Notice>,
    /// When and of which revision the rows are.
    pub(super) fresh: Option<(Duration, Revision)>,
    /// The rows must be computed anew before they are drawn.
    pub(super) stale: Option<Stale>,
    /// The tasks whose distributions were asked for.
    pub(super) asked: Vec<TaskId>,
    /// Lines of the source, as far as they were read.
    pub(super) sources: Sources,
    /// When `g` was pressed, and the screens before.
    pub(super) pressed_g: Option<(Duration, Vec<Screen>)>,
    /// When and on which row the mouse was clicked.
    pub(super) clicked: Option<(Duration, u16)>,
}

/// Why rows must be computed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// Something happened.
    News,
    /// The person wants others: that some are gone is no news.
    Wish,
}

/// One screen.
#[derive(Clone, Debug)]
pub(super) enum Screen {
    /// What is wrong.
    Problems,
    /// The tasks, or those of one place.
    Tasks(Option<Within>),
    /// The resources.
    Resources,
    /// Who waits for whom.
    Waits(Walk),
    /// The places at which tasks wait.
    Stacks,
    /// The spawn places.
    Groups,
    /// One task.
    Task(Box<Detail>),
    /// One resource.
    Resource(Box<Thing>),
    /// What a rule looks for, scrolled by so many lines.
    Explain(Arc<str>, usize),
    /// The help, scrolled by so many lines.
    Help(usize),
}

/// Who gets the keys.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    /// The screen.
    Screen,
    /// The line in which a filter is typed.
    Filter(Box<Prompt>),
    /// The choice of a sort column.
    Sort(Picker),
}

/// Something to say in the footer for a while.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) until: Duration,
}

impl App {
    /// A viewer that has heard of nothing yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        // Who asks for certain tasks wants to see them.
        let first = match (&options.filter, options.order) {
            (None, None) => Screen::Problems,
            _ => Screen::Tasks(None),
        };
        Self {
            address: options.address,
            theme: options.theme,
            size: (80, 24),
            now: Duration::ZERO,
            link: Link::default(),
            picture: Picture::default(),
            screens: vec![first],
            only: options.only,
            problems: ProblemTable::default(),
            tasks: TaskTable::new(options.filter.unwrap_or_default(), options.order),
            resources: ResourceTable::default(),
            waits: WaitGraph::default(),
            stacks: StackTable::default(),
            groups: GroupTable::default(),
            mode: Mode::Screen,
            history: Vec::new(),
            notice: None,
            fresh: None,
            stale: None,
            asked: Vec::new(),
            sources: Sources::default(),
            pressed_g: None,
            clicked: None,
        }
    }

    /// Whether what is drawn changes with nothing but time: durations grow, or a countdown runs.
    #[must_use]
    pub fn is_ticking(&self) -> bool {
        self.picture.is_ticking()
            || self.picture.frozen_since().is_some()
            || !self.link.is_live()
            || self.notice.is_some()
    }

    /// The screen that is shown.
    pub(super) fn screen(&self) -> &Screen {
        // The stack is never empty; this is what it would be.
        self.screens.last().unwrap_or(&Screen::Groups)
    }

    /// The task that is looked at, were help over it.
    pub(super) fn detail(&self) -> Option<&Detail> {
        self.screens.iter().rev().find_map(|screen| match screen {
            Screen::Task(detail) => Some(Some(&**detail)),
            Screen::Help(_) | Screen::Explain(..) => None,
            _ => Some(None),
        })?
    }

    /// Names for what is in the picture.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            world: self.picture.world(),
            whole: self.only.is_empty(),
        }
    }

    /// What the target is called. It is not yet safe for a terminal.
    pub(super) fn title(&self) -> &str {
        match self.link.hello.as_deref() {
            Some(hello) if !hello.name.is_empty() => &hello.name,
            _ => &self.address,
        }
    }

    /// What the terminal's window is called. Safe for a terminal.
    pub(super) fn window_title(&self) -> String {
        format!("taskscope {}", crate::text::fit(self.title(), 40))
    }

    /// Says something in the footer for a while.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let until = self.now + Duration::from_secs(6);
        self.notice = Some(Notice {
            text: text.into(),
            until,
        });
    }
}
