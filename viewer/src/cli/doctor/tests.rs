//! What is found about targets of all kinds.

use super::*;
use crate::feed::Setup;

pub(super) fn healthy() -> Hello {
    let source = |(name, _): (&str, _)| Source {
        name: name.to_owned(),
        active: true,
        events: 9,
        trial_events: 2,
    };
    Hello {
        pid: 4242,
        name: "shop".to_owned(),
        instrument_version: "0.1.0".to_owned(),
        protocol_version: 1,
        sources: EXPECTED.map(source).to_vec(),
        setup: Setup {
            tokio_unstable: true,
            static_max_level: "trace".to_owned(),
            installed: true,
            clock: "tsc".to_owned(),
            debug_info: "full".to_owned(),
            ..Setup::default()
        },
        ..Hello::default()
    }
}

fn silence(hello: &mut Hello) {
    for source in &mut hello.sources {
        (source.events, source.trial_events) = (0, 0);
    }
}

fn codes(hello: &Hello) -> Vec<&'static str> {
    Diagnosis::of(hello)
        .advice
        .iter()
        .map(|advice| advice.code)
        .collect()
}

#[test]
fn a_healthy_target_has_nothing_to_change() {
    let diagnosis = Diagnosis::of(&healthy());
    assert!(diagnosis.healthy() && diagnosis.advice.is_empty());
}

#[test]
fn a_trial_is_proof_enough_where_the_app_has_done_nothing_yet() {
    let mut hello = healthy();
    hello
        .sources
        .iter_mut()
        .for_each(|source| source.events = 0);
    let diagnosis = Diagnosis::of(&hello);
    assert!(diagnosis.healthy());
    assert_eq!(diagnosis.sources[0].proof(), Some(Proof::Trial));
}

#[test]
fn a_source_that_the_target_does_not_have_is_not_proven() {
    let mut hello = healthy();
    hello.sources.retain(|source| source.name != "wakers");
    assert!(!Diagnosis::of(&hello).healthy());
}

#[test]
fn a_setting_proves_nothing() {
    let mut hello = healthy();
    silence(&mut hello);
    assert_eq!(codes(&hello), ["nothing_arrives"]);
    assert!(!Diagnosis::of(&hello).healthy());
}

#[test]
fn each_fault_has_its_advice() {
    let with = |change: fn(&mut Hello)| {
        let mut hello = healthy();
        silence(&mut hello);
        change(&mut hello);
        codes(&hello)
    };
    assert_eq!(
        with(|hello| hello.setup.tokio_unstable = false),
        ["tokio_unstable"]
    );
    assert_eq!(
        with(|hello| hello.setup.static_max_level = "info".to_owned()),
        ["static_max_level"]
    );
    assert_eq!(
        with(|hello| hello.setup.installed = false),
        ["not_installed"]
    );
}

/// A target whose level leaves out so many sources, permits first.
fn of_level(left_out: usize) -> Hello {
    let mut hello = healthy();
    for source in hello.sources.iter_mut().rev().skip(1).take(left_out) {
        (source.active, source.events, source.trial_events) = (false, 0, 0);
    }
    hello
}

#[test]
fn what_a_level_leaves_out_is_told_with_the_setting_and_is_no_fault() {
    for (left_out, level) in [(1, "locks"), (2, "tasks")] {
        let hello = of_level(left_out);
        let diagnosis = Diagnosis::of(&hello);
        assert!(diagnosis.settled() && !diagnosis.healthy());
        let off = diagnosis.sources.iter().filter(|source| source.off);
        assert_eq!(off.count(), left_out);
        assert_eq!(codes(&hello), ["level"]);
        let advice = &diagnosis.advice[0];
        assert!(
            advice.problem.contains(&format!("`{level}`")),
            "{}",
            advice.problem
        );
        assert!(advice.change.contains("TASKSCOPE_LEVEL=permits"));
    }
    // Another fault has its own advice, whatever the level.
    let mut hello = of_level(2);
    hello.sources[3].trial_events = 0;
    hello.sources[3].events = 0;
    assert_eq!(codes(&hello), ["nothing_arrives", "level"]);
    // Where not even tasks are told, a level is not the reason.
    silence(&mut hello);
    hello.sources[0].active = false;
    hello.setup.installed = false;
    assert_eq!(codes(&hello), ["not_installed"]);
    assert!(
        Diagnosis::of(&hello)
            .sources
            .iter()
            .all(|source| !source.off)
    );
}

