//! Sizes of source files, and the line at their door.

use super::{Findings, Source};

const QUESTIONED_LINES: usize = 400;
const MAX_LINES: usize = 800;
const ENDINGS: [&str; 6] = ["rs", "ts", "tsx", "mjs", "js", "css"];
const GENERATED: &str = "ui/src/generated/";

pub(super) fn check(sources: &[Source], findings: &mut Findings) {
    for Source { path, text } in sources {
        let ending = path.rsplit('.').next().unwrap_or_default();
        if !ENDINGS.contains(&ending) || path.starts_with(GENERATED) {
            continue;
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            findings.error(format!("{path} has {lines} lines; at most {MAX_LINES} are allowed, split it"));
        } else if lines > QUESTIONED_LINES {
            findings.warning(format!("{path} has {lines} lines; does it have more than one purpose?"));
        }
        if ending == "rs" && !opens_with_its_purpose(text) {
            findings.error(format!("{path}:1: a module opens with `//!`: its purpose, its invariant, and what is not here"));
        }
    }
}

fn opens_with_its_purpose(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty()).is_none_or(|line| line.starts_with("//!") || line.starts_with("#!["))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, lines: usize) -> (usize, usize) {
        let mut findings = Findings::default();
        let text = format!("//! Purpose.\n{}", "x\n".repeat(lines - 1));
        check(&[Source { path: path.into(), text }], &mut findings);
        (findings.errors.len(), findings.warnings.len())
    }

    #[test]
    fn a_file_is_questioned_beyond_400_lines_and_refused_beyond_800() {
        assert_eq!(findings("a.rs", 400), (0, 0));
        assert_eq!(findings("a.rs", 401), (0, 1));
        assert_eq!(findings("a.tsx", 801), (1, 0));
        assert_eq!(findings("ui/src/generated/A.ts", 2_000), (0, 0));
        assert_eq!(findings("data.csv", 5_000), (0, 0));
    }

    #[test]
    fn a_module_without_its_purpose_is_refused() {
        let mut findings = Findings::default();
        check(&[Source { path: "a.rs".into(), text: "fn main() {}\n".into() }], &mut findings);
        assert_eq!(findings.errors.len(), 1);
    }
}
