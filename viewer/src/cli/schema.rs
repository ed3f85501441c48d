//! `taskscope schema`: what the JSON of the commands looks like. The version at the end of a schema's name grows with
//! each change that a reader could stumble over; fields that are new do not count as such.

use super::args::Documented;
use super::{Outcome, output};

/// The name that an output of `taskscope ls` carries.
pub(super) const LS: &str = "taskscope.ls/1";

/// The name that an output of `taskscope tasks` carries.
pub(super) const TASKS: &str = "taskscope.tasks/1";

/// The name that an output of `taskscope findings` carries.
pub(super) const FINDINGS: &str = "taskscope.findings/1";

/// The name that an output of `taskscope resources` carries.
pub(super) const RESOURCES: &str = "taskscope.resources/1";

/// The name that an output of `taskscope stacks` carries.
pub(super) const STACKS: &str = "taskscope.stacks/1";

/// The name that an output of `taskscope check` carries.
pub(super) const CHECK: &str = "taskscope.check/1";

/// The name that an output of `taskscope explain` carries.
pub(super) const EXPLAIN: &str = "taskscope.explain/1";

/// The name that an output of `taskscope doctor` carries.
pub(super) const DOCTOR: &str = "taskscope.doctor/1";

/// Prints a schema.
pub(super) fn run(of: Documented) -> Outcome {
    output::print(match of {
        Documented::Ls => include_str!("../../schema/ls.v1.json"),
        Documented::Tasks => include_str!("../../schema/tasks.v1.json"),
        Documented::Findings => include_str!("../../schema/findings.v1.json"),
        Documented::Resources => include_str!("../../schema/resources.v1.json"),
        Documented::Stacks => include_str!("../../schema/stacks.v1.json"),
        Documented::Check => include_str!("../../schema/check.v1.json"),
        Documented::Explain => include_str!("../../schema/explain.v1.json"),
        Documented::Doctor => include_str!("../../schema/doctor.v1.json"),
    })
}
