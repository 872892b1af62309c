//! Every page of a problem shows it: its bad example has that problem alone, at the place the page says, and the mended
//! one is free of it. Every quick fix of every bad example mends it. Pages about several files are tested where files are.
//!
//! `UPDATE_DOCS=1 cargo test -p loomwork-workflow --test pages` writes what follows from the table of codes and from the
//! examples: the beginnings of the pages, what is found, and the index.
#![allow(clippy::disallowed_methods, reason = "the tests compare files of the repository; the crate itself reads none")]

use std::fmt::Write as _;
use std::path::PathBuf;

use loomwork_workflow::codes::{CODES, Code};
use loomwork_workflow::{Diagnostic, analyze};

const EXAMPLE: &str = "## An example\n";
const MENDED: &str = "## Mended\n";

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics"))
}

/// Codes whose problems show in one file.
fn of_one_file() -> impl Iterator<Item = &'static Code> {
    CODES.iter().filter(|code| !code.code.starts_with("LW09"))
}

fn examples(page: &str) -> Vec<&str> {
    page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_inclusive("```").next()?.strip_suffix("```")).collect()
}

fn pair(code: &Code) -> (&'static str, &'static str) {
    let found = examples(code.page);
    let [bad, good] = found[..] else { panic!("{}: a bad example and a mended one, not {}", code.code, found.len()) };
    (bad, good)
}

fn place(found: &Diagnostic) -> String {
    let (start, end) = (found.span.start, found.span.end);
    format!("{}:{} to {}:{}", start.line, start.column, end.line, end.column)
}

fn beginning(code: &Code) -> String {
    let severity = format!("{:?}", code.severity).to_lowercase();
    format!("# {}: {}\n\n*{severity}.* {}\n\n", code.code, code.title, code.help)
}

/// What is found in a bad example, as its page says it.
fn finding(found: &Diagnostic) -> String {
    let mut text = format!("Found at {}:\n{}\n", place(found), found.message);
    for related in &found.related {
        let _ = write!(text, "\n- {}:{}: {}", related.span.start.line, related.span.start.column, related.message);
    }
    for fix in &found.fixes {
        let _ = write!(text, "\n- Quick fix: {}.", fix.title);
    }
    text.trim_end().to_owned() + "\n\n"
}

fn page(code: &Code) -> String {
    let rest = code.page.find(EXAMPLE).map_or(code.page, |at| &code.page[at..]);
    if code.code.starts_with("LW09") {
        return beginning(code) + rest;
    }
    let (bad, good) = pair(code);
    let analysis = analyze(bad);
    let found = analysis.diagnostics.iter().find(|found| found.code == code.code).unwrap_or_else(|| panic!("{}", code.code));
    format!("{}{EXAMPLE}\n```yaml\n{bad}```\n\n{}{MENDED}\n```yaml\n{good}```\n", beginning(code), finding(found))
}

fn index() -> String {
    let mut index = String::from(
        "# Problems and their codes\n\nEvery problem of a workflow has a stable code. Errors keep a workflow from running; warnings and hints do not.\n`loomwork explain LW0111` prints a page.\n\n| code | severity | problem |\n| --- | --- | --- |\n",
    );
    for code in CODES {
        let severity = format!("{:?}", code.severity).to_lowercase();
        let _ = writeln!(index, "| [{0}]({0}.md) | {severity} | {1} |", code.code, code.title);
    }
    index
}

#[test]
fn the_pages_say_what_the_table_of_codes_and_the_examples_say() {
    let pages = CODES.iter().map(|code| (format!("{}.md", code.code), page(code))).chain([("README.md".to_owned(), index())]);
    for (name, wanted) in pages {
        let path = folder().join(&name);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &wanted).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, wanted, "{name}: run it with UPDATE_DOCS=1");
    }
}

#[test]
fn no_page_is_left_of_a_code_that_does_not_exist() {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    for name in names.iter().filter(|name| *name != "README.md") {
        assert!(CODES.iter().any(|code| name.strip_suffix(".md") == Some(code.code)), "{name}");
    }
}

/// What is found in a text for the page of a code. What this version cannot run yet is the subject of one page only.
fn found_for(code: &Code, text: &str) -> Vec<Diagnostic> {
    let beside = |found: &Diagnostic| found.code == "LW0112" && code.code != "LW0112";
    analyze(text).diagnostics.into_iter().filter(|found| !beside(found)).collect()
}

#[test]
fn a_bad_example_has_that_problem_alone_and_the_mended_one_is_free_of_any() {
    for code in of_one_file() {
        let (bad, good) = pair(code);
        let found: Vec<(&str, String)> = found_for(code, bad).iter().map(|found| (found.code, place(found))).collect();
        let [(only, at)] = &found[..] else { panic!("{}: {found:?}", code.code) };
        assert_eq!(*only, code.code);
        assert!(code.page.contains(&format!("Found at {at}:\n")), "{}: {at}", code.code);
        let left: Vec<&str> = found_for(code, good).iter().map(|found| found.code).collect();
        assert!(left.is_empty(), "{}: {left:?}", code.code);
    }
}

#[test]
fn every_quick_fix_of_a_bad_example_mends_it_and_leaves_text_that_can_be_read() {
    let mut mended = 0;
    for code in of_one_file() {
        let (bad, _) = pair(code);
        for found in analyze(bad).diagnostics {
            for fix in &found.fixes {
                let text = fix.apply(bad);
                let left: Vec<&str> = analyze(&text).diagnostics.iter().map(|found| found.code).collect();
                assert!(!left.contains(&code.code) && !left.contains(&"LW0101"), "{} {}: {left:?}\n{text}", code.code, fix.title);
                mended += 1;
            }
        }
    }
    assert!(mended > 25, "only {mended} fixes");
}

#[test]
fn every_code_is_explained() {
    for code in CODES {
        assert!(code.help.len() > 20 && code.help.ends_with('.') | code.help.ends_with('…'), "{}", code.code);
    }
}
