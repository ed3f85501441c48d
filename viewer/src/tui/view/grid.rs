//! Tables: which columns fit, their headings, their rows.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::Tier;

use super::super::theme::Look;
use super::{View, put};
use crate::text::width;

/// Columns left of the first one, for the mark of the selection.
const GUTTER: u16 = 2;

/// How wide a column may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    pub(super) title: &'static str,
    pub(super) least: u16,
    pub(super) most: u16,
    pub(super) right: bool,
}

impl Spec {
    /// A column of text.
    pub(super) const fn text(title: &'static str, least: u16, most: u16) -> Self {
        Self {
            title,
            least,
            most,
            right: false,
        }
    }

    /// A column of numbers.
    pub(super) const fn number(title: &'static str, columns: u16) -> Self {
        Self {
            title,
            least: columns,
            most: columns,
            right: true,
        }
    }
}

/// A column that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its number among all.
    pub(super) index: usize,
    /// Where it begins.
    pub(super) x: u16,
    /// How wide it is.
    pub(super) width: u16,
}

impl Placed {
    fn range(&self) -> Range<u16> {
        self.x..self.x + self.width
    }
}

/// What a table looks like, whatever its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// All columns.
    pub(super) specs: &'a [Spec],
    /// Those that fit.
    pub(super) placed: &'a [Placed],
    /// The number of the one that the rows are sorted by, and whether downwards.
    pub(super) sorted: (usize, bool),
    pub(super) look: &'a Look,
}

/// The columns that fit into a width: the first one, then those after the first `shift` others, as many as there is
/// room for. The one that is `needed` is among them whatever it takes.
pub(super) fn place(
    specs: &[Spec],
    order: &[usize],
    columns: u16,
    shift: usize,
    needed: usize,
) -> Vec<Placed> {
    let gap = gap(columns);
    let room = columns.saturating_sub(GUTTER);
    let first = order.iter().take(1);
    let wanted: Vec<usize> = first.chain(order.iter().skip(1 + shift)).copied().collect();
    let least = |chosen: &[usize]| -> u16 {
        let widths: u16 = chosen.iter().map(|i| specs[*i].least + gap).sum();
        widths.saturating_sub(gap)
    };
    let mut chosen = Vec::new();
    for i in wanted {
        chosen.push(i);
        if least(&chosen) > room && chosen.len() > 1 {
            chosen.pop();
            break;
        }
    }
    if !chosen.contains(&needed) {
        chosen.push(needed);
        // The last one but the needed one makes room, but for the first.
        while chosen.len() > 2 && least(&chosen) > room {
            chosen.remove(chosen.len() - 2);
        }
    }
    let mut widths: Vec<u16> = chosen.iter().map(|i| specs[*i].least).collect();
    let mut spare = room.saturating_sub(least(&chosen));
    // What is left goes to those that can use it, in turns.
    while spare > 0 {
        let before = spare;
        for (width, i) in widths.iter_mut().zip(&chosen) {
            if spare > 0 && *width < specs[*i].most {
                *width += 1;
                spare -= 1;
            }
        }
        if spare == before {
            break;
        }
    }
    let mut x = GUTTER;
    let place = |(index, width): (usize, u16)| {
        let placed = Placed {
            index,
            x,
            width: width.min(columns.saturating_sub(x)),
        };
        x += width + gap;
        placed
    };
    chosen
        .into_iter()
        .zip(widths)
        .map(place)
        .filter(|placed| placed.width > 0)
        .collect()
}

const fn gap(columns: u16) -> u16 {
    if columns < 60 { 1 } else { 2 }
}

/// Draws the headings, the sorted one with an arrow.
fn headings(
    specs: &[Spec],
    placed: &[Placed],
    sorted: (usize, bool),
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
) {
    for column in placed {
        let spec = specs[column.index];
        let (title, style) = if column.index == sorted.0 {
            let arrow = if sorted.1 { '↓' } else { '↑' };
            (format!("{}{arrow}", spec.title), look.accent)
        } else {
            (spec.title.to_owned(), look.heading)
        };
        // The arrow of a column of numbers may stand in the gap before it, never the title in its place.
        cell(&title, column, spec.right, style, area, 0, buffer);
    }
}

