//! Builds the user interface when its sources are newer than what was built, then embeds it with the window's settings.
//!
//! `LOOMWORK_SKIP_UI=1` leaves the interface as it is, for checks of the Rust code alone; a page that says how to
//! build it stands in when there is none.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::SystemTime,
};

const SOURCES: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];
const NOT_BUILT: &str = include_str!("../crates/loomwork-server/src/not-built.html");

fn main() -> ExitCode {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    println!("cargo:rerun-if-env-changed=LOOMWORK_SKIP_UI");
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", ui.join(source).display());
    }
    println!("cargo:rerun-if-changed={}", ui.join("dist").display());
    let skipped = env::var_os("LOOMWORK_SKIP_UI").is_some_and(|value| value != "0");
    let built = if skipped { stand_in(&ui) } else { build(&ui) };
    if let Err(message) = built {
        println!("cargo:warning={message}");
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    let commands = tauri_build::AppManifest::new().commands(&["call", "watch", "unwatch"]);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands)) {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn stand_in(ui: &Path) -> Result<(), String> {
    let page = ui.join("dist/index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(ui.join("dist"))
        .and_then(|()| fs::write(&page, NOT_BUILT))
        .map_err(|error| format!("{} cannot be written: {error}", page.display()))
}

fn build(ui: &Path) -> Result<(), String> {
    let page = ui.join("dist/index.html");
    let stands_in = fs::read_to_string(&page).is_ok_and(|text| text == NOT_BUILT);
    let built = changed(&page).filter(|_| !stands_in);
    let newest = SOURCES.iter().filter_map(|source| newest(&ui.join(source))).max();
    if built.is_some() && built >= newest {
        return Ok(());
    }
    let installed = changed(&ui.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < changed(&ui.join("package-lock.json")) {
        npm(ui, &["ci", "--no-audit", "--no-fund"])?;
    }
    npm(ui, &["run", "build"])
}

fn npm(ui: &Path, arguments: &[&str]) -> Result<(), String> {
    let what = format!("`npm {}` in {}", arguments.join(" "), ui.display());
    let output = Command::new("npm").args(arguments).current_dir(ui).output();
    let output = output.map_err(|error| {
        format!("{what} cannot be started ({error}); install Node.js, or set LOOMWORK_SKIP_UI=1 to leave the interface out")
    })?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{what} failed; set LOOMWORK_SKIP_UI=1 to leave the interface out"))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// When the newest file in a folder (or the file itself) was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let mut open: Vec<PathBuf> = vec![path.to_path_buf()];
    let mut newest = None;
    while let Some(path) = open.pop() {
        newest = newest.max(changed(&path));
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        open.extend(entries.map(|entry| entry.path()));
    }
    newest
}
