//! The requests, each with its response. One macro keeps the request enum, the response types and the TypeScript map in step.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::*;

/// A request type and what answers it.
pub trait Method: Serialize + DeserializeOwned + Into<Request> {
    /// The wire name.
    const NAME: &'static str;
    /// What answers it.
    type Response: Serialize + DeserializeOwned;
}

macro_rules! contract {
    ($($name:ident: $request:ident => $response:ty, $summary:literal;)*) => {
        /// Any request: `{"method": "get_run", "params": {…}}`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "method", content = "params", rename_all = "snake_case")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
        pub enum Request {
            $(#[doc = $summary] $request($request),)*
        }

        impl Request {
            /// The wire name of the method.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$request(_) => stringify!($name),)* }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self { Self::$request(request) }
            }
            impl Method for $request {
                const NAME: &'static str = stringify!($name);
                type Response = $response;
            }
        )*

        /// The map from method to parameters and response, for TypeScript.
        #[derive(Debug)]
        #[allow(dead_code, reason = "read by the TypeScript generator only")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
        pub struct Contract {
            $(#[doc = $summary] $name: Call<$request, $response>,)*
        }
    };
}

/// Parameters and response of a method, for TypeScript.
#[derive(Debug)]
#[allow(dead_code, reason = "read by the TypeScript generator only")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Call<P, R> {
    params: P,
    response: R,
}

contract! {
    get_workspace: GetWorkspace => WorkspaceFacts, "Facts about the open workspace.";
    trust_workspace: TrustWorkspace => WorkspaceFacts, "Lets a workspace that came with a foreign journal resume its runs.";
    check_workspace: CheckWorkspace => Diagnosis, "Whether the state of the workspace is whole; nothing is changed.";
    make_backup: MakeBackup => Backup, "Copies the state of the workspace while it is used, and checks the copy.";
    list_workflows: ListWorkflows => WorkflowList, "All workflow files.";
    open_workflow: OpenWorkflow => WorkflowDocument, "One workflow file.";
    analyze_workflow: AnalyzeWorkflow => Design, "What a text says; nothing is saved.";
    complete_text: CompleteText => Completions, "What can be written at a place of a text.";
    hover_text: HoverText => Hover, "What the name at a place of a text means.";
    edit_workflow: EditWorkflow => Edited, "Applies operations to a text; nothing is saved.";
    import_workflow: ImportWorkflow => ImportedWorkflows, "What a workflow of another tool becomes; nothing is saved.";
    explain_problem: ExplainProblem => Explanation, "What the code of a problem means, with an example.";
    save_workflow: SaveWorkflow => WorkflowDocument, "Writes text and layout, if the file is still as it was read.";
    create_workflow: CreateWorkflow => WorkflowDocument, "Makes a new workflow file.";
    delete_workflow: DeleteWorkflow => Nothing, "Deletes a workflow file and its layout. Its runs stay.";
    plan_workflow: PlanWorkflow => WorkflowPlan, "What a run of a workflow will look like; nothing is started.";
    export_workflow: ExportWorkflow => Exported, "A workflow as a picture for other tools; nothing is saved.";
    list_versions: ListVersions => VersionList, "The versions of a workflow: the file as it stands, and those that were run.";
    compare_versions: CompareVersions => Comparison, "What is different between two definitions, by meaning.";
    start_run: StartRun => Run, "Starts a run; returns when its creation is durable.";
    start_runs: StartRuns => StartedRuns, "Starts a run for each of some inputs, all or none; returns when their creation is durable.";
    get_run: GetRun => Run, "One run with its steps.";
    get_run_design: GetRunDesign => WorkflowDocument, "The workflow as the run runs it.";
    list_runs: ListRuns => RunList, "Runs, newest first.";
    get_queue: GetQueue => Queue, "What waits to be started, and why.";
    get_events: GetEvents => EventPage, "Events of a run.";
    get_logs: GetLogs => LogPage, "Log lines of a run, the last ones first left in.";
    get_value: GetValue => ValueText, "A large input or output, whole.";
    retry_run: RetryRun => Retried, "Takes a failed or cancelled run up again; results that succeeded are kept.";
    cancel_run: CancelRun => Run, "Cancels a run; returns when the request is durable.";
    pause_run: PauseRun => Run, "Starts nothing more of a run until it is resumed; what is under way ends.";
    resume_run: ResumeRun => Run, "Lets a paused run go on.";
    rerun_run: RerunRun => Retried, "Does a step and all that follows again.";
    amend_run: AmendRun => Retried, "Goes on with a corrected workflow; what did not change keeps its result.";
    fork_run: ForkRun => Retried, "Starts a new run from a moment of an old one, which stays as it is.";
    create_checkpoint: CreateCheckpoint => Checkpoint, "Keeps the state of a run as it is now.";
    list_checkpoints: ListCheckpoints => CheckpointList, "The checkpoints of a run, newest state first, each checked.";
    restore_checkpoint: RestoreCheckpoint => Retried, "Starts a new run from what a checkpoint kept.";
    delete_checkpoint: DeleteCheckpoint => Nothing, "Deletes a checkpoint. The run stays as it is.";
    archive_runs: ArchiveRuns => Removal, "Puts ended runs into the archive, or says which would go.";
    purge_runs: PurgeRuns => Removal, "Deletes ended runs for good, or says which would go.";
    list_archive: ListArchive => ArchiveList, "The runs in the archive.";
    restore_archived: RestoreArchived => Run, "Brings a run back from the archive.";
    delete_archived: DeleteArchived => Nothing, "Deletes a run from the archive for good.";
    judge_step: JudgeStep => Run, "Skips a failed step or marks it succeeded; an ended run is taken up.";
    decide_step: DecideStep => Run, "Decides an approval.";
    send_event: SendEvent => Nothing, "Sends an event to the steps that wait for it.";
    list_breakers: ListBreakers => BreakerList, "The circuit breakers that attempts have asked.";
    reset_breaker: ResetBreaker => Breaker, "Closes a circuit breaker.";
    list_dead_letters: ListDeadLetters => DeadLetterList, "Runs that failed for good, newest first.";
    get_dead_letter: GetDeadLetter => WholeDeadLetter, "One dead letter with all that is needed to send it again.";
    resend_run: ResendRun => Run, "Starts a new run in place of a dead letter.";
    discard_dead_letter: DiscardDeadLetter => Nothing, "Takes a dead letter off the list; its run stays.";
}

