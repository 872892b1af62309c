//! `plan`: what a run will look like, as text, data or a picture.

use loomwork_api::{ExportWorkflow, PictureFormat};

use super::{Context, run::read_inputs, subject::Subject};
use crate::{
    args::{PlanArguments, PlanFormat},
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Plans a run.
pub(super) async fn plan(context: &Context, arguments: PlanArguments) -> Result<Exit, Failure> {
    let PlanArguments { workflow, input, inputs, format } = arguments;
    let context = match format {
        PlanFormat::Json => &Context { form: Form::Json, ..context.clone() },
        _ => context,
    };
    let mut given = inputs.as_deref().map(read_inputs).transpose()?.unwrap_or_default();
    let subject = Subject::find(context, &workflow).await?;
    given.extend(subject.inputs(&input));
    let format = match format {
        PlanFormat::Text | PlanFormat::Json => {
            return match subject.plan(given).await {
                Ok(plan) => {
                    match context.form {
                        Form::Json => output::json(&plan),
                        Form::Text => output::line(&render::plan::whole(&plan)),
                    }
                    Ok(Exit::Done)
                }
                Err(error) => subject.refuse(context, error),
            };
        }
        PlanFormat::Mermaid => PictureFormat::Mermaid,
        PlanFormat::Dot => PictureFormat::Dot,
    };
    let request = ExportWorkflow { workflow: None, text: None, format, plan: true, inputs: given, run: None };
    match subject.export(request).await {
        Ok(exported) => {
            match context.form {
                Form::Json => output::json(&exported),
                Form::Text => output::line(exported.text.trim_end()),
            }
            Ok(Exit::Done)
        }
        Err(error) => subject.refuse(context, error),
    }
}
