//! What the designer shows of a workflow: translations of an analysis into the types of `loomwork-api`, and of the
//! wire's edit operations into those of `loomwork-workflow`.
//!
//! Not here: decisions. Everything is a pure function of its arguments.

use loomwork_api as api;
use loomwork_workflow::{self as workflow, Analysis, Outline, OutlineEdge, OutlineInput, OutlineNode};

use crate::workspace::Entry;

/// The design of a text.
pub(crate) fn of_text(text: String) -> api::Design {
    let analysis = workflow::analyze(&text);
    let diagnostics = analysis.diagnostics.iter().map(diagnostic).collect();
    design(text, &analysis, diagnostics)
}

/// The design of a file, with the problems that it has with its bytes and with other files.
pub(crate) fn of_entry(entry: &Entry) -> api::Design {
    design(entry.file.text.clone(), &entry.analysis, diagnostics(entry))
}

/// All problems of a file, by position.
pub(crate) fn diagnostics(entry: &Entry) -> Vec<api::Diagnostic> {
    let mut all = entry.outside.clone();
    all.extend(entry.analysis.diagnostics.iter().map(diagnostic));
    all.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    all
}

fn design(text: String, analysis: &Analysis, diagnostics: Vec<api::Diagnostic>) -> api::Design {
    let Outline { id, version, description, inputs, nodes, edges } = analysis.outline.clone();
    api::Design {
        text,
        id,
        version,
        description,
        inputs: inputs.into_iter().map(input).collect(),
        nodes: nodes.into_iter().map(|shared| node(std::sync::Arc::unwrap_or_clone(shared))).collect(),
        edges: edges.into_iter().map(edge).collect(),
        diagnostics,
    }
}

fn input(input: OutlineInput) -> api::InputField {
    let OutlineInput { name, kind, required, default, values, description } = input;
    api::InputField { name, kind, required, default, values, description }
}

fn node(node: OutlineNode) -> api::StepNode {
    let OutlineNode { id, title, action, summary, ports, fields, line, end_line, parent, repeat, .. } = node;
    let repeat = repeat.map(str::to_owned);
    api::StepNode { id, title, action, summary, ports, fields, line, end_line, parent, repeat }
}

fn edge(edge: OutlineEdge) -> api::Edge {
    let OutlineEdge { from, port, to, implied } = edge;
    api::Edge { from, port, to, implied }
}

pub(crate) fn diagnostic(diagnostic: &workflow::Diagnostic) -> api::Diagnostic {
    let workflow::Span { start, end } = diagnostic.span;
    api::Diagnostic {
        code: diagnostic.code.to_owned(),
        severity: severity(diagnostic.severity),
        message: diagnostic.message.clone(),
        step: diagnostic.step.clone(),
        field: diagnostic.field.clone(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        related: diagnostic.related.iter().map(related).collect(),
        fixes: diagnostic.fixes.iter().map(fix).collect(),
    }
}

pub(crate) fn severity(severity: workflow::Severity) -> api::Severity {
    match severity {
        workflow::Severity::Hint => api::Severity::Hint,
        workflow::Severity::Warning => api::Severity::Warning,
        workflow::Severity::Error => api::Severity::Error,
    }
}

fn related(related: &workflow::Related) -> api::Related {
    let workflow::Span { start, end } = related.span;
    api::Related {
        message: related.message.clone(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn fix(fix: &workflow::Fix) -> api::Fix {
    let edit = |edit: &workflow::TextEdit| {
        let workflow::Span { start, end } = edit.span;
        api::TextEdit {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: edit.text.clone(),
        }
    };
    api::Fix { title: fix.title.clone(), edits: fix.edits.iter().map(edit).collect() }
}

/// The outcome of an edit, and the design of its text.
pub(crate) fn edited(notes: &[workflow::Note], added: Vec<String>, design: api::Design) -> api::Edited {
    let note = |note: &workflow::Note| api::EditNote {
        message: crate::problem::sentence(&note.to_string()),
        loss: note.is_loss(),
        step: note.step().map(str::to_owned),
    };
    api::Edited { notes: notes.iter().map(note).collect(), added, design }
}

/// An operation of the wire.
pub(crate) fn edit_op(op: api::EditOp) -> workflow::EditOp {
    use api::EditOp as Wire;
    use workflow::EditOp as Op;
    match op {
        Wire::AddStep { id, fields } => Op::AddStep { id, fields },
        Wire::RemoveStep { id, heal } => Op::RemoveStep { id, heal },
        Wire::RenameStep { id, to } => Op::RenameStep { id, to },
        Wire::Connect { from, port, to } => Op::Connect { from, port, to },
        Wire::Disconnect { from, port, to } => Op::Disconnect { from, port, to },
        Wire::SetField { id, path, value } => Op::SetField { id, path, value },
        Wire::SetWorkflowField { path, value } => Op::SetWorkflowField { path, value },
        Wire::MoveStep { id, into, after } => Op::MoveStep { id, into, after },
        Wire::Paste { yaml, into } => Op::Paste { yaml, into },
        Wire::GroupSteps { ids, id } => Op::GroupSteps { ids, id },
        Wire::Ungroup { id } => Op::Ungroup { id },
    }
}
