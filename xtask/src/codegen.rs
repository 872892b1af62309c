//! The TypeScript of the contract, generated from the Rust types and committed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::shell::{Done, cargo, root, run};

const FOLDER: &str = "ui/src/generated";

/// Writes the generated files anew; files that nothing generates any more are removed.
pub(crate) fn write() -> Done {
    let fresh = generate()?;
    let folder = root().join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{FOLDER} cannot be made: {error}"))?;
    let old = read(&folder)?;
    for (name, text) in fresh.iter().filter(|(name, text)| old.get(*name) != Some(text)) {
        std::fs::write(folder.join(name), text).map_err(|error| format!("{FOLDER}/{name} cannot be written: {error}"))?;
        println!("wrote {FOLDER}/{name}");
    }
    for name in old.keys().filter(|name| !fresh.contains_key(*name)) {
        std::fs::remove_file(folder.join(name)).map_err(|error| format!("{FOLDER}/{name} cannot be removed: {error}"))?;
        println!("removed {FOLDER}/{name}");
    }
    Ok(())
}

/// Fails when the committed files are not what the types say.
pub(crate) fn check() -> Done {
    let (fresh, committed) = (generate()?, read(&root().join(FOLDER))?);
    let names: std::collections::BTreeSet<&String> = fresh.keys().chain(committed.keys()).collect();
    let differing: Vec<&str> =
        names.into_iter().filter(|name| fresh.get(*name) != committed.get(*name)).map(String::as_str).collect();
    if differing.is_empty() {
        println!("{} generated files are what the types say", fresh.len());
        return Ok(());
    }
    Err(format!("{FOLDER} is not what the types of loomwork-api say; run `cargo xtask codegen`:\n  {}", differing.join("\n  ")))
}

fn generate() -> Done<BTreeMap<String, String>> {
    let folder = std::env::temp_dir().join(format!("loomwork-codegen-{}", std::process::id()));
    let generated = run(cargo()
        .args(["run", "--quiet", "--package", "loomwork-api", "--features", "ts", "--example", "typescript", "--"])
        .arg(&folder));
    let files = generated.and_then(|()| read(&folder));
    // Left behind, it costs nothing but room.
    let _ = std::fs::remove_dir_all(&folder);
    files
}

fn read(folder: &Path) -> Done<BTreeMap<String, String>> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            for (name, text) in read(&path)? {
                files.insert(format!("{}/{name}", name_of(&path)), text);
            }
        } else if path.extension().is_some_and(|ending| ending == "ts") {
            files.insert(name_of(&path), std::fs::read_to_string(&path).map_err(failed)?);
        }
    }
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
