//! The page of problems is made from the table of codes. `UPDATE_DOCS=1 cargo test -p loomwork-workflow --test documentation` writes it.
#![allow(clippy::disallowed_methods, reason = "the test compares a file of the repository; the crate itself reads none")]

use std::fmt::Write as _;

use loomwork_workflow::codes::CODES;

fn page() -> String {
    let mut page = String::from(
        "# Problems and their codes\n\nEvery problem of a workflow file has a stable code. Errors keep a workflow from running; warnings and hints do not.\n",
    );
    for code in CODES {
        let severity = format!("{:?}", code.severity).to_lowercase();
        let _ = write!(page, "\n## {} {}\n\n*{severity}.* {}\n", code.code, code.title, code.help);
    }
    page
}

#[test]
fn the_page_of_problems_says_what_the_table_of_codes_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path).expect("the page is there");
    assert_eq!(written, page(), "run it with UPDATE_DOCS=1");
}
