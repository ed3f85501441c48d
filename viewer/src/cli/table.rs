//! Tables of text that fit a width.

use super::output::Style;
use crate::text::{fit, fit_place, width};
use anstyle::{AnsiColor, Style as Paint};

/// Columns between two columns.
const GAP: usize = 2;

/// A column of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) title: &'static str,
    /// Numbers stand at the right, text at the left.
    pub(super) right: bool,
    /// How narrow it can be made where there is no room, which cuts its text; `None` where it can't be.
    pub(super) least: Option<usize>,
    /// How narrow it is made at most while there are columns to leave out instead.
    pub(super) readable: usize,
    /// When it is left out where there is no room: never where 0, else the larger the sooner; of equals the last first.
    pub(super) spare: u8,
    /// Whether its texts are places, which are cut so that the file and the line stay.
    pub(super) is_place: bool,
}

/// A table: as many cells in each row as there are columns, none with a control character in it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// The table as lines. Where it is too wide, texts are cut as far as they can be read, then spare columns left out,
    /// then texts cut as far as can be.
    pub(super) fn draw(&self, style: Style) -> String {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let widths = loop {
            let (widths, fits) = self.widths(&shown, style.width, true);
            if fits {
                break widths;
            }
            let worth = |place: &usize| self.columns[shown[*place]].spare;
            let spare = (0..shown.len()).max_by_key(worth);
            match spare.filter(|place| worth(place) > 0) {
                Some(spare) => shown.remove(spare),
                None => break self.widths(&shown, style.width, false).0,
            };
        };
        let heading = if style.colours {
            Paint::new().bold()
        } else {
            Paint::new()
        };
        let mut text = String::new();
        let titles = |i: usize| self.columns[i].title;
        text.push_str(&format!(
            "{heading}{}{heading:#}\n",
            self.line(&shown, &widths, titles, false)
        ));
        for row in &self.rows {
            text.push_str(&self.line(&shown, &widths, |i| &row[i], style.colours));
            text.push('\n');
        }
        text
    }

    /// How wide the columns are, and whether they fit; where they are to be readable they may not.
    fn widths(&self, shown: &[usize], room: usize, readable: bool) -> (Vec<usize>, bool) {
        let cells = |i: usize| self.rows.iter().map(move |row| width(&row[i]));
        let mut widths: Vec<_> = shown
            .iter()
            .map(|i| {
                cells(*i)
                    .chain([width(self.columns[*i].title)])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let gaps = GAP * shown.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        while over > 0 {
            // The widest gives way first, so that what is short stays whole.
            let widest = (0..shown.len())
                .filter(|i| {
                    let column = &self.columns[shown[*i]];
                    let readable = if readable { column.readable } else { 0 };
                    column
                        .least
                        .is_some_and(|least| widths[*i] > least.max(readable))
                })
                .max_by_key(|i| widths[*i]);
            let Some(widest) = widest else {
                return (widths, false);
            };
            widths[widest] -= 1;
            over -= 1;
        }
        (widths, true)
    }

    fn line<'a>(
        &'a self,
        shown: &[usize],
        widths: &[usize],
        cell: impl Fn(usize) -> &'a str,
        colours: bool,
    ) -> String {
        let mut line = String::new();
        for (place, (i, room)) in shown.iter().zip(widths).enumerate() {
            if place > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            // Headings keep their beginning whatever stands below.
            let fit = if self.columns[*i].is_place && cell(*i) != self.columns[*i].title {
                fit_place
            } else {
                fit
            };
            let text = fit(cell(*i), *room);
            let blank = " ".repeat(room - width(&text));
            let paint = if colours { paint(&text) } else { Paint::new() };
            let painted = format!("{paint}{text}{paint:#}");
            let (before, after) = if self.columns[*i].right {
                (blank.as_str(), "")
            } else {
                ("", blank.as_str())
            };
            line.push_str(&format!("{before}{painted}{after}"));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Words that a table says about a task or a process, by their colour; all other text is calm.
fn paint(word: &str) -> Paint {
    let colour = match word {
        "running" | "ok" => AnsiColor::Green,
        "scheduled" | "silent" | "cancelled" => AnsiColor::Yellow,
        "panicked" => AnsiColor::Red,
        _ => return Paint::new(),
    };
    colour.on_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(title: &'static str, right: bool, least: Option<usize>, spare: u8) -> Column {
        Column {
            title,
            right,
            least,
            readable: 0,
            spare,
            is_place: false,
        }
    }

    fn table() -> Table {
        let columns = vec![
            column("ID", true, None, 0),
            column("NAME", false, Some(6), 0),
            column("BUSY", true, None, 1),
        ];
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        Table {
            columns,
            rows: vec![
                row(["7", "handle_upload", "1.21ms"]),
                row(["1204", "日本語", "0"]),
            ],
        }
    }

    #[test]
    fn it_is_as_wide_as_it_must_be() {
        let drawn = table().draw(Style {
            width: 80,
            colours: false,
        });
        assert_eq!(
            drawn,
            "  ID  NAME             BUSY\n   7  handle_upload  1.21ms\n1204  日本語              0\n"
        );
    }

    #[test]
    fn a_place_keeps_its_end() {
        let mut table = table();
        table.columns[1].is_place = true;
        let drawn = table.draw(Style {
            width: 20,
            colours: false,
        });
        assert!(drawn.contains("7  …pload  1.21ms"), "{drawn}");
    }

    #[test]
    fn text_is_cut_before_a_column_is_left_out() {
        let drawn = table().draw(Style {
            width: 22,
            colours: false,
        });
        assert_eq!(
            drawn,
            "  ID  NAME        BUSY\n   7  handle_…  1.21ms\n1204  日本語         0\n"
        );
        let drawn = table().draw(Style {
            width: 15,
            colours: false,
        });
        assert_eq!(drawn, "  ID  NAME\n   7  handle_u…\n1204  日本語\n");
    }

    #[test]
    fn columns_are_left_out_by_their_worth_before_a_text_can_not_be_read() {
        let mut table = table();
        table.columns[0].spare = 2;
        table.columns[1].readable = 10;
        let first = |width| {
            let style = Style {
                width,
                colours: false,
            };
            let drawn = table.draw(style);
            drawn.lines().nth(1).map(str::to_owned)
        };
        assert_eq!(first(24).as_deref(), Some("   7  handle_up…  1.21ms"));
        assert_eq!(first(23).as_deref(), Some("handle_upload  1.21ms"));
        assert_eq!(first(18).as_deref(), Some("handle_up…  1.21ms"));
        assert_eq!(first(17).as_deref(), Some("handle_upload"));
        // There is nothing left to leave out.
        assert_eq!(first(7).as_deref(), Some("handle…"));
    }

    #[test]
    fn no_line_is_wider_than_there_is_room() {
        for width in 12..40 {
            let drawn = table().draw(Style {
                width,
                colours: false,
            });
            assert!(
                drawn.lines().all(|line| super::width(line) <= width),
                "{width}: {drawn}"
            );
        }
    }
}