#[test]
fn what_the_build_does_not_tell_is_said_with_the_lines_for_it() {
    for (info, code, change) in [
        ("full", None, ""),
        ("line-tables", None, ""),
        (
            "symbols",
            Some("debug_info"),
            "debug = \"line-tables-only\"",
        ),
        ("stripped", Some("debug_info"), "strip = false"),
    ] {
        let mut hello = healthy();
        info.clone_into(&mut hello.setup.debug_info);
        let diagnosis = Diagnosis::of(&hello);
        assert_eq!(codes(&hello).first().copied(), code, "{info}");
        assert!(
            diagnosis
                .advice
                .iter()
                .all(|advice| advice.change.contains(change))
        );
        assert!(debug_info(&hello).is_some());
    }
    let mut hello = healthy();
    hello.setup.debug_info.clear();
    assert!(looks(&hello) && codes(&hello).is_empty());
}

#[test]
fn stacks_that_are_not_caught_have_the_targets_reason() {
    let mut hello = healthy();
    hello.setup.no_stacks = "built without\u{1b} frame pointers".to_owned();
    hello.setup.debug_info.clear();
    (hello.sources[6].active, hello.sources[6].events) = (false, 0);
    hello.sources[6].trial_events = 0;
    let diagnosis = Diagnosis::of(&hello);
    assert_eq!(codes(&hello), ["no_stacks"]);
    assert!(diagnosis.settled() && !diagnosis.healthy() && !looks(&hello));
    let style = Style {
        width: 100,
        colours: false,
    };
    insta::assert_snapshot!("no_stacks", text::draw(&hello, &diagnosis, style));
    let mut hello = healthy();
    hello.setup.no_signals = "no real-time\u{1b} signal is free".to_owned();
    assert_eq!(codes(&hello), ["no_signals"]);
    insta::assert_snapshot!(
        "no_signals",
        text::draw(&hello, &Diagnosis::of(&hello), style)
    );
    let mut hello = healthy();
    hello.setup.debug_info = "stripped".to_owned();
    insta::assert_snapshot!(
        "stripped",
        text::draw(&hello, &Diagnosis::of(&hello), style)
    );
}

#[test]
fn silence_has_its_reasons_where_it_is_one() {
    let codes = |hello: &Hello| -> Vec<_> {
        let advice = advice::of_silence(hello);
        advice.iter().map(|advice| advice.code).collect()
    };
    let mut hello = healthy();
    hello.setup.installed = false;
    assert!(codes(&hello).is_empty(), "what arrives is no silence");
    silence(&mut hello);
    assert_eq!(codes(&hello), ["not_installed"]);
    hello.setup.installed = true;
    assert!(codes(&hello).is_empty(), "it has only just started");
    hello.now_ns = 10_000_000_000;
    assert_eq!(codes(&hello), ["nothing_arrives"]);
}

#[test]
fn what_was_there_before_is_told_though_all_is_proven() {
    let mut hello = healthy();
    hello.setup.installed_in_runtime = true;
    for (tasks, said) in [(0, ": the future in"), (1, ": 1 task"), (3, ": 3 tasks")] {
        hello.setup.tasks_before = tasks;
        let diagnosis = Diagnosis::of(&hello);
        assert_eq!(codes(&hello), ["installed_late"]);
        assert!(diagnosis.advice[0].problem.contains(said), "{tasks}");
        assert!(!diagnosis.healthy());
    }
}

#[test]
fn what_went_wrong_at_start_up_is_told_though_all_is_proven() {
    let mut hello = healthy();
    hello.setup.problems = vec!["no TCP: the port is\u{1b}[2J taken".to_owned()];
    let diagnosis = Diagnosis::of(&hello);
    assert!(!diagnosis.healthy() && diagnosis.advice.is_empty());
    let style = Style {
        width: 100,
        colours: false,
    };
    let text = text::draw(&hello, &diagnosis, style);
    assert!(
        text.ends_with("\nNot all went well there:\n  no TCP: the port is␛[2J taken\n"),
        "{text}"
    );
}

#[test]
fn the_text_says_it_all() {
    let mut hello = healthy();
    silence(&mut hello);
    hello.name = "shop\u{1b}[2J".to_owned();
    hello.setup.tokio_unstable = false;
    hello.setup.installed_in_runtime = true;
    hello.setup.tasks_before = 1200;
    let style = Style {
        width: 100,
        colours: false,
    };
    insta::assert_snapshot!("ill", text::draw(&hello, &Diagnosis::of(&hello), style));
    let tasks = of_level(2);
    insta::assert_snapshot!("level", text::draw(&tasks, &Diagnosis::of(&tasks), style));
    let narrow = Style { width: 60, ..style };
    insta::assert_snapshot!(
        "level_60",
        text::draw(&tasks, &Diagnosis::of(&tasks), narrow)
    );
    insta::assert_snapshot!(
        "healthy",
        text::draw(&healthy(), &Diagnosis::of(&healthy()), style)
    );
}
