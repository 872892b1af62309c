//! `run --each`: a run for each of some inputs, by one request, and waiting for the end of all of them.
//!
//! Invariant: all of them begin or none; what is printed at the end is in the order of the inputs.

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;

use futures::StreamExt as _;
use loomwork_api::{GetRun, News, OpenWorkflow, RunStatus, RunSummary, StartRuns, Watch};
use loomwork_app::Backend;
use serde_json::{Map, Value};

use super::{Context, join_or_start, open};
use crate::{
    args::RunArguments,
    exit::{Exit, Failure},
    output::{self, Form},
    render,
    signals::Signals,
};

/// Starts the runs, and waits for their end unless told otherwise. `common` are the inputs that all of them have.
pub(super) async fn run(
    context: &Context,
    backend: Backend,
    workflow: String,
    common: Map<String, Value>,
    each: &Path,
    arguments: &RunArguments,
) -> Result<Exit, Failure> {
    // Runs may end before the answer to the request is here.
    let mut news = pin!(backend.watch(Watch::default()));
    let started = start(&backend, workflow, common, each, arguments).await;
    let waited = match started {
        Ok(runs) if arguments.detach => Ok(tell_started(context, &runs)),
        Ok(runs) => wait(context, &backend, &mut news, runs).await,
        Err(failure) => Err(failure),
    };
    let (workspace, owned) = (backend.workspace().clone(), backend.is_owner());
    backend.close().await;
    match waited? {
        Waited::Ended(exit) => Ok(exit),
        Waited::Left => {
            if owned {
                open(workspace, join_or_start()?).await?.close().await;
            }
            output::note("The runs go on in the background; `loomwork runs` tells how they are.");
            Ok(Exit::Done)
        }
    }
}

enum Waited {
    Ended(Exit),
    /// Nobody waits any more.
    Left,
}

async fn start(
    backend: &Backend,
    workflow: String,
    mut common: Map<String, Value>,
    each: &Path,
    arguments: &RunArguments,
) -> Result<Vec<String>, Failure> {
    let document = backend.request(OpenWorkflow { workflow: workflow.clone() }).await?;
    common.extend(loomwork_app::input_values(&document.design.text, &arguments.input));
    let inputs = parsed(&super::run::text_of(each)?)
        .map_err(|problem| Failure::usage(format!("{}: {problem}", each.display())))?
        .into_iter()
        .map(|own| common.clone().into_iter().chain(own).collect())
        .collect();
    let labels = arguments.label.iter().cloned().collect();
    let request = StartRuns { workflow, inputs, labels, priority: arguments.priority };
    let started = backend.request(request).await.map_err(|error| super::run::refused(document, error))?;
    Ok(started.runs)
}

/// The inputs of each run: objects in a JSON array, or one after the other.
fn parsed(text: &str) -> Result<Vec<Map<String, Value>>, String> {
    let whole: Vec<Value> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| format!("this is no JSON array: {error}"))?
    } else {
        let values = serde_json::Deserializer::from_str(text).into_iter();
        values.collect::<Result<_, _>>().map_err(|error| format!("this is not one JSON object a line: {error}"))?
    };
    if whole.is_empty() {
        return Err("it holds no inputs, so there is nothing to start".to_owned());
    }
    let object = |(at, value)| match value {
        Value::Object(inputs) => Ok(inputs),
        other => Err(format!("run {}: the inputs are a JSON object, not {other}", at + 1)),
    };
    whole.into_iter().enumerate().map(object).collect()
}

fn tell_started(context: &Context, runs: &[String]) -> Waited {
    match context.form {
        Form::Json => output::json(&runs),
        Form::Text => runs.iter().for_each(|run| output::line(run)),
    }
    Waited::Ended(Exit::Done)
}

async fn wait(
    context: &Context,
    backend: &Backend,
    news: &mut (impl futures::Stream<Item = News> + Unpin),
    runs: Vec<String>,
) -> Result<Waited, Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::usage(format!("signals cannot be caught: {error}")))?;
    let mut ended: HashMap<String, RunSummary> = HashMap::new();
    let mut look = false;
    while ended.len() < runs.len() {
        if std::mem::take(&mut look) {
            for run in runs.iter().filter(|run| !ended.contains_key(*run)).cloned().collect::<Vec<_>>() {
                note(context, &mut ended, backend.request(GetRun { run }).await?.summary);
            }
            continue;
        }
        tokio::select! {
            batch = news.next() => match batch {
                Some(batch) => {
                    look = batch.reset;
                    batch.runs.into_iter().filter(|run| runs.contains(&run.id)).for_each(|run| note(context, &mut ended, run));
                }
                // The watch ends only with the backend; asking says why.
                None => look = true,
            },
            _ = signals.next() => return Ok(Waited::Left),
        }
    }
    let ended: Vec<RunSummary> = runs.iter().filter_map(|run| ended.remove(run)).collect();
    let failed = ended.iter().filter(|run| run.status != RunStatus::Succeeded).count();
    match context.form {
        Form::Json => output::json(&ended),
        Form::Text => output::line(&format!("{} runs: {} succeeded, {failed} did not", ended.len(), ended.len() - failed)),
    }
    Ok(Waited::Ended(if failed == 0 { Exit::Done } else { Exit::RunFailed }))
}

/// Remembers a run that has ended, and says so.
fn note(context: &Context, ended: &mut HashMap<String, RunSummary>, run: RunSummary) {
    if run.status.is_final() && !ended.contains_key(&run.id) {
        if context.form == Form::Text {
            output::line(&render::run::headline(&run));
        }
        ended.insert(run.id.clone(), run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_an_array_of_objects_or_objects_one_after_the_other() {
        for text in ["[{\"n\": 1}, {\"n\": 2}]", "{\"n\": 1}\n{\"n\": 2}\n", "{\"n\":\n 1} {\"n\": 2}"] {
            let read: Vec<i64> = parsed(text).unwrap().iter().map(|inputs| inputs["n"].as_i64().unwrap()).collect();
            assert_eq!(read, [1, 2], "{text}");
        }
    }

    #[test]
    fn what_is_no_input_is_refused_with_its_place() {
        assert!(parsed("").unwrap_err().contains("nothing to start"));
        assert!(parsed("[]").unwrap_err().contains("nothing to start"));
        assert!(parsed("{\"n\": 1}\n7").unwrap_err().starts_with("run 2: "));
        assert!(parsed("{\"n\": 1}\n{").unwrap_err().contains("line 2"));
        assert!(parsed("[{}").unwrap_err().contains("no JSON array"));
    }
}
