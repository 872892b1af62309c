//! What the machine has to have before anything can be built or tested.
//!
//! Invariants: nothing is installed without saying so first; where this command may not or cannot install, it says exactly
//! what a person has to; a machine that has everything is left alone, quickly.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Done, capture, cargo, changed, command, find_program, npm, root, run, succeeds, target_folder};

/// Debian packages that building the window needs.
const TO_BUILD: [&str; 3] = ["build-essential", "libwebkit2gtk-4.1-dev", "pkg-config"];

/// Debian packages that the tests need besides: a browser, a display with pictures of it, a driver for the window, and what the
/// examples use.
const TO_TEST: [&str; 6] = ["chromium", "git", "imagemagick", "python3", "webkit2gtk-driver", "xvfb"];

/// The oldest Node.js that the interface builds with.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// What the interface is made from.
const INTERFACE: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];

/// Installs what building needs.
pub(crate) fn for_building() -> Done {
    system(&TO_BUILD)?;
    packages("ui")
}

/// Installs what building and testing need.
pub(crate) fn for_testing() -> Done {
    system(&[&TO_BUILD[..], &TO_TEST[..]].concat())?;
    toolchain()?;
    packages("ui")?;
    packages("tests/browser")
}

/// Whether this is a system whose packages the set-up installs, so that nothing may be missing after it.
pub(crate) fn installs_packages() -> bool {
    find_program("dpkg-query").is_some()
}

fn system(packages: &[&str]) -> Done {
    if !installs_packages() {
        return other_system();
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let Some(as_root) = as_root() else {
        return Err(format!("These Debian packages are missing, and only root may install them:\n\n  apt-get install {list}\n"));
    };
    println!("Installing Debian packages that are missing: {list}");
    // A fresh machine has no lists; they are fetched only when something is missing.
    run(apt(&as_root).arg("update"))?;
    run(apt(&as_root).args(["install", "--yes", "--no-install-recommends"]).args(&missing))
}

fn is_installed(package: &str) -> bool {
    let query = command("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    query.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

/// The words before a command that make it run as root: none for root itself, `sudo` where it asks no questions.
fn as_root() -> Option<Vec<&'static str>> {
    let id = capture(command("id").arg("-u")).ok()?;
    if id.trim() == "0" {
        return Some(Vec::new());
    }
    let sudo = find_program("sudo").is_some() && succeeds(command("sudo").args(["-n", "true"]));
    sudo.then(|| vec!["sudo", "-n"])
}

fn apt(as_root: &[&str]) -> Command {
    let words = [as_root, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]].concat();
    let mut apt = command(words[0]);
    apt.args(&words[1..]);
    apt
}

/// The formatter and the linter, which a minimal Rust lacks.
fn toolchain() -> Done {
    let missing =
        [("fmt", "rustfmt"), ("clippy", "clippy")].into_iter().filter(|(tool, _)| !succeeds(cargo().args([tool, "--version"])));
    let missing: Vec<&str> = missing.map(|(_, component)| component).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if find_program("rustup").is_none() {
        return Err(format!("Rust is here without {list}; install them from where Rust came from"));
    }
    println!("Installing components of Rust that are missing: {list}");
    run(command("rustup").args(["component", "add"]).args(&missing))
}

/// A system without Debian packages: what is missing is found out by looking, and named.
fn other_system() -> Done {
    let has_webkit = cfg!(target_os = "macos") || succeeds(command("pkg-config").args(["--exists", "webkit2gtk-4.1"]));
    let has_compiler = find_program("cc").is_some();
    if has_webkit && has_compiler {
        return Ok(());
    }
    Err("Building the window needs a C compiler, pkg-config and the development files of WebKitGTK 4.1. Install them:\n\n  \
         Fedora     dnf install gcc-c++ pkgconf-pkg-config webkit2gtk4.1-devel\n  \
         Arch       pacman -S base-devel webkit2gtk-4.1\n  \
         openSUSE   zypper install gcc-c++ pkgconf webkit2gtk3-devel\n  \
         NixOS      nix-shell -p gcc pkg-config webkitgtk_4_1\n"
        .to_owned())
}

/// Installs the npm packages of a folder when its lock file is newer than what is installed.
fn packages(folder: &str) -> Done {
    node()?;
    let (lock, installed) =
        (root().join(folder).join("package-lock.json"), root().join(folder).join("node_modules/.package-lock.json"));
    let (lock, installed) = (changed(&lock), changed(&installed));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    println!("Installing the npm packages of {folder}");
    // The tests use the system's browser; no other one is to be downloaded.
    run(npm(folder).args(["ci", "--no-audit", "--no-fund"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

fn node() -> Done {
    let wanted = format!("Node.js {}.{} or newer, with npm", OLDEST_NODE.0, OLDEST_NODE.1);
    let missing = || format!("{wanted}, is missing. Install it from your system's packages or https://nodejs.org");
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Err(missing());
    }
    let text = capture(command("node").arg("--version"))?;
    let mut numbers = text.trim().trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST_NODE { Err(format!("{wanted}, is needed; this machine has {}", text.trim())) } else { Ok(()) }
}

/// Builds the interface when its sources are newer than what was built.
pub(crate) fn interface() -> Done {
    let ui = root().join("ui");
    let built = changed(&ui.join("dist/index.html"));
    let newest = INTERFACE.iter().filter_map(|source| changed(&ui.join(source))).max();
    // The page that stands in for an interface that was never built has no assets beside it.
    if built.is_some() && built >= newest && ui.join("dist/assets").is_dir() {
        return Ok(());
    }
    run(npm("ui").args(["run", "build"]))
}

/// The program that drives the window in tests, installed beside what cargo builds when it is nowhere else.
pub(crate) fn tauri_driver() -> Done<PathBuf> {
    if let Some(found) = find_program("tauri-driver") {
        return Ok(found);
    }
    let tools = target_folder()?.join("tools");
    let driver = tools.join("bin/tauri-driver");
    if !driver.is_file() {
        println!("Installing tauri-driver to {}", tools.display());
        run(cargo().args(["install", "tauri-driver", "--version", "^2", "--locked", "--root"]).arg(&tools))?;
    }
    Ok(driver)
}
