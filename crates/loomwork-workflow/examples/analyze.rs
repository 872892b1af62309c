//! Prints what a workflow file says: `cargo run -p loomwork-workflow --example analyze -- [--json] FILE…`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example for people, outside of the pure crate")]

fn main() -> std::io::Result<()> {
    let json = std::env::args().any(|argument| argument == "--json");
    for path in std::env::args().skip(1).filter(|argument| argument != "--json") {
        let text = std::fs::read_to_string(&path)?;
        let started = std::time::Instant::now();
        let analysis = loomwork_workflow::analyze(&text);
        let took = started.elapsed();
        if json {
            println!("{}", serde_json::json!(analysis.diagnostics));
            continue;
        }
        println!("{path}: {} steps, {} edges, in {took:?}", analysis.outline.nodes.len(), analysis.outline.edges.len());
        for found in &analysis.diagnostics {
            let at = found.span.start;
            println!("  {}:{} {} {:?} {}", at.line, at.column, found.code, found.severity, found.message);
            for fix in &found.fixes {
                println!("      fix: {}", fix.title);
            }
        }
    }
    Ok(())
}
