//! Names that terminals would take for commands, in what is printed.

use std::path::Path;

use crate::{
    target::{Target, folder, until},
    viewer::{command, commands, run, run_command},
};

/// Waits until the target tells of the last of the names.
fn all_told(dir: &Path) {
    until("all tasks", || {
        let args = ["tasks", "--filter", "name:long", "--format", "json"];
        let json = run(dir, &args).json();
        json["tasks"]
            .as_array()
            .is_some_and(|tasks| !tasks.is_empty())
    });
}

#[test]
fn names_reach_a_terminal_as_text_alone() {
    let dir = folder();
    let target = Target::hostile("--names --places", dir.path());
    all_told(dir.path());
    for args in [
        &["tasks"][..],
        &["tasks", "--columns", "id,name,loc,kind,size"],
        &["tasks", "--group"],
        &["tasks", "--format", "json"],
        &["ls"],
        &["doctor"],
    ] {
        let ran = run(dir.path(), args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert_eq!(commands(&ran.stdout), [], "{args:?}");
        assert!(
            ran.stdout.len() < 1 << 20,
            "{args:?} prints {} bytes",
            ran.stdout.len()
        );
    }
    target.ends_well();
}

#[test]
fn programs_get_the_very_names() {
    let dir = folder();
    let target = Target::hostile("--names", dir.path());
    all_told(dir.path());
    let json = run(dir.path(), &["tasks", "--format", "json"]).json();
    let names: Vec<_> = json["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|task| task["name"].as_str())
        .collect();
    for name in [
        "clear\u{1b}[2J\u{1b}[H",
        "turn\u{202e}around",
        "lines\r\nof\ttext\u{8}\u{7f}",
    ] {
        assert!(names.contains(&name), "{name:?} in {names:?}");
    }
    // Cut by the target where it says.
    let doctor = run(dir.path(), &["doctor", "--format", "json"]).json();
    let most = doctor["limits"]["max_name_bytes"].as_u64().unwrap() as usize;
    assert!(names.iter().all(|name| name.len() <= most), "{names:?}");
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("long") && name.len() > most - 4),
        "{names:?}"
    );
    target.ends_well();
}

#[test]
fn three_columns_are_enough_to_print_something() {
    let dir = folder();
    let target = Target::hostile("--names", dir.path());
    for columns in ["0", "1", "3", "99999999999", "-1", "many", ""] {
        let mut command = command(dir.path(), &["tasks"]);
        command.env("COLUMNS", columns);
        let ran = run_command(command);
        assert_eq!(ran.code, Some(0), "{columns}: {ran:?}");
        assert_eq!(commands(&ran.stdout), [], "{columns}");
    }
    target.ends_well();
}
