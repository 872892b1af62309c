//! Problems of workflows: with the lines they are about where the text is known, else one line each.

use std::sync::Arc;

use loomwork_api::{Diagnostic, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, Report};

use super::excerpt::Excerpts;
use crate::output;

/// One line a problem, on standard error.
pub(crate) fn brief(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let Diagnostic { line, column, code, message, .. } = diagnostic;
        output::note(&format!("  {line}:{column} {}[{code}] {message}", word(diagnostic.severity)));
        for related in &diagnostic.related {
            output::note(&format!("      {}:{} {}", related.line, related.column, related.message));
        }
    }
}

/// Problems within the text, on standard error.
pub(crate) fn full(path: &str, text: &str, diagnostics: &[Diagnostic]) {
    let theme = if output::colours() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    let text = Arc::new(Excerpts::new(path, text));
    for diagnostic in diagnostics {
        let (start, end) =
            (text.offset(diagnostic.line, diagnostic.column), text.offset(diagnostic.end_line, diagnostic.end_column));
        let mut labels = vec![LabeledSpan::underline(start..end.max(start))];
        labels.extend(diagnostic.related.iter().map(|related| {
            let (start, end) = (text.offset(related.line, related.column), text.offset(related.end_line, related.end_column));
            LabeledSpan::new_with_span(Some(related.message.clone()), start..end.max(start))
        }));
        let mut shown = MietteDiagnostic::new(diagnostic.message.clone())
            .with_code(diagnostic.code.clone())
            .with_severity(severity(diagnostic.severity))
            .with_labels(labels);
        shown = shown.with_help(help(diagnostic));
        let report = Report::new(shown).with_source_code(Arc::clone(&text));
        let mut rendered = String::new();
        match handler.render_report(&mut rendered, report.as_ref()) {
            Ok(()) => output::note(rendered.trim_end()),
            Err(_) => brief(std::slice::from_ref(diagnostic)),
        }
    }
}

/// What can be done, and where more is said.
fn help(diagnostic: &Diagnostic) -> String {
    let more = format!("`loomwork explain {}` says more.", diagnostic.code);
    let titles: Vec<&str> = diagnostic.fixes.iter().map(|fix| fix.title.as_str()).collect();
    if titles.is_empty() { more } else { format!("{}.\n{more}", titles.join("; or: ")) }
}

/// One line about a file.
pub(crate) fn verdict(path: &str, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => format!("✓ {path}"),
        (0, _) => format!("✓ {path}: {}", plural(warnings, "warning")),
        (_, 0) => format!("✗ {path}: {}", plural(errors, "error")),
        _ => format!("✗ {path}: {}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    }
}

fn severity(severity: Severity) -> miette::Severity {
    match severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Hint => miette::Severity::Advice,
    }
}
