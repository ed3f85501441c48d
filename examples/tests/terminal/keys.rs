//! What the keys and the mouse do.

use crate::{
    target::{Target, folder},
    terminal::Terminal,
};

/// A viewer that shows the tasks of `idle`: so many, one named `idle`, and the future in `block_on`.
fn on_idle(tasks: u64) -> (Target, Terminal, tempfile::TempDir) {
    let dir = folder();
    let arguments = format!("--tasks {tasks} --every 200ms");
    let mut target = Target::start(env!("CARGO_BIN_EXE_idle"), &arguments, dir.path());
    assert!(target.line().contains("tasks spawned"));
    let terminal = Terminal::viewer(dir.path(), &[target.address(), "--sort", "id"]);
    // As many as there are, or find room.
    let rows = usize::try_from(tasks + 2).unwrap().min(34);
    terminal.wait("its tasks", |p| {
        p.contains(&format!("{} tasks", tasks + 2)) && p.ids().len() >= rows
    });
    (target, terminal, dir)
}

#[test]
fn moving_goes_to_where_it_says() {
    let (_target, mut terminal, _dir) = on_idle(200);
    let first = terminal.wait("the first row selected", |p| {
        p.selected_id().is_some() && p.selected_id() == p.ids().first().copied()
    });
    let ids = first.ids();
    assert!(ids.len() > 30 && ids.is_sorted(), "{first}");
    let selects = |terminal: &Terminal, id: u64| {
        terminal.wait(&format!("task {id} selected"), |p| {
            p.selected_id() == Some(id)
        })
    };
    terminal.press("jjj");
    selects(&terminal, ids[3]);
    terminal.press("k");
    selects(&terminal, ids[2]);
    terminal.press("\u{1b}[A"); // up
    selects(&terminal, ids[1]);
    terminal.press("G");
    let last = terminal.wait("the last task", |p| p.selected_id() > ids.last().copied());
    assert_eq!(last.selected_id(), last.ids().last().copied(), "{last}");
    terminal.press("gg");
    selects(&terminal, ids[0]);
    terminal.press("\u{4}"); // ctrl-d
    terminal.wait("half a screen down", |p| p.selected_id() > Some(ids[10]));
    terminal.press("\u{1b}[1~"); // home
    selects(&terminal, ids[0]);
    terminal.quit();
}

#[test]
fn the_order_is_the_one_that_was_asked_for() {
    let (_target, mut terminal, _dir) = on_idle(50);
    terminal.shows("by id ↑");
    terminal.press("R");
    let reversed = terminal.shows("by id ↓");
    let falling =
        |p: &crate::terminal::Picture| p.ids().len() > 20 && p.ids().is_sorted_by(|a, b| a >= b);
    if !falling(&reversed) {
        terminal.wait("falling ids", falling);
    }
    terminal.press(">");
    terminal.shows("by state");
    terminal.press("<");
    terminal.shows("by id");
    terminal.press("s");
    terminal.shows("polls");
    terminal.press("jjj\r");
    terminal.wait("another order", |p| {
        !p.contains("by id ") && p.contains("─ by ") || p.contains("· by name")
    });
    terminal.quit();
}

#[test]
fn filters_are_typed_kept_refused_and_dropped() {
    let (_target, mut terminal, _dir) = on_idle(50);
    terminal.press("/state:idle");
    terminal.shows("/ state:idle");
    terminal.press("\r");
    terminal.wait("the filter in the title", |p| p.contains("─ state:idle ─"));
    terminal.press("/ nonsense:1");
    let wrong = terminal.shows("no field");
    assert!(wrong.contains("nonsense"), "{wrong}");
    terminal.press("\u{1b}");
    terminal.wait("the filter from before", |p| {
        p.contains("─ state:idle ─") && !p.contains("nonsense")
    });
    terminal.press("/\u{15}name:nobody\r"); // ctrl-u
    terminal.shows("The filter hides all");
    terminal.press("\u{1b}");
    terminal.hides("The filter hides all");
    terminal.shows("52 tasks");
    terminal.quit();
}

#[test]
fn places_are_doors_to_their_tasks() {
    let (_target, mut terminal, _dir) = on_idle(50);
    terminal.press("g");
    let places = terminal.shows("idle.rs:");
    assert!(places.contains("─ places ─"), "{places}");
    terminal.press("/state:idle\r");
    terminal.wait("a filtered list", |p| p.contains("─ places ── state:idle"));
    terminal.press("\u{1b}");
    terminal.wait("all places", |p| {
        p.contains("─ places ─") && !p.contains("state:idle")
    });
    terminal.press("G\r");
    let tasks = terminal.shows("─ tasks ── at ");
    assert!(tasks.contains("idle.rs:"), "{tasks}");
    terminal.press("\u{1b}");
    terminal.shows("─ places ─");
    for (tab, title) in [
        ("2", "─ tasks ─"),
        ("3", "─ resources ─"),
        ("4", "─ who waits for whom ─"),
        ("\t", "─ stacks ─"),
        ("\t", "─ places ─"),
        ("\t", "─ what is wrong ─"),
    ] {
        terminal.press(tab);
        terminal.shows(title);
    }
    terminal.quit();
}

