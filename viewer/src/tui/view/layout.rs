//! Which part of the screen is what.

use ratatui::layout::Rect;

use super::super::app::{App, Screen};
use super::super::link::Phase;
use super::{footer, problems, stacks};

/// The smallest terminal that is drawn on, in columns and rows.
pub(in super::super) const LEAST: (u16, u16) = (24, 6);
/// From so many rows on there is room for the tabs.
const ROOMY: u16 = 12;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Regions {
    /// Who the target is and how it does.
    pub(in super::super) header: Rect,
    /// What is wrong with the connection; empty where nothing is.
    pub(in super::super) banner: Rect,
    /// The tabs; empty where there is no room.
    pub(in super::super) tabs: Rect,
    /// What the screen is about.
    pub(in super::super) title: Rect,
    /// The screen itself; in a table, its first line is the headings.
    pub(in super::super) body: Rect,
    /// What is missing from the picture or did not go well at the target; empty where nothing is.
    pub(in super::super) losses: Rect,
    /// Keys, notices and what is typed.
    pub(in super::super) footer: Rect,
}

impl Regions {
    /// The parts of the app's screen; `None` where it is too small.
    pub(in super::super) fn of(app: &App) -> Option<Self> {
        Self::within(app, Rect::new(0, 0, app.size.0, app.size.1))
    }

    /// The parts of an area.
    pub(in super::super) fn within(app: &App, area: Rect) -> Option<Self> {
        if area.width < LEAST.0 || area.height < LEAST.1 {
            return None;
        }
        let mut y = area.y;
        let mut next = |rows: u16| {
            let part = Rect {
                y,
                height: rows,
                ..area
            };
            y += rows;
            part
        };
        let banner = u16::from(has_banner(app));
        let tabs = u16::from(area.height >= ROOMY);
        let footer = footer::rows(app, area.width).min(area.height - 4);
        let losses = u16::from(has_losses(app) && area.height >= LEAST.1 + 2);
        // The header and the title take one row each.
        let body = area
            .height
            .saturating_sub(banner + tabs + footer + losses + 2);
        Some(Self {
            header: next(1),
            banner: next(banner),
            tabs: next(tabs),
            title: next(1),
            body: next(body),
            losses: next(losses),
            footer: next(footer),
        })
    }
}

/// How many rows of a table, or lines of a text, can be seen.
pub(in super::super) fn body_height(app: &App) -> usize {
    let heading = usize::from(matches!(
        app.screen(),
        Screen::Tasks(_) | Screen::Groups | Screen::Resources
    ));
    let height = Regions::of(app).map_or(1, |regions| usize::from(regions.body.height));
    match app.screen() {
        Screen::Problems => problems::list_height(app, height),
        Screen::Stacks => stacks::list_height(app, height),
        _ => height.saturating_sub(heading).max(1),
    }
}

fn has_banner(app: &App) -> bool {
    // Before the first picture the whole screen tells how the connection stands.
    app.link.hello.is_some() && !matches!(app.link.phase, Phase::Live)
}

fn has_losses(app: &App) -> bool {
    let totals = app.picture.world().totals();
    let setup = app.link.hello.as_deref().map(|hello| &hello.setup);
    let before = setup.map_or(0, |setup| setup.tasks_before);
    [totals.unlisted, totals.untracked, totals.unplaced, before]
        .iter()
        .any(|n| *n > 0)
        || setup.is_some_and(|setup| !setup.problems.is_empty())
}
