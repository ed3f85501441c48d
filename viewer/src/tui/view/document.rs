//! Screens that are a text: lines, some of which are doors.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::app::App;
use super::put_line;
use crate::text::width;

/// A text of which a part is shown.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Document {
    lines: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    line: Line<'static>,
    /// The number of the door that the line is.
    door: Option<usize>,
}

impl Document {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(Row {
            line: line.into(),
            door: None,
        });
    }

    /// Adds a line that leads somewhere.
    pub(super) fn door(&mut self, door: usize, line: impl Into<Line<'static>>) {
        self.lines.push(Row {
            line: line.into(),
            door: Some(door),
        });
    }

    /// Adds a label of so many columns and, beside it, a text that is broken where it is too long.
    pub(super) fn entry(&mut self, label: (&str, usize, Style), text: (&str, Style), columns: u16) {
        let (label, label_width, label_style) = label;
        let room = usize::from(columns).saturating_sub(label_width + 2).max(12);
        for (i, part) in wrap(text.0, room).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let pad = " ".repeat(label_width.saturating_sub(width(label)));
            let label = Span::styled(format!("  {label}{pad}"), label_style);
            self.line(vec![label, Span::styled(part, text.1)]);
        }
    }

    /// Adds an empty line.
    pub(super) fn gap(&mut self) {
        self.line(Line::default());
    }

    /// The door of each line.
    pub(in super::super) fn doors(&self) -> Vec<Option<usize>> {
        self.lines.iter().map(|row| row.door).collect()
    }

    /// The lines as plain text.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.iter().map(|row| {
            let line: String = row.line.spans.iter().map(|span| &*span.content).collect();
            line.trim_end().to_owned() + "\n"
        });
        lines.collect()
    }

    /// Draws what is left after scrolling so many lines.
    pub(super) fn draw(
        &self,
        scroll: usize,
        selected: Option<usize>,
        app: &App,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let look = app.theme.look();
        let scroll = scroll.min(self.lines.len().saturating_sub(usize::from(area.height)));
        for (y, row) in (0..area.height).zip(self.lines.iter().skip(scroll)) {
            put_line(buffer, area, y, &row.line);
            if row.door.is_some() && row.door == selected {
                let strip = Rect {
                    y: area.y + y,
                    height: 1,
                    ..area
                };
                buffer.set_style(strip, look.selected);
                super::put(buffer, strip, 0, 0, "▸", look.selected);
            }
        }
    }

    /// How many lines are below those that [`draw`](Self::draw) shows in so many rows.
    pub(super) fn below(&self, scroll: usize, rows: u16) -> usize {
        self.lines.len().saturating_sub(scroll + usize::from(rows))
    }
}

/// Breaks a clean text into lines of so many columns, at spaces where there are any.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if !line.is_empty() && width(&line) + 1 + width(&word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        // A word that is longer than a line is cut.
        while width(&word) > columns && columns > 0 {
            let mut end = 0;
            for (i, c) in word.char_indices() {
                if width(&word[..i + c.len_utf8()]) > columns {
                    break;
                }
                end = i + c.len_utf8();
            }
            if end == 0 {
                break;
            }
            let rest = word.split_off(end);
            lines.push(std::mem::replace(&mut word, rest));
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn text_is_broken_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日", 1), ["日"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("ab", 0), ["ab"]);
    }
}
