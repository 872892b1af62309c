//! `cargo xtask app`: from a fresh checkout to the open window.

use std::path::PathBuf;
use std::process::Command;

use crate::set_up;
use crate::shell::{Done, cargo, command, root, run, target_folder};

/// Builds and opens the window on a workspace, the repository itself unless told otherwise. Without a display it serves the same
/// interface to the browser and prints the address.
///
/// The window is built in the development profile, which takes a fraction of the time of a release build on a fresh machine;
/// `--release` is for those who want to measure or keep it.
pub(crate) fn app(arguments: &[&str]) -> Done {
    let (mut workspace, mut release) = (root(), false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--release" => release = true,
            "--workspace" => {
                let folder = rest.next().ok_or("--workspace needs a folder")?;
                workspace = PathBuf::from(folder).canonicalize().map_err(|error| format!("the folder {folder}: {error}"))?;
            }
            other => return Err(format!("`cargo xtask app` knows no `{other}`; it takes --workspace DIR and --release")),
        }
    }
    set_up::for_building()?;
    set_up::interface()?;
    if has_display() {
        let window = build("loomwork-desktop", "loomwork-desktop", release)?;
        return run(command(window).arg(&workspace));
    }
    println!("There is no display, so the interface is served to the browser of this machine. Ctrl-C ends it. Its address:");
    let loomwork = build("loomwork-cli", "loomwork", release)?;
    run(command(loomwork).arg("--workspace").arg(&workspace).arg("serve"))
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Builds a package and says where its program is.
pub(crate) fn build(package: &str, program: &str, release: bool) -> Done<PathBuf> {
    let mut build: Command = cargo();
    build.args(["build", "--locked", "--package", package]);
    if release {
        build.arg("--release");
    }
    run(&mut build)?;
    self::program(program, release)
}

/// Where a program is once it is built.
pub(crate) fn program(name: &str, release: bool) -> Done<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(target_folder()?.join(if release { "release" } else { "debug" }).join(name))
}
