//! Who waits for whom, drawn: circles of tasks that wait for each other first, then the lines behind what is waited for.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use taskscope_model::graph::{Chain, Knot, Link, Member};
use taskscope_model::{Holder, ResourceKind, Subject, TaskId, Tier};

use super::super::app::App;
use super::super::theme::Look;
use super::document::{Document, wrap};
use super::frame::Pieces;
use super::{empty, grid};
use crate::text::{count, duration, width};

/// Circles, lines, tasks of a circle and links of a line that are drawn; the rest is counted.
const KNOTS: usize = 20;
const CHAINS: usize = 24;
const MEMBERS: usize = 12;
const LINKS: usize = 8;
/// Waiters and holders that are named in a line.
const NAMED: usize = 3;

/// The text of the screen.
pub(super) fn document(app: &App, columns: u16) -> Document {
    let mut drawing = Drawing {
        app,
        look: app.theme.look(),
        columns,
        document: Document::default(),
    };
    drawing.all();
    drawing.document
}

struct Drawing<'a> {
    app: &'a App,
    look: Look,
    columns: u16,
    document: Document,
}

impl Drawing<'_> {
    fn all(&mut self) {
        let graph = &self.app.waits;
        for (i, knot) in graph.knots().iter().take(KNOTS).enumerate() {
            self.knot(i, knot);
        }
        let more = graph.knots().len().saturating_sub(KNOTS) + graph.more_knots();
        self.left_out(more, "circles are not drawn");
        for chain in graph.chains().iter().take(CHAINS) {
            self.chain(chain);
        }
        let more = graph.chains().len().saturating_sub(CHAINS) + graph.more_chains();
        self.left_out(more, "lines are not drawn: 3 lists what is waited for");
        if graph.knots().is_empty() && graph.chains().is_empty() {
            self.document.gap();
            self.text(
                "  ",
                "Nobody waits for a lock, a permit or a channel.",
                self.look.good,
            );
            for what in empty::missing(self.app) {
                self.text("  ", &what, self.look.caution);
            }
        }
    }

    /// Tasks that wait for each other, along a line that comes back to where it began.
    fn knot(&mut self, number: usize, knot: &Knot) {
        let now = self.app.picture.now();
        let sure = knot
            .members
            .iter()
            .any(|member| self.app.problems.of_task(member.task) == Some(Tier::Proven));
        let (tier, doubt) = match (sure, knot.certain) {
            (true, _) => (Tier::Proven, ""),
            (false, true) => (Tier::Persistent, ""),
            (false, false) => (Tier::Persistent, ", perhaps: not all about it is sure"),
        };
        let style = self.look.tier(tier);
        let what = match knot.cycle {
            0 => format!(
                "{} tasks keep each other from going on",
                count(knot.tasks as u64)
            ),
            1 if knot.parked => {
                "a task waits behind a future of its own, which was granted this and is not polled"
                    .to_owned()
            }
            1 if knot.tasks > 1 => format!(
                "{} tasks have all there is, and each waits for more",
                count(knot.tasks as u64)
            ),
            1 => "a task waits for what it holds itself".to_owned(),
            n => format!("{} tasks wait in a circle", count(n as u64)),
        };
        let lasts = duration(knot.since.until(now));
        let head = format!(
            "{} {}  {what} for {lasts}{doubt}",
            grid::sign(tier),
            number + 1
        );
        self.text(" ", &head, style);
        let drawn = knot.cycle.min(knot.members.len());
        let shown = drawn.min(MEMBERS);
        for (i, member) in knot.members.iter().take(shown).enumerate() {
            let side = if i == 0 { " ┌▶ " } else { " │  " };
            self.task(side, style, member.task, "");
            self.member(" │    ", style, member, Some(knot));
        }
        if knot.cycle > shown {
            let more = count((knot.cycle - shown) as u64);
            self.text_beside(
                " ┆  ",
                style,
                &format!("… {more} more, each of which waits for the next"),
            );
        }
        if let Some(first) = knot.members.first().filter(|_| shown > 0) {
            let name = self.app.names().task(first.task);
            self.text_beside(" └──", style, &format!("◀ {name}, where it began"));
        }
        let others = &knot.members[drawn..];
        for member in others.iter().take(NAMED) {
            self.task("    also ", self.look.dim, member.task, "");
            self.member("      ", self.look.dim, member, None);
        }
        let more = knot
            .tasks
            .saturating_sub(knot.cycle)
            .saturating_sub(others.len().min(NAMED));
        if more > 0 {
            self.text(
                "    ",
                &format!("and {} more of them", count(more as u64)),
                self.look.dim,
            );
        }
        if knot.behind > 0 {
            let tasks = if knot.behind == 1 {
                "task is"
            } else {
                "tasks are"
            };
            let text = format!("+ {} more {tasks} stuck behind", count(knot.behind as u64));
            self.text("    ", &text, Style::new());
        }
        self.document.gap();
    }

    /// What a member waits for, as a way to it.
    fn member(&mut self, side: &str, style: Style, member: &Member, circle: Option<&Knot>) {
        let lasts = duration(member.since.until(self.app.picture.now()));
        let resource = self.app.picture.world().resource(member.resource);
        let is_channel =
            resource.is_some_and(|resource| resource.origin.kind == ResourceKind::Mpsc);
        let behind = match circle {
            None => "",
            Some(_) if member.behind => " behind",
            Some(_) if is_channel => " read by",
            Some(knot) if knot.parked => " granted to",
            Some(_) => " held by",
        };
        let before = format!("waits {lasts} for ");
        self.resource((side, style), &before, member.resource, behind);
    }

    /// A line of those who wait, from its end to whoever keeps them.
    fn chain(&mut self, chain: &Chain) {
        for (depth, link) in chain.links.iter().take(LINKS).enumerate() {
            self.link(depth, link);
        }
        let depth = chain.links.len().min(LINKS);
        let side = "  ".repeat(depth + 1);
        let more = chain.length.saturating_sub(depth);
        if more > 0 {
            let text = format!("… and on, {} steps more", count(more as u64));
            self.text(&side, &text, self.look.dim);
        }
        if let Some(knot) = chain.knot {
            self.text(
                &side,
                &format!("and so in circle {}", knot + 1),
                self.look.caution,
            );
        }
        self.document.gap();
    }

    fn link(&mut self, depth: usize, link: &Link) {
        let now = self.app.picture.now();
        let side = format!("  {}", "  ".repeat(depth));
        if depth == 0 {
            let names = self.app.names();
            let mut text: Vec<_> = link
                .waiters
                .iter()
                .take(NAMED)
                .map(|id| names.task(*id))
                .collect();
            let more = link.waiting.saturating_sub(text.len());
            if more > 0 {
                text.push(format!("{} more", count(more as u64)));
            }
            let text = text.join(", ");
            match link.waiters.first().filter(|_| link.waiting == 1) {
                Some(task) => self.task(&side, self.look.dim, *task, ""),
                None => self.text(&side, &text, Style::new()),
            }
        }
        let lasts = duration(link.since.until(now));
        let wait = match link.waiting {
            1 => format!("  for {lasts}"),
            n => format!("  {} wait, {lasts} the longest", count(n as u64)),
        };
        self.resource(
            (&format!("{side}└▶ "), self.look.rule),
            "",
            link.resource,
            &wait,
        );
        let side = format!("{side}   ");
        let more = link.holding.saturating_sub(NAMED.min(link.holders.len()));
        let resource = self.app.picture.world().resource(link.resource);
        if let Some(id) = resource.and_then(|resource| resource.usage.receiver) {
            self.task(&format!("{side}read by "), self.look.dim, id, "");
        }
        for holder in link.holders.iter().take(NAMED) {
            match holder {
                Holder::Task(id) => self.task(&format!("{side}held by "), self.look.dim, *id, ""),
                Holder::NoTask => self.text(&side, "held by no task", Style::new()),
            }
        }
        if more > 0 {
            self.text(
                &side,
                &format!("held by {} more", count(more as u64)),
                self.look.dim,
            );
        }
    }

    /// A line that is a task, and leads to it where it is still known.
    fn task(&mut self, side: &str, style: Style, id: TaskId, behind: &str) {
        let name = self.app.names().task(id);
        if self.app.picture.world().task(id).is_none() {
            return self.text_beside(side, style, &format!("{name}{behind}"));
        }
        let spans = vec![
            Span::styled(format!(" {side}"), style),
            Span::styled(name, self.look.accent),
            Span::styled(" ⏎", self.look.dim),
            Span::raw(behind.to_owned()),
        ];
        self.document.door(Subject::Task(id), Line::from(spans));
    }

    /// A line that leads to a resource.
    fn resource(
        &mut self,
        (side, style): (&str, Style),
        before: &str,
        id: taskscope_model::ResourceId,
        behind: &str,
    ) {
        let room = usize::from(self.columns).saturating_sub(width(side) + width(before) + 4);
        let names = self.app.names();
        // What stands behind is the first to go: the line goes on to it anyway.
        let (name, behind) = match names.resource_of(id, room.saturating_sub(width(behind))) {
            name if width(&name) + width(behind) <= room && !name.contains('…') => (name, behind),
            _ => (names.resource_of(id, room), ""),
        };
        let spans = vec![
            Span::styled(format!(" {side}"), style),
            Span::raw(before.to_owned()),
            Span::styled(name, self.look.accent),
            Span::styled(" ⏎", self.look.dim),
            Span::raw(behind.to_owned()),
        ];
        self.document.door(Subject::Resource(id), Line::from(spans));
    }

    fn text_beside(&mut self, side: &str, style: Style, text: &str) {
        let spans = vec![
            Span::styled(format!(" {side}"), style),
            Span::raw(text.to_owned()),
        ];
        self.document.line(spans);
    }

    fn text(&mut self, side: &str, text: &str, style: Style) {
        let room = usize::from(self.columns)
            .saturating_sub(side.len() + 1)
            .max(12);
        for line in wrap(text, room) {
            self.document
                .line(vec![Span::styled(format!("{side}{line}"), style)]);
        }
    }

    fn left_out(&mut self, more: usize, what: &str) {
        if more > 0 {
            let text = format!("{} more {what}", count(more as u64));
            self.text("  ", &text, self.look.caution);
            self.document.gap();
        }
    }
}

/// What the title says.
pub(super) fn titles(app: &App) -> (Pieces, Pieces) {
    let look = app.theme.look();
    let graph = &app.waits;
    let mut left = vec![("who waits for whom".to_owned(), look.strong)];
    if !app.picture.is_complete() {
        return (left, Vec::new());
    }
    let knots = graph.knots().len() + graph.more_knots();
    if knots > 0 {
        let proven = graph.knots().iter().flat_map(|knot| &knot.members);
        let mut tiers = proven.map(|member| app.problems.of_task(member.task));
        let sure = tiers.any(|tier| tier == Some(Tier::Proven));
        let tier = if sure { Tier::Proven } else { Tier::Persistent };
        let circles = if knots == 1 { "circle" } else { "circles" };
        left.push((
            format!("{} {circles}", count(knots as u64)),
            look.tier(tier),
        ));
    }
    let lines = graph.chains().len() + graph.more_chains();
    let waits = app.picture.world().waits().len();
    let many = |n: usize, what: &str| {
        let plural = if n == 1 { "" } else { "s" };
        (format!("{} {what}{plural}", count(n as u64)), Style::new())
    };
    let right = vec![many(waits, "wait"), many(lines, "line")];
    (left, right)
}
