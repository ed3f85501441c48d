//! How it looks: at every size, without colours, and with hostile names.

use crate::{
    target::{Target, folder},
    terminal::{Terminal, viewer_command},
    viewer::commands,
};

#[test]
fn every_size_of_the_window_is_used() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    for (columns, rows) in [
        (40, 10),
        (80, 24),
        (200, 60),
        (20, 5),
        (3, 2),
        (1, 1),
        (120, 40),
    ] {
        terminal.resize(columns, rows);
        if columns < 24 {
            // As far as that can be said in the room there is.
            if columns > 10 {
                terminal.shows("too small");
            }
        } else {
            // The header and the title run over the whole width.
            let picture = terminal.wait("a frame of that size", |p| {
                let full = |row: &String| {
                    row.chars().count() == usize::from(columns) && row.ends_with('─')
                };
                p.rows.iter().any(full) && p.contains("live")
            });
            assert!(
                picture
                    .rows
                    .iter()
                    .all(|row| row.chars().count() <= columns.into())
            );
        }
        if rows >= 10 {
            terminal.shows("postman");
            terminal.press("?");
            terminal.shows("─ help ─");
            terminal.press("\u{1b}");
            terminal.shows("─ tasks ─");
        }
    }
    // As it was, with nothing left of other sizes.
    let picture = terminal.shows("postman");
    assert!(
        picture.contains("pid") && picture.contains("2 Tasks"),
        "{picture}"
    );
    terminal.quit();
}

#[test]
fn a_tiny_window_can_be_opened_and_left() {
    let dir = folder();
    let target = Target::hello(dir.path());
    for (columns, rows) in [(20, 5), (2, 1)] {
        let command = viewer_command(dir.path(), &[target.address()]);
        let mut terminal = Terminal::start(command, columns, rows);
        terminal.is_taken();
        terminal.press("jG\rg/x\u{1b}");
        terminal.press("\u{3}"); // ctrl-c, whatever is being typed
        assert!(terminal.end().success());
        terminal.is_given_back();
    }
}

/// Whether this sets a colour: a `CSI … m` with a parameter from 30 to 49, or 90 to 107.
fn has_colours(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\u{1b}[").skip(1).any(|sequence| {
        let parameters = sequence.split_once(|c: char| c.is_ascii_alphabetic());
        let Some((parameters, _)) =
            parameters.filter(|_| sequence.chars().find(|c| c.is_ascii_alphabetic()) == Some('m'))
        else {
            return false;
        };
        parameters
            .split([';', ':'])
            .filter_map(|number| number.parse::<u8>().ok())
            .any(|number| matches!(number, 30..=38 | 40..=48 | 90..=107))
    })
}

#[test]
fn without_colours_there_are_none() {
    let dir = folder();
    let target = Target::hello(dir.path());
    for (no_color, colours) in [("1", false), ("", true)] {
        let mut command = viewer_command(dir.path(), &[target.address()]);
        command.env("NO_COLOR", no_color);
        let mut terminal = Terminal::start(command, 100, 30);
        terminal.shows("postman");
        terminal.press("j/state:idle\r");
        terminal.shows("─ state:idle ─");
        let bytes = terminal.bytes();
        terminal.quit();
        assert_eq!(has_colours(&bytes), colours);
    }
}

#[test]
fn names_are_shown_and_not_obeyed() {
    let dir = folder();
    let target = Target::hostile("--names --places", dir.path());
    let command = viewer_command(dir.path(), &[target.address(), "--sort", "name"]);
    let mut terminal = Terminal::start(command, 200, 60);
    let picture = terminal.wait("the names", |p| p.contains("rounds") || p.contains("clear"));
    assert!(picture.alternate, "a name left the screen:\n{picture}");
    terminal.press("/name:clear\r");
    terminal.wait("the one that clears", |p| {
        p.ids().len() == 1 && p.contains("clear")
    });
    terminal.press("/\u{15}name:long\r"); // ctrl-u
    terminal.wait("the long one", |p| p.ids().len() == 1 && p.contains("long"));
    terminal.press("gg\r");
    terminal.shows("─ task ─");
    terminal.press("\u{1b}");
    terminal.shows("─ tasks ─");
    terminal.press("g");
    let places = terminal.shows("─ places ─");
    assert!(places.contains("hostile.rs:"), "{places}");
    let written = String::from_utf8(terminal.bytes()).expect("text");
    for attack in [
        "\u{1b}[2J\u{1b}[H",
        "\u{1b}]0;owned",
        "\u{1b}c",
        "\u{9b}",
        "\u{1b}]52;",
        "\u{202e}",
        "\u{7f}",
    ] {
        assert!(!written.contains(attack), "{attack:?}");
    }
    terminal.quit();
    target.ends_well();
}

#[test]
fn what_is_on_the_screen_is_clean() {
    let dir = folder();
    let target = Target::hostile("--names", dir.path());
    let command = viewer_command(dir.path(), &[target.address()]);
    let mut terminal = Terminal::start(command, 200, 60);
    let picture = terminal.shows("rounds");
    assert_eq!(commands(&picture.rows.join("\n")), []);
    terminal.press("?");
    let help = terminal.shows("─ help ─");
    assert_eq!(commands(&help.rows.join("\n")), []);
    terminal.quit();
    target.ends_well();
}
