//! A plan as text: what it comes to, then one line a step by levels.

use std::collections::HashMap;

use loomwork_api::{
    CriticalBy, DurationBasis, ExpectedDuration, PlannedLevel, PlannedRepeat, PlannedRuns, PlannedStep, WorkflowPlan,
};

use super::run::duration_text;

/// A plan.
pub(crate) fn whole(plan: &WorkflowPlan) -> String {
    let version = plan.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let mut lines = vec![format!("{}{version}", plan.workflow), String::new()];
    lines.push(format!("  expected    {}", expected_line(plan)));
    lines.push(format!("  critical    {}", critical_line(plan)));
    lines.push(format!("  parallel    {}", width_line(plan.width)));
    let complexity = plan.complexity;
    lines.push(format!(
        "  complexity  cyclomatic number {}, {}, {}, nesting {}",
        complexity.cyclomatic,
        counted(complexity.steps, "step"),
        counted(complexity.decisions, "decision"),
        complexity.depth
    ));
    lines.push(String::new());
    lines.extend(table(plan));
    lines.push(String::new());
    lines.push("● the end waits for it".to_owned());
    lines.join("\n")
}

fn expected_line(plan: &WorkflowPlan) -> String {
    let runs = match plan.runs {
        0 => "no earlier runs".to_owned(),
        runs => format!("from {}", counted(u64::from(runs), "earlier run")),
    };
    let Some(expected) = plan.expected else { return format!("unknown ({runs})") };
    let without = match plan.unknown.as_slice() {
        [] => String::new(),
        unknown if unknown.len() <= 5 => format!(", not counting {}", unknown.join(", ")),
        unknown => format!(", not counting {} steps", unknown.len()),
    };
    format!("{}{without} ({runs})", range(expected))
}

fn critical_line(plan: &WorkflowPlan) -> String {
    /// A longer path is told by the marks of the steps.
    const LONGEST: usize = 12;
    let by = match plan.critical_by {
        CriticalBy::Steps => " (by number of steps)",
        CriticalBy::Duration if plan.unknown.is_empty() => "",
        CriticalBy::Duration => " (by what is known)",
    };
    let path: Vec<&str> = plan.critical_path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => "nothing runs".to_owned(),
        path if path.len() <= LONGEST => format!("{}{by}", path.join(" → ")),
        [first, .., last] => format!("{first} → … → {last}, {} steps{by}", path.len()),
        [one] => (*one).to_owned(),
    }
}

fn width_line(width: Option<u64>) -> String {
    match width {
        None => "as many steps of one level as the engine has slots for".to_owned(),
        Some(0 | 1) => "one step after another".to_owned(),
        Some(width) => format!("up to {width} steps of one level side by side"),
    }
}

/// The cells of a line about a step.
type Row = [String; 5];

fn table(plan: &WorkflowPlan) -> Vec<String> {
    let steps: HashMap<&str, &PlannedStep> = plan.steps.iter().map(|step| (step.path.as_str(), step)).collect();
    let mut rows = Vec::new();
    add(&mut rows, &steps, &plan.levels, "", 0);
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn add(rows: &mut Vec<Row>, steps: &HashMap<&str, &PlannedStep>, levels: &[PlannedLevel], outer: &str, depth: usize) {
    for (number, level) in (1..).zip(levels) {
        let label = format!("{outer}{number}");
        for (nth, path) in level.steps.iter().enumerate() {
            let Some(step) = steps.get(path.as_str()) else { continue };
            let name = path.rsplit('.').next().unwrap_or(path);
            let mark = if step.critical { '●' } else { ' ' };
            rows.push([
                if nth == 0 { label.clone() } else { String::new() },
                format!("{mark} {}{name}", "  ".repeat(depth)),
                what(step),
                how_long(step),
                when(step.runs).to_owned(),
            ]);
            add(rows, steps, &step.levels, &format!("{label}."), depth + 1);
        }
    }
}

fn what(step: &PlannedStep) -> String {
    let is_group = step.action == "steps";
    let action = if is_group { "group" } else { step.action.as_str() };
    let bound = |most: Option<u32>| most.map(|most| format!(", {most} at one time")).unwrap_or_default();
    let text = match step.repeat {
        None => action.to_owned(),
        Some(PlannedRepeat::ForEach { count, max_parallel }) => {
            let of = count.map(|count| format!(" of {count}")).unwrap_or_default();
            format!("{action} for each{of}{}", bound(max_parallel))
        }
        Some(PlannedRepeat::Loop { max }) => format!("{action} in a loop, at most {}", counted(u64::from(max), "time")),
    };
    format!("{text}{}", bound(step.max_parallel))
}

fn how_long(step: &PlannedStep) -> String {
    if step.cached.is_some() {
        return "cached".to_owned();
    }
    match (step.expected, step.basis) {
        (_, DurationBasis::Instant) => "at once".to_owned(),
        (Some(expected), _) if expected.at_least && expected.high_ms == 0 => "unknown".to_owned(),
        (Some(expected), _) => duration(expected),
        (None, _) => "unknown".to_owned(),
    }
}

fn duration(expected: ExpectedDuration) -> String {
    format!("{}{}", if expected.at_least { "at least " } else { "" }, range(expected))
}

fn range(expected: ExpectedDuration) -> String {
    let ExpectedDuration { low_ms, median_ms, high_ms, .. } = expected;
    let (low, median, high) = (duration_text(low_ms), duration_text(median_ms), duration_text(high_ms));
    if low == high { median } else { format!("{median} ({low} to {high})") }
}

fn when(runs: PlannedRuns) -> &'static str {
    match runs {
        PlannedRuns::Always => "",
        PlannedRuns::Maybe => "if it is decided so",
        PlannedRuns::OnFailure => "only after a failure",
        PlannedRuns::Never => "not with these inputs",
    }
}

fn counted(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