/// An empty response.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, type = "Record<string, never>"))]
pub struct Nothing {}

macro_rules! empty_params {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, type = "Record<string, never>"))]
        pub struct $name {}
    )*};
}

empty_params! {
    /// Asks for facts about the workspace.
    GetWorkspace;
    /// Says that this workspace may resume its runs.
    TrustWorkspace;
    /// Asks for all workflow files.
    ListWorkflows;
    /// Asks for the circuit breakers.
    ListBreakers;
    /// Asks for the dead letters.
    ListDeadLetters;
}

/// Asks for one workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct OpenWorkflow {
    /// Path relative to the workspace, or a workflow's id.
    pub workflow: String,
}

/// Asks what a text says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct AnalyzeWorkflow {
    /// The text.
    pub text: String,
    /// The file that it is of, if any: its saved state is then not one of the other workflows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub path: Option<String>,
}

/// Asks what can be written at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CompleteText {
    /// Where.
    #[serde(flatten)]
    pub at: TextPlace,
}

/// Asks what the name at a place means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct HoverText {
    /// Where.
    #[serde(flatten)]
    pub at: TextPlace,
}

/// Asks for a changed text. The operations are applied in order, all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct EditWorkflow {
    /// The text to change.
    pub text: String,
    /// The file that it is of, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub path: Option<String>,
    /// The operations.
    pub ops: Vec<EditOp>,
}

/// Asks what the code of a problem means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ExplainProblem {
    /// The code, `LW0111`.
    pub code: String,
}

/// Writes a workflow file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct SaveWorkflow {
    /// Path relative to the workspace.
    pub path: String,
    /// The text.
    pub text: String,
    /// Positions given by a person; null leaves the sidecar as it is.
    #[serde(default)]
    pub layout: Option<Layout>,
    /// Revision the text was made from; null overwrites whatever is there.
    #[serde(default)]
    pub base_revision: Option<String>,
}

/// Makes a new workflow file `workflows/<id>.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CreateWorkflow {
    /// The workflow's id: letters, digits, `-` and `_`.
    pub id: String,
    /// Its text; null for one that has a single `run` step.
    #[serde(default)]
    pub text: Option<String>,
}

/// Deletes a workflow file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DeleteWorkflow {
    /// Path relative to the workspace.
    pub path: String,
}

