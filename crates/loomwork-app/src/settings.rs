//! The file `.loomwork/engine.yaml`: read once, when an owner starts.
//!
//! Not here: what may stand in it (`loomwork-workflow`), and what follows from it (`loomwork-engine`).

use std::{fs, io};

use loomwork_api::ApiResult;
use loomwork_workflow::{EngineSettings, read_settings};

use crate::{problem, workspace::StateFolder};

/// The settings of a workspace; without a file those by default. An engine never starts on settings that it half understood.
pub(crate) fn load(state: &StateFolder) -> ApiResult<EngineSettings> {
    let file = state.settings();
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(EngineSettings::default()),
        Err(error) => return Err(problem::file("read", &file, &error)),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| problem::invalid(format!("{} is not UTF-8 text. Write it anew, or remove it.", file.display())))?;
    read_settings(&text).map_err(|problems| {
        let name = file.display();
        let listed = problems.iter().map(|problem| {
            let at = problem.span.start;
            format!("\n  {name}:{}:{}: {}", at.line, at.column, problem.message)
        });
        problem::invalid(format!("The engine does not start, because its settings have errors.{}", listed.collect::<String>()))
    })
}
