//! The rules by name, until `taskscope_model::rules` is here.

use taskscope_model::Tier;

/// A rule as `taskscope_model::rules` will tell of it.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    pub(crate) summary: &'static str,
    pub(crate) explain: &'static str,
}

/// All rules.
pub(crate) const RULES: &[Rule] = &[Rule {
    name: "deadlock",
    tier: Tier::Proven,
    summary: "tasks wait for each other's locks",
    explain: "Tasks that wait for each other wait for ever.",
}];
