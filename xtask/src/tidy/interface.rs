//! Rooms of the interface: no feature imports another, and only `ui/src/platform` knows the window.

use super::{Findings, Source};

const FEATURES: &str = "ui/src/features/";
const PLATFORM: &str = "ui/src/platform/";

pub(super) fn check(sources: &[Source], findings: &mut Findings) {
    for Source { path, text } in sources.iter().filter(|source| source.path.starts_with("ui/src/")) {
        for (number, line) in (1..).zip(text.lines()) {
            let Some(target) = imported(line) else { continue };
            if target.starts_with("@tauri-apps/") && !path.starts_with(PLATFORM) {
                findings.error(format!("{path}:{number}: only {PLATFORM} may import {target}"));
            }
            if let (Some(own), Some(other)) = (feature(path), feature(&resolve(path, target)))
                && own != other
            {
                findings.error(format!("{path}:{number}: the feature `{own}` may not import the feature `{other}`"));
            }
        }
    }
}

/// What a line imports: the quoted text after `from`, `import` or `import(`.
fn imported(line: &str) -> Option<&str> {
    let start = ["from ", "import ", "import("].iter().find_map(|word| {
        let rest = line[line.find(word)? + word.len()..].trim_start();
        rest.starts_with(['\'', '"']).then_some(rest)
    })?;
    let quote = start.chars().next()?;
    start[1..].split(quote).next()
}

fn feature(path: &str) -> Option<&str> {
    path.strip_prefix(FEATURES)?.split('/').next()
}

/// The file that an import means, as a path of the repository.
fn resolve(path: &str, target: &str) -> String {
    if let Some(rest) = target.strip_prefix("@/") {
        return format!("ui/src/{rest}");
    }
    if !target.starts_with('.') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(path: &str, text: &str) -> usize {
        let mut findings = Findings::default();
        check(&[Source { path: path.into(), text: text.into() }], &mut findings);
        findings.errors.len()
    }

    #[test]
    fn a_feature_may_not_import_another_by_either_kind_of_path() {
        let file = "ui/src/features/canvas/Canvas.tsx";
        assert_eq!(errors(file, "import { log } from '@/features/logs/log';"), 1);
        assert_eq!(errors(file, "const log = await import('../logs/log');"), 1);
        assert_eq!(errors(file, "import { node } from './nodes/node';\nimport { x } from '@/shared/x';"), 0);
    }

    #[test]
    fn only_the_platform_knows_the_window() {
        let line = "import { invoke } from '@tauri-apps/api/core';";
        assert_eq!(errors("ui/src/platform/window.ts", line), 0);
        assert_eq!(errors("ui/src/api/client.ts", line), 1);
    }
}
