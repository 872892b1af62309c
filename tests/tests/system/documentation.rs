//! Every example of the documentation is run, and what its page says about it is what comes of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loomwork_tests::{differences, examples};

/// Runs the examples of a page of `docs/`, all of them, and tells all differences at once.
fn hold(page: &str) {
    let path = folder().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let examples = examples(&text);
    assert!(!examples.is_empty(), "{page} has no example");
    let only: Option<usize> = std::env::var("LOOMWORK_EXAMPLE_LINE").ok().and_then(|line| line.parse().ok());
    let found: Vec<String> = examples
        .iter()
        .filter(|example| only.is_none_or(|line| line == example.line))
        .flat_map(|example| {
            differences(example).into_iter().map(|difference| format!("docs/{page}:{}: {difference}", example.line))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

macro_rules! pages {
    ($($test:ident $page:literal)*) => {
        /// The pages with examples.
        const PAGES: &[&str] = &[$($page),*];
        $(#[test] fn $test() { hold($page); })*
    };
}

pages! {
    the_language_at_a_glance "language/README.md"
    the_top_of_a_file "language/at-the-top.md"
    steps_and_edges "language/steps-and-edges.md"
    actions "language/actions.md"
    for_each_and_loops "language/for-each-and-loops.md"
    errors_and_retries "language/errors-and-retries.md"
    expressions "language/expressions.md"
    inputs_outputs_env_and_secrets "language/inputs-outputs-env-secrets.md"
    waiting_and_events "language/waiting-and-events.md"
    running_and_repairing "language/running-and-repairing.md"
    what_is_not_run_yet "language/not-yet.md"
    scheduling "language/scheduling.md"
    the_control_flow_patterns "patterns.md"
}

/// The anchors of a page: its headings as they stand in an address.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    headings
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>())
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

/// What is wrong with the links of a page to files of this repository.
fn broken_links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let broken = |target: &&str| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
        !path.exists() || !(anchor.is_empty() || anchors(&fs::read_to_string(path).unwrap()).iter().any(|known| known == anchor))
    };
    let inside = targets.filter(|target| !target.starts_with("http"));
    inside.filter(broken).map(|target| format!("{}: {target}", page.display())).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let root = folder().join("..");
    let mut pages = vec![root.join("README.md"), root.join("ARCHITECTURE.md"), root.join("CHANGELOG.md")];
    let mut folders = vec![folder()];
    while let Some(inside) = folders.pop() {
        for path in fs::read_dir(inside).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let broken: Vec<String> = pages.iter().flat_map(|page| broken_links(page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_table_of_patterns_has_all_43_and_names_cases_that_exist() {
    let page = fs::read_to_string(folder().join("patterns.md")).unwrap();
    let rows: Vec<Vec<&str>> =
        page.lines().filter(|line| line.starts_with("| ")).map(|row| row.split('|').map(str::trim).collect()).collect();
    let rows: Vec<_> = rows.into_iter().filter(|cells| cells[1].parse::<usize>().is_ok()).collect();
    assert_eq!(rows.len(), 43);
    for cells in rows {
        assert!(page.contains(&format!("\n## {} ", cells[1])), "pattern {} has no section", cells[1]);
        let Some(case) = cells[5].strip_prefix('`').and_then(|case| case.strip_suffix('`')) else { continue };
        let file = folder().join("../tests/conformance/cases/patterns").join(case).join("case.json");
        assert!(file.exists(), "there is no case {case}");
    }
}

#[test]
fn no_page_of_the_language_is_left_out() {
    let files = fs::read_dir(folder().join("language")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    for file in files.filter(|file| file.ends_with(".md")) {
        let page = format!("language/{file}");
        assert!(PAGES.contains(&page.as_str()), "the examples of docs/{page} are not run");
    }
}
