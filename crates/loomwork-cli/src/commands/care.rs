//! `backup`, `restore` and `doctor`: care of the state of a workspace.

use std::path::Path;

use loomwork_api::{CheckWorkspace, MakeBackup, Verdict};
use loomwork_app::Mode;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
};

/// Makes a backup; the owner of the workspace does it, if there is one.
pub(super) async fn back_up(context: &Context, dir: &Path) -> Result<Exit, Failure> {
    let to = std::path::absolute(dir).map_err(|error| Failure::usage(format!("{}: {error}", dir.display())))?;
    let backend = context.open(Mode::JoinOrRead).await?;
    let made = backend.request(MakeBackup { to: to.display().to_string() }).await?;
    match context.form {
        Form::Json => output::json(&made),
        Form::Text => {
            let (runs, open) = (made.runs, made.open_runs);
            output::line(&format!("{} has {runs} runs, {open} of them under way, up to event {}.", made.path, made.last_seq));
        }
    }
    Ok(Exit::Done)
}

/// Brings a backup back.
pub(super) fn restore(context: &Context, dir: &Path) -> Result<Exit, Failure> {
    let restored = loomwork_app::restore(&context.workspace()?, dir, None)?;
    let replaced = restored.replaced.map(|path| path.display().to_string());
    match context.form {
        Form::Json => output::json(&serde_json::json!({
            "runs": restored.runs, "open_runs": restored.open_runs, "replaced": replaced
        })),
        Form::Text => {
            output::line(&format!("{} runs are back.", restored.runs));
            if let Some(replaced) = replaced {
                output::line(&format!("What was there before is in {replaced}."));
            }
            if restored.open_runs > 0 {
                let open = restored.open_runs;
                output::line(&format!(
                    "Under way: {open}. They rest until `loomwork trust`: what they did after the backup is done again then."
                ));
            }
        }
    }
    Ok(Exit::Done)
}

/// Says whether all is whole.
pub(super) async fn check(context: &Context, repair: bool) -> Result<Exit, Failure> {
    if repair {
        let repaired = loomwork_app::repair(&context.workspace()?)?;
        if repaired.damaged {
            output::note("The journal is damaged, so nothing was repaired; what follows says what to do.");
        } else {
            let (values, leftovers) = (repaired.values, repaired.leftovers);
            output::note(&format!(
                "The list of runs was made anew; values that nothing names: {values} deleted; removed runs that had left files: {leftovers}."
            ));
        }
    }
    let backend = context.open(Mode::JoinOrRead).await?;
    let diagnosis = backend.request(CheckWorkspace {}).await?;
    match context.form {
        Form::Json => output::json(&diagnosis),
        Form::Text => {
            for check in &diagnosis.checks {
                let sign = match check.verdict {
                    Verdict::Ok => "ok     ",
                    Verdict::Warning => "warning",
                    Verdict::Error => "error  ",
                };
                output::line(&format!("{sign}  {:<11}  {}", check.id, check.message));
                check.findings.iter().for_each(|finding| output::line(&format!("{:22}- {finding}", "")));
                check.advice.iter().for_each(|advice| output::line(&format!("{:22}{advice}", "")));
            }
        }
    }
    Ok(if diagnosis.ok { Exit::Done } else { Exit::RunFailed })
}
