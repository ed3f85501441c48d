//! The marks in the programs' texts, and whether the table knows all programs.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::programs::{Expected, PROGRAMS, RULES};

/// The text of a program.
fn text(program: &str) -> String {
    let file = folder().join(format!("{program}.rs"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/bin")
}

/// The line with the mark `// KIND: NAME`, from 1.
#[track_caller]
pub(crate) fn line(program: &str, kind: &str, name: &str) -> u64 {
    let mark = format!("// {kind}: {name}");
    let text = text(program);
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.ends_with(&mark));
    let found = lines.next();
    assert!(
        found.is_some() && lines.next().is_none(),
        "{program}: `{mark}` is to be on one line"
    );
    found.unwrap().0
}

/// The lines of the disease itself, with marks `// line: WHAT`, from 1: where the lock is taken, where the task waits,
/// what blocks the worker. A mark that stands alone means the line above.
pub(crate) fn disease(program: &str) -> Vec<u64> {
    let text = text(program);
    let marked = |(number, line): (u64, &str)| {
        let before = line.split_once("// line: ")?.0;
        Some(number - u64::from(before.trim().is_empty()))
    };
    (1..).zip(text.lines()).filter_map(marked).collect()
}

/// The programs of whose disease nobody can tell who has it.
const NAMELESS: [&str; 1] = ["accept_backlog_early"];

#[test]
fn what_findings_name_is_marked() {
    for program in PROGRAMS {
        let Some(finding) = program.finding() else {
            continue;
        };
        for name in finding.creates {
            line(program.name, "creates", name);
        }
        for name in finding.spawns.iter().chain(finding.beside) {
            line(program.name, "spawns", name);
        }
        assert_eq!(
            finding.creates.is_empty() && finding.spawns.is_empty(),
            NAMELESS.contains(&program.name),
            "{program:?}"
        );
    }
}

#[test]
fn every_rule_has_a_program_and_every_program_a_twin() {
    let twins: BTreeSet<_> = PROGRAMS
        .iter()
        .filter(|program| matches!(program.expected, Expected::Nothing))
        .map(|program| program.name)
        .collect();
    for rule in RULES {
        let name = rule.replace('-', "_");
        assert!(
            PROGRAMS.iter().any(|program| program.name == name),
            "{rule}"
        );
        assert!(twins.contains(&*format!("{name}_healthy")), "{rule}");
    }
    for program in PROGRAMS {
        match &program.expected {
            Expected::Finding(finding) => {
                assert!(RULES.contains(&finding.rule), "{program:?}");
                assert!(
                    program.name.starts_with(&finding.rule.replace('-', "_")),
                    "{program:?}"
                );
            }
            Expected::Nothing => assert!(program.name.ends_with("_healthy"), "{program:?}"),
        }
    }
}

#[test]
fn the_table_knows_every_program() {
    let known: BTreeSet<_> = PROGRAMS
        .iter()
        .map(|program| program.name.to_owned())
        .collect();
    assert_eq!(known.len(), PROGRAMS.len(), "one is in there twice");
    let there: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem()?.to_str()?.to_owned();
            text(&name).contains("disease::options()").then_some(name)
        })
        .collect();
    assert_eq!(known, there);
}
