//! `breakers` and `dead-letters`: what the runs of a workspace share.

use loomwork_api::{DiscardDeadLetter, GetDeadLetter, ListBreakers, ListDeadLetters, ResendRun, ResetBreaker};
use loomwork_app::Mode;

use super::{Context, join_or_start, take_up};
use crate::{
    args::{BreakerCommand, LetterCommand},
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Lists and closes circuit breakers.
pub(super) async fn breakers(context: &Context, command: BreakerCommand) -> Result<Exit, Failure> {
    match command {
        BreakerCommand::List => {
            let list = context.open(Mode::JoinOrRead).await?.request(ListBreakers {}).await?;
            match context.form {
                Form::Json => output::json(&list),
                Form::Text if list.breakers.is_empty() => output::note("No circuit breaker was asked yet."),
                Form::Text => list.breakers.iter().for_each(|breaker| output::line(&render::shared::breaker(breaker))),
            }
        }
        BreakerCommand::Reset { key } => {
            let breaker = context.open(join_or_start()?).await?.request(ResetBreaker { key }).await?;
            match context.form {
                Form::Json => output::json(&breaker),
                Form::Text => output::line(&render::shared::breaker(&breaker)),
            }
        }
    }
    Ok(Exit::Done)
}

/// Lists, shows, sends and discards dead letters.
pub(super) async fn letters(context: &Context, command: LetterCommand) -> Result<Exit, Failure> {
    match command {
        LetterCommand::List => {
            let list = context.open(Mode::JoinOrRead).await?.request(ListDeadLetters {}).await?;
            match context.form {
                Form::Json => output::json(&list),
                Form::Text if list.dead_letters.is_empty() => output::note("No dead letters."),
                Form::Text => list.dead_letters.iter().for_each(|letter| output::line(&render::shared::letter(letter))),
            }
        }
        LetterCommand::Show { run } => {
            let letter = context.open(Mode::JoinOrRead).await?.request(GetDeadLetter { run }).await?;
            match context.form {
                Form::Json => output::json(&letter),
                Form::Text => output::line(&render::shared::whole_letter(&letter)),
            }
        }
        LetterCommand::Retry { run } => return take_up::retry(context, run, None, None, false).await,
        LetterCommand::Resend { run, original } => return take_up::change(context, ResendRun { run, original }).await,
        LetterCommand::Discard { run, reason } => {
            let backend = context.open(join_or_start()?).await?;
            backend.request(DiscardDeadLetter { run: run.clone(), reason }).await?;
            match context.form {
                Form::Json => output::json(&serde_json::json!({ "discarded": run })),
                Form::Text => output::line("It is off the list; the run stays as it is."),
            }
        }
    }
    Ok(Exit::Done)
}
