//! Plans and pictures of workflows. Nothing is started or written.

use std::sync::Arc;

use loomwork_api::{ApiResult, ExportWorkflow, Exported, GetRun, GetRunDesign, PictureFormat, PlanWorkflow, WorkflowPlan};
use loomwork_dialects::{Picture, dot, mermaid, wfformat};
use loomwork_engine::Engine;
use loomwork_workflow::{History, Plan, Workflow};
use serde_json::{Map, Value};

use super::{cached, runs, workflows};
use crate::{
    history,
    journal::{Journal, blocking},
    picture, plan, problem,
    workspace::{Catalog, Entry, FileText},
};

/// A workflow without errors, and the file that it stands in.
struct Source {
    entry: Entry,
    workflow: Workflow,
}

pub(super) async fn plan(catalog: &Arc<Catalog>, journal: &Journal, request: PlanWorkflow) -> ApiResult<WorkflowPlan> {
    let PlanWorkflow { workflow, text, inputs } = request;
    let source = source(catalog, workflow, text).await?;
    let planned = planned(journal, &source, inputs.clone()).await?;
    let mut shown = plan::shown(&source.workflow, &planned);
    let workspace = catalog.workspace().clone();
    let found = journal.ask(move |reader| Ok(cached::known(reader, &workspace, source.workflow, &inputs))).await?;
    let mut found = found.unwrap_or_default();
    for step in &mut shown.steps {
        step.cached = found.remove(&step.path);
    }
    Ok(shown)
}

pub(super) async fn export(
    catalog: &Arc<Catalog>,
    journal: &Journal,
    engine: Option<&Engine>,
    request: ExportWorkflow,
) -> ApiResult<Exported> {
    check(&request)?;
    let ExportWorkflow { workflow, text, format, plan, inputs, run } = request;
    let source = source(catalog, workflow, text).await?;
    let picture = if let Some(run) = run {
        of_run(catalog, journal, engine, &source, run).await?
    } else if plan {
        picture::of_plan(&source.entry.analysis.outline, &planned(journal, &source, inputs).await?)
    } else {
        picture::of_workflow(&source.entry.analysis.outline)
    };
    Ok(drawn(format, &picture))
}

/// Plans a text that stands in no workspace, so that there is no history.
///
/// # Errors
/// When the text has errors, or inputs do not fit.
pub fn plan_alone(name: &str, text: String, inputs: &Map<String, Value>) -> ApiResult<WorkflowPlan> {
    let source = checked(of_text(name, text))?;
    let planned = planned_with(&source, inputs, &History::default())?;
    Ok(plan::shown(&source.workflow, &planned))
}

/// Draws a text that stands in no workspace.
///
/// # Errors
/// When the text has errors, inputs do not fit, or a run is asked for.
pub fn export_alone(name: &str, text: String, request: &ExportWorkflow) -> ApiResult<Exported> {
    check(request)?;
    if let Some(run) = &request.run {
        return Err(problem::not_found(format!("{name} is in no workspace, so there is no run {run:?} of it.")));
    }
    let source = checked(of_text(name, text))?;
    let outline = &source.entry.analysis.outline;
    let picture = if request.plan {
        picture::of_plan(outline, &planned_with(&source, &request.inputs, &History::default())?)
    } else {
        picture::of_workflow(outline)
    };
    Ok(drawn(request.format, &picture))
}

fn check(request: &ExportWorkflow) -> ApiResult<()> {
    let for_wfformat = request.format == PictureFormat::Wfformat;
    if request.run.is_some() && !for_wfformat {
        return Err(problem::invalid("Only the format wfformat holds the times of a run."));
    }
    if request.plan && for_wfformat {
        return Err(problem::invalid("The format wfformat holds no plan; export a run of the workflow instead."));
    }
    Ok(())
}

async fn source(catalog: &Arc<Catalog>, name: Option<String>, text: Option<String>) -> ApiResult<Source> {
    let catalog = Arc::clone(catalog);
    blocking(move || match (name, text) {
        (name, Some(text)) => checked(of_text(&name.unwrap_or_else(|| "The text".to_owned()), text)),
        (Some(name), None) => checked(catalog.find(&name)?),
        (None, None) => Err(problem::invalid("Name a workflow, or give its text.")),
    })
    .await
}

fn of_text(name: &str, text: String) -> Entry {
    let analysis = Arc::new(loomwork_workflow::analyze(&text));
    let file = Arc::new(FileText::new(text.into_bytes()));
    Entry { path: name.to_owned(), file, analysis, outside: Vec::new() }
}

fn checked(entry: Entry) -> ApiResult<Source> {
    let workflow = entry.analysis.workflow.clone().filter(|_| !entry.is_barred());
    let workflow = workflow.ok_or_else(|| workflows::invalid(&entry))?;
    Ok(Source { entry, workflow })
}

async fn planned(journal: &Journal, source: &Source, inputs: Map<String, Value>) -> ApiResult<Plan> {
    let id = source.workflow.id.clone();
    let history = journal.ask(move |reader| history::of_workflow(reader, &id)).await?.unwrap_or_default();
    planned_with(source, &inputs, &history)
}

fn planned_with(source: &Source, inputs: &Map<String, Value>, history: &History) -> ApiResult<Plan> {
    let inputs = loomwork_workflow::resolve_known_inputs(&source.workflow, inputs).map_err(|problems| {
        let said: Vec<String> = problems.iter().map(|problem| problem::sentence(&problem.to_string())).collect();
        problem::invalid(said.join(" "))
    })?;
    Ok(loomwork_workflow::plan(&source.workflow, Some(&inputs), history))
}

/// The workflow as the run ran it, with the times that it took.
async fn of_run(
    catalog: &Arc<Catalog>,
    journal: &Journal,
    engine: Option<&Engine>,
    source: &Source,
    run: String,
) -> ApiResult<Picture> {
    let run = runs::get(journal, engine, GetRun { run }).await?;
    let summary = &run.summary;
    if summary.workflow != source.workflow.id {
        let message = format!("Run {} is of the workflow {:?}, not of {:?}.", summary.id, summary.workflow, source.workflow.id);
        return Err(problem::invalid(message));
    }
    if !summary.status.is_final() {
        return Err(problem::refused(format!("Run {} has not ended; its times are not complete.", summary.id)));
    }
    let document = runs::design(catalog, journal, engine, GetRunDesign { run: summary.id.clone() }).await?;
    Ok(picture::of_run(&loomwork_workflow::analyze(&document.design.text).outline, &run))
}

fn drawn(format: PictureFormat, picture: &Picture) -> Exported {
    let text = match format {
        PictureFormat::Mermaid => mermaid(picture),
        PictureFormat::Dot => dot(picture),
        PictureFormat::Wfformat => wfformat(picture),
    };
    Exported { text }
}
