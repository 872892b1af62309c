//! While a text is being written: what can come next, what names mean, and what they are in a run.

use loomwork_api::{ApiResult, CompleteText, Completion, Completions, Hover, HoverText, TextPlace};
use loomwork_engine::Engine;
use loomwork_workflow::{self as workflow, CompletionKind, Scope};

use crate::journal::{Journal, blocking};

pub(super) async fn complete(journal: &Journal, engine: Option<&Engine>, request: CompleteText) -> ApiResult<Completions> {
    let TextPlace { text, line, column, field, step, run } = request.at;
    let seen = seen(journal, engine, run, step.clone(), &text, field.is_none().then_some(line)).await;
    blocking(move || {
        let found = match &field {
            Some(field) => workflow::complete_field(&text, step.as_deref(), field, offset(field, line, column), seen.as_ref()),
            None => workflow::complete(&text, offset(&text, line, column), seen.as_ref()),
        };
        let from_column = found.first().map_or(column, |found| found.replace.start.column);
        Ok(Completions { from_column, items: found.into_iter().map(item).collect() })
    })
    .await
}

pub(super) async fn hover(journal: &Journal, engine: Option<&Engine>, request: HoverText) -> ApiResult<Hover> {
    let TextPlace { text, line, column, field, step, run } = request.at;
    let seen = seen(journal, engine, run, step.clone(), &text, field.is_none().then_some(line)).await;
    blocking(move || {
        let found = match &field {
            Some(field) => workflow::hover_field(&text, step.as_deref(), field, offset(field, line, column), seen.as_ref()),
            None => workflow::hover(&text, offset(&text, line, column), seen.as_ref()),
        };
        Ok(found.map_or_else(Hover::default, |found| Hover {
            text: Some(found.text),
            of: found.of,
            value: found.value,
            from_column: found.span.start.column,
            to_column: found.span.end.column,
        }))
    })
    .await
}

fn item(found: workflow::Completion) -> Completion {
    let workflow::Completion { label, kind, detail, of, value, .. } = found;
    let kind = match kind {
        CompletionKind::Key => "key",
        CompletionKind::Step => "step",
        CompletionKind::Port => "port",
        CompletionKind::Name => "name",
        CompletionKind::Field => "field",
        CompletionKind::Function => "function",
    };
    Completion { label, kind: kind.to_owned(), detail, of, value }
}

/// What the step at a line, or the one that is named, sees of a run. A run that is gone shows no values: whoever writes
/// is not stopped by it.
async fn seen(
    journal: &Journal,
    engine: Option<&Engine>,
    run: Option<String>,
    step: Option<String>,
    text: &str,
    line: Option<u32>,
) -> Option<Scope> {
    let run = journal.run_id(&run?).await.ok()?;
    let step = step.or_else(|| line.and_then(|line| workflow::step_at(text, line)));
    journal
        .inspect(engine, &run, move |active| loomwork_run::seen_from(&active.state, &active.values, step.as_deref()))
        .await
        .ok()
}

/// Bytes from the beginning of a text to a place, both counted from 1; beyond the end of a line means its end.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let skipped = line.saturating_sub(1) as usize;
    let start = text.split_inclusive('\n').take(skipped).map(str::len).sum::<usize>();
    let rest = text[start..].split('\n').next().unwrap_or_default();
    let within = rest.char_indices().map(|(at, _)| at).nth(column.saturating_sub(1) as usize).unwrap_or(rest.len());
    start + within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_offset_and_beyond_a_line_means_its_end() {
        assert_eq!(offset("ab\né x\n", 2, 3), 6);
        assert_eq!(offset("ab\nc", 1, 9), 2);
        assert_eq!(offset("ab\nc", 7, 1), 4);
    }
}
