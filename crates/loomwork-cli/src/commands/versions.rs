//! `versions` and `diff`: the definitions of a workflow that were run, and what is different between two.

use std::path::PathBuf;

use loomwork_api::{ApiError, CompareVersions, Definition, ListVersions};
use loomwork_app::Mode;

use super::{
    Context,
    files::placed,
    run::{is_file, target},
};
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Lists the versions of a workflow.
pub(super) async fn list(context: &Context, workflow: &str) -> Result<Exit, Failure> {
    let workflow = target(&context.workspace()?, workflow)?;
    let backend = context.open(Mode::JoinOrRead).await?;
    let list = backend.request(ListVersions { workflow }).await?;
    match context.form {
        Form::Json => output::json(&list),
        Form::Text => list.versions.iter().for_each(|version| output::line(&render::versions::line(version))),
    }
    Ok(Exit::Done)
}

/// Compares two versions. Files may lie anywhere, and two files need no workspace.
pub(super) async fn diff(context: &Context, from: &str, to: &str) -> Result<Exit, Failure> {
    let (old, new) = (definition(context, from)?, definition(context, to)?);
    let comparison = match (&old, &new) {
        (Definition::Text(old), Definition::Text(new)) => loomwork_app::compare_texts((from, old), (to, new))?,
        _ => {
            let backend = context.open(Mode::JoinOrRead).await?;
            backend.request(CompareVersions { from: old, to: new }).await?
        }
    };
    match context.form {
        Form::Json => output::json(&comparison),
        Form::Text => output::line(&render::versions::difference(&comparison)),
    }
    Ok(Exit::Done)
}

/// A file by its text, anything else by its name.
fn definition(context: &Context, given: &str) -> Result<Definition, ApiError> {
    if !is_file(given) {
        return Ok(Definition::Named(given.to_owned()));
    }
    loomwork_app::read_workflow(&placed(context, &PathBuf::from(given))).map(Definition::Text)
}
