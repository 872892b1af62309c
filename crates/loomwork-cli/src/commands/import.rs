//! `import`: files of other tools, with a report of what became of them.

use loomwork_api::{Diagnostic, ImportOutcome, Severity};
use loomwork_app::{ImportPlan, ImportTarget};
use serde_json::{Value, json};

use super::{Context, files::placed};
use crate::{
    args::ImportArguments,
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Makes workflows of a foreign file. They are written even when they have problems: a person can mend them then.
pub(super) fn import(context: &Context, arguments: ImportArguments) -> Result<Exit, Failure> {
    let ImportArguments { file, dialect, output, force } = arguments;
    let target = match output {
        Some(path) => ImportTarget::Path(path),
        None => ImportTarget::Workspace(context.workspace()?),
    };
    let plan = loomwork_app::read_foreign(&placed(context, &file), dialect, &target)?;
    loomwork_app::write_imported(&plan, force)?;
    let broken = |diagnostics: &[Diagnostic]| diagnostics.iter().any(|found| found.severity == Severity::Error);
    match context.form {
        Form::Json => output::json(&json_of(&plan)),
        Form::Text => text_of(&plan),
    }
    Ok(if plan.imported.files.iter().any(|file| broken(&file.diagnostics)) { Exit::Invalid } else { Exit::Done })
}

fn json_of(plan: &ImportPlan) -> Value {
    let ImportPlan { imported, places } = plan;
    let files = imported.files.iter().zip(places).map(|(file, place)| {
        let ok = !file.diagnostics.iter().any(|found| found.severity == Severity::Error);
        json!({ "id": file.id, "path": place, "ok": ok, "diagnostics": file.diagnostics })
    });
    json!({ "dialect": imported.dialect, "files": files.collect::<Vec<_>>(), "report": imported.report })
}

fn text_of(plan: &ImportPlan) {
    let ImportPlan { imported, places } = plan;
    for finding in &imported.report {
        let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
        output::line(&format!("{:<12} {}{line} {}", word(finding.outcome), finding.file, finding.path));
        output::line(&format!("             {}", finding.message));
    }
    let left = imported.report.iter().filter(|finding| finding.outcome >= ImportOutcome::Placeholder).count();
    if left > 0 {
        let parts = if left == 1 { "1 part".to_owned() } else { format!("{left} parts") };
        output::line(&format!("{parts} of the source could not be translated; see above what to do about each."));
    }
    for (file, place) in imported.files.iter().zip(places) {
        let path = place.display().to_string();
        render::diagnostics::full(&path, &file.text, &file.diagnostics);
        output::line(&render::diagnostics::verdict(&path, &file.diagnostics));
    }
}

fn word(outcome: ImportOutcome) -> &'static str {
    match outcome {
        ImportOutcome::Translated => "translated",
        ImportOutcome::Approximated => "approximated",
        ImportOutcome::Placeholder => "placeholder",
        ImportOutcome::Dropped => "dropped",
    }
}
