//! Words that have no place in the repository: marks of unfinished work, and names of one machine.

use super::{Findings, Source};

/// This file names the words, so it is the one place that may.
const HERE: &str = "xtask/src/tidy/words.rs";

/// Marks of unfinished work, in sources and documents alike.
const UNFINISHED: [&str; 6] = ["TODO", "FIXME", "XXX", "unimplemented!", "todo!(", "lorem ipsum"];

/// Folders of one machine or person.
const MACHINE: [&str; 4] = ["/root/", "/home/", "/Users/", "/work/"];

/// Hosts of package registries: which one is used is the machine's business.
const REGISTRIES: [&str; 5] =
    ["registry.npmjs.org", "registry.yarnpkg.com", "index.crates.io", "static.crates.io", "files.pythonhosted.org"];

pub(super) fn check(sources: &[Source], findings: &mut Findings) {
    for Source { path, text } in sources.iter().filter(|source| source.path != HERE) {
        // Lock files have their own check.
        if path.ends_with("Cargo.lock") || path.ends_with("package-lock.json") {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(word) = UNFINISHED.into_iter().find(|word| has_word(line, word)) {
                findings.error(format!("{path}:{number}: `{word}`: finish it, or leave it out"));
            }
            if let Some(folder) = MACHINE.into_iter().find(|folder| has_folder(line, folder)) {
                findings.error(format!("{path}:{number}: `{folder}…` exists on one machine only"));
            }
            if let Some(host) = REGISTRIES.into_iter().find(|host| line.contains(host)) {
                findings.error(format!("{path}:{number}: `{host}`: which registry is used is the machine's business"));
            }
        }
    }
}

/// Whether a word stands by itself, so that `XXXX` or a name that contains it is none.
fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let end = start + word.len();
        !line[..start].ends_with(is_letter) && !line[end..].starts_with(is_letter)
    })
}

/// Whether a path begins with the folder, so that `@/features/home/` is none.
fn has_folder(line: &str, folder: &str) -> bool {
    let inside_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '}' | ')' | '~');
    line.match_indices(folder).any(|(start, _)| !line[..start].ends_with(inside_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        let mut findings = Findings::default();
        check(&[Source { path: "a.rs".into(), text: text.into() }], &mut findings);
        findings.errors.len()
    }

    #[test]
    fn marks_of_unfinished_work_are_found_as_words() {
        assert_eq!(errors("// TODO: later"), 1);
        assert_eq!(errors("mktemp /tmp/a.XXXXXX"), 0);
        assert_eq!(errors("const METODOS: u8 = 1;"), 0);
    }

    #[test]
    fn folders_of_one_machine_are_found_at_the_start_of_a_path() {
        assert_eq!(errors("let path = \"/home/ada/x\";"), 1);
        assert_eq!(errors("import { x } from '@/features/home/x'"), 0);
        assert_eq!(errors("src/work/file.rs"), 0);
    }

    #[test]
    fn hosts_of_registries_are_found() {
        assert_eq!(errors("https://registry.npmjs.org/react"), 1);
        assert_eq!(errors("https://crates.io/crates/serde"), 0);
    }
}
