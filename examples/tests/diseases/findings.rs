//! Every program that is ill gives the finding of its disease and no other, and every healthy one none.

use std::{
    collections::BTreeSet,
    path::Path,
    slice, thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    lines::line,
    programs::{Expected, Finding, PROGRAMS, Program},
    runs::{self, Run},
    target::{Target, folder},
    viewer::run,
};

/// A disease begins within a second of the start, and is to be found within three more.
const FOUND_WITHIN: Duration = Duration::from_secs(4);

/// How long a healthy program is looked at.
const WATCHED: Duration = Duration::from_secs(5);

/// How long to look on after the first finding: others may come late.
const WATCHED_ON: Duration = Duration::from_secs(2);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A program that is looked at.
struct Patient {
    run: Run,
    target: Target,
    since: Instant,
    dir: tempfile::TempDir,
}

impl Patient {
    #[allow(clippy::disallowed_methods)] // a deadline
    fn start(run: Run) -> Self {
        let dir = folder();
        let arguments = format!("--for 60s --runtime {}", run.runtime);
        Self {
            run,
            target: Target::start(&run.path(), &arguments, dir.path()),
            since: Instant::now(),
            dir,
        }
    }

    /// What is wrong with it now.
    fn findings(&self) -> Result<Vec<Value>, String> {
        let arguments = ["findings", self.target.address(), "--format", "json"];
        let ran = run(self.dir.path(), &arguments);
        let mut answer: Value =
            serde_json::from_str(&ran.stdout).map_err(|error| format!("{error}: {ran:?}"))?;
        match answer["findings"].take() {
            Value::Array(findings) => Ok(findings),
            _ => Err(format!("no list of findings: {ran:?}")),
        }
    }