/// Starts a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StartRun {
    /// Path relative to the workspace, or a workflow's id.
    pub workflow: String,
    /// The inputs by name.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>", optional = nullable))]
    pub inputs: serde_json::Map<String, Value>,
    /// Labels.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<IndexMap<String, String>>", optional))]
    pub labels: IndexMap<String, String>,
    /// From 0 (last) to 9 (first); null for the workflow's own, else 5.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub priority: Option<u8>,
}

/// Starts runs of one workflow.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StartRuns {
    /// Path relative to the workspace, or a workflow's id.
    pub workflow: String,
    /// The inputs by name, of each run; at most 10,000.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>[]"))]
    pub inputs: Vec<serde_json::Map<String, Value>>,
    /// Labels of all of them.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<IndexMap<String, String>>", optional))]
    pub labels: IndexMap<String, String>,
    /// From 0 (last) to 9 (first); null for the workflow's own, else 5.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub priority: Option<u8>,
}

/// Runs that were started together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StartedRuns {
    /// Their ids, in the order of the inputs.
    pub runs: Vec<String>,
}

/// Asks for one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetRun {
    /// The run's id, or a beginning of it that is unique.
    pub run: String,
}

/// Asks for the workflow as the run runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetRunDesign {
    /// The run's id.
    pub run: String,
}

/// Asks for runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ListRuns {
    /// Only of this status.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub status: Option<RunStatus>,
    /// Only those that wait for this.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub waits_for: Option<WaitsFor>,
    /// Only of this workflow's id.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workflow: Option<String>,
    /// Only runs older than this one.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub before: Option<String>,
    /// At most so many; null for 100.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub limit: Option<u32>,
}

/// Asks for events of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetEvents {
    /// The run's id.
    pub run: String,
    /// Only events with a number of at least this.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub from_seq: u64,
}

/// Asks for log lines of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetLogs {
    /// The run's id.
    pub run: String,
    /// Only of this step's path.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
    /// At most so many, the last ones; null for 5,000.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub limit: Option<u32>,
}

/// Asks for a large value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetValue {
    /// The run that holds it.
    pub run: String,
    /// Its content hash, from `$blob` or `$value`.
    pub hash: String,
}

/// A value as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ValueText {
    /// The JSON.
    pub json: String,
}

/// Takes a run up again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RetryRun {
    /// The run's id.
    pub run: String,
    /// The failed step's path; null for all that failed (or were cancelled).
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
    /// JSON merge patch (RFC 7396) on the step's resolved input, for this retry; needs `step`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "unknown", optional))]
    pub set: Option<Value>,
    /// Only say what would happen.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
}

macro_rules! one_run {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
        pub struct $name {
            /// The run's id.
            pub run: String,
        }
    )*};
}

one_run! {
    /// Asks that nothing more starts.
    PauseRun;
    /// Asks that a paused run goes on.
    ResumeRun;
}

/// Asks that a step and all that follows is done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RerunRun {
    /// The run's id.
    pub run: String,
    /// The step's path.
    pub from: String,
    /// Only say what would happen.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
}

/// Asks that a run goes on with a corrected workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct AmendRun {
    /// The run's id.
    pub run: String,
    /// The corrected workflow: a path relative to the workspace, or a workflow's id.
    pub workflow: String,
    /// Only say what would happen.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
}

/// Asks for a new run from a moment of an old one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ForkRun {
    /// The old run's id.
    pub run: String,
    /// Number of the last of its events that the new run takes over.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: u64,
    /// Only say what would happen.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
}

/// Says what becomes of a failed step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct JudgeStep {
    /// The run's id.
    pub run: String,
    /// The step's path.
    pub step: String,
    /// The output with which it counts as succeeded; absent: it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "ts", ts(type = "unknown", optional))]
    pub output: Option<Value>,
}

/// Null is an output, too: only an absent field is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Decides an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DecideStep {
    /// The run's id.
    pub run: String,
    /// The step's path.
    pub step: String,
    /// Approved or rejected.
    pub approved: bool,
    /// A comment.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub comment: Option<String>,
    /// What was filled in.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "unknown", optional))]
    pub form: Option<Value>,
}

/// Sends an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct SendEvent {
    /// Its name.
    pub name: String,
    /// Its data.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub data: Value,
    /// Only to this run; null for every run of the workspace.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub run: Option<String>,
}

/// Cancels a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CancelRun {
    /// The run's id.
    pub run: String,
    /// Why.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<String>,
    /// Whether completed steps are undone.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub compensate: bool,
}
