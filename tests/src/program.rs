//! Where the program under test is: `LOOMWORK_BIN`, else the one that cargo builds beside the tests.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The `loomwork` program. Without `LOOMWORK_BIN` it is built first, so that no test ever runs an old one.
///
/// # Panics
/// When there is none and it cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| env::var_os("LOOMWORK_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let test = env::current_exe().unwrap();
    // <target>/<profile>/deps/system-<hash>
    let profile = test.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "loomwork-cli", "--target-dir"]).arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo starts");
    assert!(built.success(), "the program under test cannot be built");
    profile.join("loomwork")
}
