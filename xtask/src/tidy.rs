//! The rules that a machine can check: sizes, who may depend on whom, words, files.
//!
//! Invariant: every finding names its file, its line where there is one, and how to mend it; a warning fails nothing.

mod crates;
mod interface;
mod sizes;
mod words;

use crate::shell::{Done, command, files, root, succeeds};

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    fn error(&mut self, message: String) {
        self.errors.push(message);
    }

    fn warning(&mut self, message: String) {
        self.warnings.push(message);
    }
}

/// A text file of the repository.
struct Source {
    path: String,
    text: String,
}

/// Checks everything.
pub(crate) fn tidy() -> Done {
    let mut findings = Findings::default();
    // What is no UTF-8 is a picture or a font.
    let sources: Vec<Source> = files()?
        .into_iter()
        .filter_map(|path| Some(Source { text: std::fs::read_to_string(root().join(&path)).ok()?, path }))
        .collect();
    sizes::check(&sources, &mut findings);
    words::check(&sources, &mut findings);
    interface::check(&sources, &mut findings);
    crates::check(&crate::shell::metadata()?, &mut findings);
    locks(&sources, &mut findings);
    for warning in &findings.warnings {
        println!("warning: {warning}");
    }
    if findings.errors.is_empty() {
        println!("{} files are tidy, {} warnings", sources.len(), findings.warnings.len());
        return Ok(());
    }
    Err(findings.errors.iter().map(|error| format!("error: {error}")).collect::<Vec<_>>().join("\n"))
}

/// The lock files are committed and name no machine's own registry.
fn locks(sources: &[Source], findings: &mut Findings) {
    for lock in ["Cargo.lock", "ui/package-lock.json"] {
        if !succeeds(command("git").args(["ls-files", "--error-unmatch", lock])) {
            findings.error(format!("{lock} is not committed; builds would differ from machine to machine"));
        }
    }
    for source in sources {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        for (number, line) in (1..).zip(source.text.lines()) {
            let line = line.trim();
            let foreign = match name {
                "package-lock.json" => line.starts_with("\"resolved\": \"http"),
                "Cargo.lock" => line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index"),
                _ => break,
            };
            if foreign {
                findings.error(format!("{}:{number}: a lock file names no host; only versions and checksums", source.path));
            }
        }
    }
}