#[test]
fn a_task_opens_with_its_distributions_and_its_doors() {
    let (_target, mut terminal, _dir) = on_idle(50);
    // The first is `idle` itself, which has spawned the others.
    terminal.press("Gk");
    terminal.wait("a selected row", |p| p.selected_id().is_some());
    terminal.press("\r");
    let task = terminal.wait("percentiles", |p| p.contains("p50") && p.contains("p99"));
    assert!(
        task.contains("─ task ─") && task.contains("polls"),
        "{task}"
    );
    // The distribution is drawn.
    terminal.wait("a histogram", |p| {
        p.rows
            .iter()
            .any(|row| row.contains(['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']))
    });
    terminal.press("p");
    let parent = terminal.shows("2 deep");
    assert!(parent.row("─ task ─").contains("idle"), "{parent}");
    terminal.shows("50 listed");
    terminal.press("\u{1b}");
    terminal.hides("2 deep");
    terminal.shows("─ task ─");
    terminal.press("\u{1b}");
    terminal.shows("─ tasks ─");
    terminal.quit();
}

#[test]
fn help_pause_and_ended_tasks() {
    let dir = folder();
    let target = Target::start(
        env!("CARGO_BIN_EXE_demo"),
        "--clients 4 --rate 100",
        dir.path(),
    );
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("workers");
    terminal.shows("─ tasks ─");

    terminal.press("?");
    let help = terminal.shows("─ help ─");
    for key in ["j k", "ctrl-z", "shift-drag", "half a screen"] {
        assert!(help.contains(key), "{key}\n{help}");
    }
    terminal.press("\u{1b}");
    terminal.shows("─ tasks ─");

    terminal.press(" ");
    terminal.shows("PAUSED");
    let paused = terminal.picture();
    // What is paused does not change, though the age of the pause does.
    terminal.wait("a second of it", |p| p.contains("PAUSED 1."));
    let body = |p: &crate::terminal::Picture| p.rows[3..p.rows.len() - 2].to_vec();
    assert_eq!(body(&paused), body(&terminal.picture()));
    terminal.press(" ");
    terminal.hides("PAUSED");

    terminal.shows("ended hidden");
    terminal.press("e");
    let all = terminal.hides("ended hidden");
    if !all.contains("done") {
        terminal.press("/state:done\r");
        terminal.wait("an ended task", |p| p.contains(" done "));
    }
    terminal.quit();
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let (_target, mut terminal, _dir) = on_idle(200);
    let picture = terminal.wait("rows", |p| p.ids().len() > 20);
    let id = picture.ids()[5];
    let (_, head) = picture.find("STATE");
    terminal.click((20, head + 6));
    terminal.wait("the clicked task", |p| p.selected_id() == Some(id));

    let top = picture.ids()[0];
    terminal.press("\u{1b}[<65;20;20M");
    terminal.wait("a scrolled table", |p| {
        p.ids().first().is_some_and(|first| *first > top)
    });
    terminal.press("\u{1b}[<64;20;20M\u{1b}[<64;20;20M");
    terminal.wait("the top", |p| p.ids().first() == Some(&top));

    // A heading sorts, a tab opens, two clicks open.
    terminal.click(picture.find("POLLS"));
    terminal.shows("by polls");
    terminal.click(picture.find("6 Places"));
    terminal.shows("─ places ─");
    terminal.click(picture.find("2 Tasks"));
    terminal.shows("─ tasks ─");
    terminal.click((20, head + 3));
    terminal.click((20, head + 3));
    terminal.shows("─ task ─");
    terminal.quit();
}

#[test]
fn keys_that_mean_nothing_do_nothing() {
    let (_target, mut terminal, _dir) = on_idle(10);
    // Function keys, alt, unknown sequences, bytes that are no text, and a paste.
    terminal.press("\u{1b}[24~\u{1b}x\u{1b}[1;9Z\u{1b}[?9999c~^%$#@!ZXCVBNM\u{0}\u{1}");
    terminal.press("\u{1b}[200~q\rq\u{1b}[201~");
    terminal.press("/");
    terminal.press("\u{1b}[200~id:4\u{7}\u{1b}[31m2\u{1b}[201~");
    let pasted = terminal.shows("/ id:4");
    assert!(!pasted.contains("\u{1b}"), "{pasted}");
    terminal.press("\u{1b}");
    terminal.hides("/ id:4");
    terminal.shows("12 tasks");
    terminal.quit();
}
