//! Problems of workflows: with the lines they are about where the text is known, else one line each.

use loomwork_api::{Diagnostic, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

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
    for diagnostic in diagnostics {
        let (start, end) =
            (offset(text, diagnostic.line, diagnostic.column), offset(text, diagnostic.end_line, diagnostic.end_column));
        let mut labels = vec![LabeledSpan::underline(start..end.max(start))];
        labels.extend(diagnostic.related.iter().map(|related| {
            let (start, end) = (offset(text, related.line, related.column), offset(text, related.end_line, related.end_column));
            LabeledSpan::new_with_span(Some(related.message.clone()), start..end.max(start))
        }));
        let mut shown = MietteDiagnostic::new(diagnostic.message.clone())
            .with_code(diagnostic.code.clone())
            .with_severity(severity(diagnostic.severity))
            .with_labels(labels);
        shown = shown.with_help(help(diagnostic));
        let report = Report::new(shown).with_source_code(NamedSource::new(path, text.to_owned()));
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

/// Byte offset of a line and column (from 1, in characters); the end of the text for places beyond it.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let skip = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut start = 0;
    for _ in 0..skip(line) {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    text[start..].char_indices().nth(skip(column)).map_or(text.len(), |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_characters_and_never_beyond_the_text() {
        let text = "äö: 1\nzwei: ü\n";
        assert_eq!(offset(text, 1, 1), 0);
        assert_eq!(offset(text, 1, 3), 4);
        assert_eq!(offset(text, 2, 1), 8);
        assert_eq!(offset(text, 9, 9), text.len());
    }
}
