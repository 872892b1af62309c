//! `export`: a workflow as a picture for other tools.

use std::path::Path;

use loomwork_api::{ExportWorkflow, PictureFormat};
use serde_json::{Map, json};

use super::{Context, subject::Subject};
use crate::{
    args::{ExportArguments, ExportFormat},
    exit::{Exit, Failure},
    output::{self, Form},
};

/// Writes a workflow in the format of another tool.
pub(super) async fn export(context: &Context, arguments: ExportArguments) -> Result<Exit, Failure> {
    let ExportArguments { workflow, format, output: target, run } = arguments;
    let format = match format {
        ExportFormat::Mermaid => PictureFormat::Mermaid,
        ExportFormat::Dot => PictureFormat::Dot,
        ExportFormat::Wfformat => PictureFormat::Wfformat,
    };
    let subject = Subject::find(context, &workflow).await?;
    let request = ExportWorkflow { workflow: None, text: None, format, plan: false, inputs: Map::new(), run };
    let exported = match subject.export(request).await {
        Ok(exported) => exported,
        Err(error) => return subject.refuse(context, error),
    };
    let Some(target) = target else {
        match context.form {
            Form::Json => output::json(&exported),
            Form::Text => output::line(exported.text.trim_end()),
        }
        return Ok(Exit::Done);
    };
    write(&target, &exported.text)?;
    match context.form {
        Form::Json => output::json(&json!({ "path": target })),
        Form::Text => output::line(&format!("wrote {}", target.display())),
    }
    Ok(Exit::Done)
}

fn write(target: &Path, text: &str) -> Result<(), Failure> {
    // A workflow is the one thing here that cannot be made again.
    if target.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") && target.exists() {
        return Err(Failure::usage(format!("{} exists and may be a workflow; choose another name", target.display())));
    }
    std::fs::write(target, text).map_err(|error| Failure::usage(format!("{} cannot be written: {error}", target.display())))
}
