//! Builds the measured programs.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::variant::Variant;

/// The built programs.
#[derive(Debug)]
pub(crate) struct Subjects {
    /// By their feature.
    binaries: BTreeMap<Option<&'static str>, PathBuf>,
}

impl Subjects {
    /// Builds what `variants` need; quick when nothing has changed.
    pub(crate) fn build(variants: &[Variant]) -> Result<Self, String> {
        let target = target_directory()?;
        let mut binaries = BTreeMap::new();
        for variant in variants {
            if let Entry::Vacant(missing) = binaries.entry(variant.feature()) {
                missing.insert(build(&target, variant.feature())?);
            }
        }
        Ok(Self { binaries })
    }

    /// The program that measures `variant`.
    pub(crate) fn binary(&self, variant: Variant) -> Result<&Path, String> {
        self.binaries
            .get(&variant.feature())
            .map(PathBuf::as_path)
            .ok_or_else(|| format!("`{variant}` was not built"))
    }
}

fn build(target: &Path, feature: Option<&str>) -> Result<PathBuf, String> {
    let name = feature.unwrap_or("plain");
    let target = target.join(name);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&workspace)
        .args(["build", "--release", "--bin", "subject", "--target-dir"])
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        // Set, even to nothing, it overrules the flags of our own `.cargo/config.toml`.
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            if feature.is_some() {
                "--cfg\u{1f}tokio_unstable"
            } else {
                ""
            },
        );
    if let Some(feature) = feature {
        cargo.args(["--features", feature]);
    }
    eprintln!("building the programs to measure: {name}");
    let status = cargo
        .status()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if status.success() {
        Ok(target.join("release").join("subject"))
    } else {
        Err(format!(
            "cargo could not build {} ({status}); what it said stands above",
            workspace.display()
        ))
    }
}

/// `bench-subjects` in the target directory that this very program was built in.
fn target_directory() -> Result<PathBuf, String> {
    let program = env::current_exe()
        .map_err(|error| format!("where this program lies is not to be had: {error}"))?;
    // target/release/deps/cost-0123456789abcdef
    let target = program
        .ancestors()
        .nth(3)
        .ok_or_else(|| format!("{} lies in no target directory", program.display()))?;
    Ok(target.join("bench-subjects"))
}