/// Draws headings and, below them, the rows that can be seen: what `value` says of each of them and of each column, in
/// so many columns of the screen. A cell of which it says nothing stays empty.
pub(super) fn draw<R>(
    table: &Table<'_>,
    rows: &[R],
    view: View,
    area: Rect,
    buffer: &mut Buffer,
    value: impl Fn(&R, usize, usize) -> Option<(String, Style)>,
) {
    headings(
        table.specs,
        table.placed,
        table.sorted,
        table.look,
        area,
        buffer,
    );
    let height = usize::from(area.height.saturating_sub(1));
    for (y, (row, entity)) in (1..).zip(rows.iter().enumerate().skip(view.top).take(height)) {
        for column in table.placed {
            if let Some((text, style)) = value(entity, column.index, usize::from(column.width)) {
                let right = table.specs[column.index].right;
                cell(&text, column, right, style, area, y, buffer);
            }
        }
        if view.selected == Some(row) {
            select(area, y, table.look, buffer);
        }
    }
}

/// The number of the column at a place of the screen's width.
pub(super) fn column_at(placed: &[Placed], x: u16) -> Option<usize> {
    let hit = placed.iter().find(|column| column.range().contains(&x));
    hit.map(|column| column.index)
}

/// Draws one cell of a row. The text must be clean and fit.
fn cell(
    text: &str,
    column: &Placed,
    right: bool,
    style: Style,
    area: Rect,
    y: u16,
    buffer: &mut Buffer,
) {
    let spare = column.width.saturating_sub(width(text) as u16);
    let x = if right { column.x + spare } else { column.x };
    let within = Rect {
        width: area.width.min(column.x + column.width + 1),
        ..area
    };
    put(buffer, within, x, y, text, style);
}

/// Marks a row as selected.
pub(super) fn select(area: Rect, y: u16, look: &Look, buffer: &mut Buffer) {
    let strip = Rect {
        y: area.y + y,
        height: 1,
        ..area
    }
    .intersection(buffer.area);
    buffer.set_style(strip, look.selected);
    put(buffer, strip, 0, 0, "▸", look.selected);
}

/// Marks the rows that can be seen with how sure it is that something is wrong with each; by its shape too, for those who
/// see no colours.
pub(super) fn marks<R>(
    rows: &[R],
    view: View,
    area: Rect,
    look: &Look,
    buffer: &mut Buffer,
    tier: impl Fn(&R) -> Option<Tier>,
) {
    for (y, row) in (1..area.height).zip(rows.iter().skip(view.top)) {
        if let Some(tier) = tier(row) {
            put(buffer, area, 1, y, sign(tier), look.tier(tier));
        }
    }
}

/// The mark of a tier.
pub(super) const fn sign(tier: Tier) -> &'static str {
    match tier {
        Tier::Proven => "✖",
        Tier::Persistent => "▲",
        Tier::Statistical => "•",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Spec, place};

    const SPECS: [Spec; 4] = [
        Spec::number("ID", 6),
        Spec::text("NAME", 8, 30),
        Spec::number("POLLS", 7),
        Spec::number("BUSY", 7),
    ];
    const ORDER: [usize; 4] = [0, 1, 2, 3];

    fn indices(columns: u16, shift: usize, needed: usize) -> Vec<usize> {
        place(&SPECS, &ORDER, columns, shift, needed)
            .iter()
            .map(|placed| placed.index)
            .collect()
    }

    #[test]
    fn columns_drop_from_the_right_but_for_the_sorted_one() {
        assert_eq!(indices(80, 0, 0), [0, 1, 2, 3]);
        assert_eq!(indices(26, 0, 0), [0, 1, 2]);
        assert_eq!(indices(26, 0, 3), [0, 1, 3]);
        assert_eq!(indices(26, 1, 0), [0, 2, 3]);
        assert_eq!(indices(10, 0, 3), [0, 3]);
    }

    proptest! {
        #[test]
        fn columns_never_overlap_or_leave_the_screen(columns in 0u16..200, shift in 0usize..6, needed in 0usize..4) {
            let placed = place(&SPECS, &ORDER, columns, shift, needed);
            for pair in placed.windows(2) {
                prop_assert!(pair[0].range().end < pair[1].x);
            }
            for column in placed {
                prop_assert!(column.range().end <= columns);
            }
        }
    }
}