    /// Looks again and again for so long, until there is an answer.
    fn look<T>(
        &self,
        during: Duration,
        mut look: impl FnMut(Vec<Value>) -> Result<Option<T>, String>,
    ) -> Result<Option<T>, String> {
        let start = self.since.elapsed();
        loop {
            // The last look is one after the time is over.
            let over = self.since.elapsed() - start >= during;
            if let Some(answer) = look(self.findings()?)? {
                return Ok(Some(answer));
            }
            if over {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Looks until its disease is found as it should be, and somewhat on.
    fn has(&self, expected: &Finding) -> Result<(), String> {
        // What is not complete yet may become so while there is time.
        let mut last = String::from("nothing was found");
        let found = self.look(FOUND_WITHIN, |findings| {
            no_other(&findings, expected)?;
            if findings.is_empty() {
                return Ok(None);
            }
            match names_what_it_should(self.run.program.name, &findings, expected) {
                Ok(()) => Ok(Some(())),
                Err(wrong) => {
                    last = wrong;
                    Ok(None)
                }
            }
        })?;
        if found.is_none() {
            return Err(format!("after {:?}: {last}", self.since.elapsed()));
        }
        self.look(WATCHED_ON, |findings| {
            no_other(&findings, expected)?;
            Ok(None::<()>)
        })?;
        Ok(())
    }
}

/// Makes sure that all findings are of one rule, and tell what they should.
fn no_other(findings: &[Value], expected: &Finding) -> Result<(), String> {
    for finding in findings {
        if finding["rule"] != expected.rule {
            return Err(format!("not {}: {finding:#}", expected.rule));
        }
        let tier = finding["tier"].as_str().unwrap_or_default();
        if !["proven", "persistent", "statistical"].contains(&tier)
            || list(&finding["evidence"]).is_empty()
            || finding["advice"].as_str().is_none_or(str::is_empty)
        {
            return Err(format!("it does not tell enough: {finding:#}"));
        }
    }
    Ok(())
}

/// Makes sure that the subjects are the ones with the right marks.
fn names_what_it_should(
    program: &str,
    findings: &[Value],
    expected: &Finding,
) -> Result<(), String> {
    let lines = |kind: &str, names: &[&str]| -> BTreeSet<u64> {
        names.iter().map(|name| line(program, kind, name)).collect()
    };
    let resources = lines("creates", expected.creates);
    let tasks = lines("spawns", expected.spawns);
    let beside = lines("spawns", expected.beside);

    let waits = lines("spawns", expected.waits);

    let (mut named_resources, mut named_tasks) = (BTreeSet::new(), BTreeSet::new());
    let (mut holders, mut waiters) = (BTreeSet::new(), BTreeSet::new());
    for subject in findings
        .iter()
        .flat_map(|finding| list(&finding["subjects"]))
    {
        let named = match subject["kind"].as_str() {
            Some("resource" | "place") => &mut named_resources,
            Some("task" | "site") => &mut named_tasks,
            // It has no place.
            Some("runtime") => continue,
            _ => return Err(format!("of what kind is this? {subject}")),
        };
        match place(&subject["location"]) {
            Some((file, line)) if file == format!("{program}.rs") => {
                named.insert(line);
                match subject["role"].as_str() {
                    Some("waiter") => drop(waiters.insert(line)),
                    role if role == expected.role() => drop(holders.insert(line)),
                    _ if expected.role().is_none() || subject["kind"] != "task" => {}
                    _ => return Err(format!("what is it to this? {subject}")),
                }
            }
            // What is within a channel has no place in the program.
            _ if subject["kind"] == "resource" && resources.is_empty() => {}
            _ => return Err(format!("where is this? {subject}")),
        }
    }
    if expected.role().is_some() {
        let only_beside: BTreeSet<_> = beside.difference(&waits).collect();
        holders.retain(|line| tasks.contains(line) || !only_beside.contains(line));
        if holders != tasks || waiters != waits {
            return Err(format!(
                "holders of lines {holders:?} instead of {tasks:?}, \
                 waiters of lines {waiters:?} instead of {waits:?}: {findings:#?}"
            ));
        }
    }
    named_tasks.retain(|line| tasks.contains(line) || !beside.contains(line));
    if named_resources != resources || named_tasks != tasks {
        return Err(format!(
            "resources of lines {named_resources:?} instead of {resources:?}, \
             tasks of lines {named_tasks:?} instead of {tasks:?}: {findings:#?}"
        ));
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// File and line of a place like `src/bin/deadlock.rs:12`.
fn place(location: &Value) -> Option<(&str, u64)> {
    let (file, line) = location.as_str()?.rsplit_once(':')?;
    let file = Path::new(file).file_name()?.to_str()?;
    Some((file, line.parse().ok()?))
}

#[test]
fn every_disease_is_found_and_no_other() {
    runs::all(
        |program| program.finding().is_some(),
        |run| match run.program.finding() {
            Some(expected) => Patient::start(run).has(expected),
            None => Ok(()),
        },
    );
}

#[test]
fn nothing_is_found_of_the_healthy() {
    runs::all(
        |program| !matches!(program.expected, Expected::Finding(_)),
        |run| {
            let found = Patient::start(run).look(WATCHED, |findings| {
                Ok((!findings.is_empty()).then_some(findings))
            })?;
            found.map_or(Ok(()), |findings| Err(format!("{findings:#?}")))
        },
    );
}

/// A finding of `deadlock`, of tasks and resources on the lines with these marks.
fn finding(tasks: &[&str], resources: &[&str]) -> Value {
    let subject = |kind: &str, mark: &str, name: &&str| {
        let line = line("deadlock", mark, name);
        let role = (kind == "task").then_some("deadlocked");
        let location = format!("src/bin/deadlock.rs:{line}");
        json!({ "kind": kind, "id": "1", "location": location, "name": null, "role": role })
    };
    let tasks = tasks.iter().map(|name| subject("task", "spawns", name));
    let resources = resources
        .iter()
        .map(|name| subject("resource", "creates", name));
    json!({
        "rule": "deadlock",
        "tier": "proven",
        "since_ns": 1,
        "subjects": tasks.chain(resources).collect::<Vec<_>>(),
        "evidence": ["they wait for each other"],
        "advice": "lock in one order",
    })
}

#[test]
fn only_the_right_findings_pass() {
    let deadlock = PROGRAMS.iter().find(|program| program.name == "deadlock");
    let expected = deadlock.and_then(Program::finding).unwrap();
    let names = |findings: &[Value]| names_what_it_should("deadlock", findings, expected);

    let both = ["alice to bob", "bob to alice"];
    let right = finding(&both, &["alice", "bob"]);
    names(slice::from_ref(&right)).unwrap();
    names(&[finding(&both, &["alice"]), finding(&[], &["bob"])]).unwrap();
    no_other(slice::from_ref(&right), expected).unwrap();

    for (tasks, resources) in [
        (&both[..1], &["alice", "bob"][..]),
        (&both, &["alice"]),
        (
            &["alice to bob", "bob to alice", "rates"],
            &["alice", "bob"],
        ),
        (&both, &["alice", "bob", "rates"]),
    ] {
        names(&[finding(tasks, resources)]).unwrap_err();
    }
    let with = |key: &str, value: Value| {
        let mut wrong = right.clone();
        wrong[key] = value;
        wrong
    };
    for wrong in [
        with("rule", "futurelock".into()),
        with("tier", "certain".into()),
        with("evidence", json!([])),
        with("advice", "".into()),
    ] {
        no_other(&[right.clone(), wrong], expected).unwrap_err();
    }
    for role in ["waiter".into(), "holder".into(), Value::Null] {
        let mut wrong = right.clone();
        wrong["subjects"][0]["role"] = role;
        names(&[wrong]).unwrap_err();
    }
    let elsewhere = with(
        "subjects",
        json!([{ "kind": "task", "location": "mutex.rs:7" }]),
    );
    names(&[right, elsewhere]).unwrap_err();
}
