//! `explain`: what a code of a problem means.

use serde_json::json;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
};

/// Prints the page of a code.
pub(super) fn explain(context: &Context, code: &str) -> Result<Exit, Failure> {
    let page = loomwork_app::explanation(code)?;
    match context.form {
        Form::Json => {
            output::json(&json!({ "code": page.code, "severity": page.severity, "title": page.title, "page": page.page }));
        }
        Form::Text => output::line(page.page.trim_end()),
    }
    Ok(Exit::Done)
}
