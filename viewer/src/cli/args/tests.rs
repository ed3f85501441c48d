//! What is typed, and what is made of it.

use clap::CommandFactory;

use super::*;

#[test]
fn the_definitions_are_sound() {
    Cli::command().debug_assert();
}

#[test]
fn each_command_lists_only_the_options_that_it_takes() {
    let command = Cli::command();
    let options = |name: &str| -> Vec<_> {
        let command = command.find_subcommand(name).expect("a command");
        let options = command.get_opts().filter_map(|option| option.get_long());
        options.collect()
    };
    assert_eq!(options("ls"), ["format"]);
    assert_eq!(options("doctor"), ["format"]);
    assert_eq!(options("findings"), ["format"]);
    assert_eq!(options("explain"), ["list", "format"]);
    assert_eq!(options("stacks"), ["filter", "format", "limit"]);
    assert_eq!(options("resources"), ["filter", "sort", "format", "limit"]);
    assert_eq!(
        options("check"),
        ["for", "fail-on", "interval", "past", "format"]
    );
    assert_eq!(options("tasks")[..3], ["filter", "sort", "only"]);
    assert!(options("demo").contains(&"theme"));
}

#[test]
fn an_option_before_a_command_is_noticed() {
    let misplaced = |args: &[&str]| {
        Cli::try_parse_from(args)
            .expect("it can be read")
            .misplaced()
    };
    assert_eq!(misplaced(&["taskscope", "--filter=x"]), None);
    assert_eq!(misplaced(&["taskscope", "tasks", "--filter=x"]), None);
    assert_eq!(
        misplaced(&["taskscope", "--filter=x", "tasks"]),
        Some("--filter")
    );
    assert_eq!(
        misplaced(&["taskscope", "--theme=mono", "ls"]),
        Some("--theme")
    );
}
