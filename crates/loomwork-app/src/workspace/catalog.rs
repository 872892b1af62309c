//! What the workflow files say: each analysed once for every state of the file.
//!
//! Invariant: an answer is never older than the file at the moment of the question.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use loomwork_api::{ApiResult, Diagnostic, Severity};
use loomwork_steps::{SecretSource, WorkspaceSecrets};
use loomwork_workflow::Analysis;
use loomwork_workflow::codes::{self, Code};

use super::across::{self, Workflows};
use super::open_texts::OpenTexts;
use super::programs::Programs;
use super::{FileText, Workspace, files::is_workflow_name, watcher};
use crate::problem;

/// A file that was changed so shortly before it was read could be changed again within the same tick of the file
/// system's clock, so its time proves nothing.
const TICK: Duration = Duration::from_millis(100);

/// A workflow file and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Path relative to the workspace.
    pub(crate) path: String,
    pub(crate) file: Arc<FileText>,
    pub(crate) analysis: Arc<Analysis>,
    /// Problems that are not in the text: its bytes, or other files.
    pub(crate) outside: Vec<Diagnostic>,
}

impl Entry {
    /// The workflow's id, as far as the file can be read.
    pub(crate) fn id(&self) -> Option<&str> {
        self.analysis.outline.id.as_deref()
    }

    /// Whether something outside of the text keeps the workflow from running.
    pub(crate) fn is_barred(&self) -> bool {
        self.outside.iter().any(|problem| problem.severity == Severity::Error)
    }
}

type Stamp = (Option<SystemTime>, u64, u64);

#[derive(Debug)]
struct Cached {
    stamp: Option<Stamp>,
    entry: Entry,
}

/// The workflow files of a workspace.
#[derive(Debug)]
pub(crate) struct Catalog {
    workspace: Workspace,
    cache: Mutex<HashMap<String, Cached>>,
    open_texts: OpenTexts,
    programs: Programs,
}

impl Catalog {
    pub(crate) fn new(workspace: Workspace) -> Self {
        Self { workspace, cache: Mutex::default(), open_texts: OpenTexts::default(), programs: Programs::default() }
    }

    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The texts that are being edited.
    pub(crate) fn open_texts(&self) -> &OpenTexts {
        &self.open_texts
    }

    /// One workflow file.
    pub(crate) fn entry(&self, path: &str) -> ApiResult<Entry> {
        let target = self.workspace.resolve(path)?;
        let stamp = settled_stamp(&target);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cache.get(path)
            && stamp.is_some()
            && cached.stamp == stamp
        {
            return Ok(cached.entry.clone());
        }
        let file = self.workspace.read(path).inspect_err(|_| drop(cache.remove(path)))?;
        let analysis = match cache.get(path) {
            Some(cached) if cached.entry.file.revision == file.revision => Arc::clone(&cached.entry.analysis),
            _ => self.open_texts.analyze_file(&file.text),
        };
        let outside = not_utf8(&file).into_iter().collect();
        let entry = Entry { path: path.to_owned(), file: Arc::new(file), analysis, outside };
        cache.insert(path.to_owned(), Cached { stamp, entry: entry.clone() });
        Ok(entry)
    }

    /// All workflow files, by path, with the problems that they have with each other and with their secrets.
    pub(crate) fn entries(&self) -> ApiResult<Vec<Entry>> {
        let mut entries = self.read_all()?;
        let found: Vec<_> = entries.iter().map(|entry| self.around(entry, &entries)).collect();
        for (entry, found) in entries.iter_mut().zip(found) {
            entry.outside.extend(found);
        }
        Ok(entries)
    }

    /// A text that is not saved, with its analysis, as the file of a path, or of none yet.
    pub(crate) fn unsaved(&self, path: Option<&str>, text: String, analysis: Arc<Analysis>) -> ApiResult<Entry> {
        let file = Arc::new(FileText { text, revision: String::new(), invalid_at: None });
        let path = path.unwrap_or_default().to_owned();
        let mut entry = Entry { path, file, analysis, outside: Vec::new() };
        // Programs need no look at the other files.
        let others =
            if entry.analysis.calls.is_empty() && entry.analysis.secrets.is_empty() { Vec::new() } else { self.read_all()? };
        entry.outside = self.around(&entry, &others);
        Ok(entry)
    }

    /// The problems of a workflow with the others, its secrets and its programs.
    fn around(&self, entry: &Entry, entries: &[Entry]) -> Vec<Diagnostic> {
        let calls = !entry.analysis.calls.is_empty();
        // A saved state of the same file is not one of the others.
        let others = entries.iter().filter(|other| other.path != entry.path);
        let mut found = if calls { Workflows::new(others).problems(entry) } else { Vec::new() };
        let secrets = WorkspaceSecrets::new(self.workspace.state().secrets());
        found.extend(self.programs.problems(&entry.file.text, &entry.analysis.programs));
        // A store that cannot be read says nothing about the workflow.
        found.extend(across::unset_secrets(entry, |name| secrets.value(name).map_or(true, |value| value.is_some())));
        found
    }

    /// All workflow files, by path. One that cannot be read stands there with that as its problem, and one whose id
    /// is used twice with that.
    fn read_all(&self) -> ApiResult<Vec<Entry>> {
        let paths = self.workspace.workflow_paths()?;
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).retain(|path, _| paths.contains(path));
        let mut entries: Vec<Entry> =
            paths.iter().map(|path| self.entry(path).unwrap_or_else(|error| unreadable(path, error.message))).collect();
        let mut by_id: HashMap<String, Vec<String>> = HashMap::new();
        for entry in &entries {
            if let Some(id) = entry.id() {
                by_id.entry(id.to_owned()).or_default().push(entry.path.clone());
            }
        }
        for entry in &mut entries {
            let twins = entry.id().and_then(|id| by_id.get(id)).filter(|twins| twins.len() > 1);
            if let Some(twins) = twins {
                entry.outside.push(id_used_twice(&entry.path, entry.analysis.outline.id.as_deref().unwrap_or_default(), twins));
            }
        }
        Ok(entries)
    }

    /// The workflow that a path or an id names; an id is never a path. Its problems include those with other files.
    pub(crate) fn find(&self, name: &str) -> ApiResult<Entry> {
        let entries = self.read_all()?;
        let with_problems = |mut entry: Entry| {
            entry.outside.extend(self.around(&entry, &entries));
            entry
        };
        if is_path(name) {
            let path = name.strip_prefix("./").unwrap_or(name);
            let found = entries.iter().find(|entry| entry.path == path).cloned();
            return match found {
                // Read once more for its own error, when it is one that cannot be read.
                Some(entry) if entry.file.revision.is_empty() => self.entry(path),
                Some(entry) => Ok(with_problems(entry)),
                None => self.entry(path).map(with_problems),
            };
        }
        let mut named = entries.iter().filter(|entry| entry.id() == Some(name));
        match (named.next(), named.next()) {
            (Some(entry), None) => Ok(with_problems(entry.clone())),
            (Some(one), Some(other)) => Err(problem::invalid(format!(
                "Two workflows have the id {name:?}: {} and {}. Change one of them.",
                one.path, other.path
            ))),
            (None, _) => Err(unknown(name, &entries)),
        }
    }
}

/// Whether a name means a file.
pub(crate) fn is_path(name: &str) -> bool {
    name.contains('/') || is_workflow_name(name)
}

fn settled_stamp(path: &Path) -> Option<Stamp> {
    let stamp = watcher::stamp(path)?;
    let age = SystemTime::now().duration_since(stamp.0?).ok()?;
    (age > TICK).then_some(stamp)
}

fn unknown(name: &str, entries: &[Entry]) -> loomwork_api::ApiError {
    let mut ids: Vec<&str> = entries.iter().filter_map(Entry::id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rest = match ids.as_slice() {
        [] => "The workspace has no workflows.".to_owned(),
        ids if ids.len() > 20 => format!("The workspace has {} workflows.", ids.len()),
        ids => format!("There are {}.", ids.join(", ")),
    };
    problem::not_found(format!("There is no workflow {name:?}. {rest}"))
}

/// A problem with a file as a whole, shown at its beginning.
fn whole(code: Code, message: String) -> Diagnostic {
    at(code, message, 1, 1)
}

fn at(code: Code, message: String, line: u32, column: u32) -> Diagnostic {
    Diagnostic {
        code: code.code.to_owned(),
        severity: Severity::Error,
        message,
        step: None,
        field: None,
        line,
        column,
        end_line: line,
        end_column: column + 1,
        related: Vec::new(),
        fixes: Vec::new(),
    }
}

fn unreadable(path: &str, message: String) -> Entry {
    let file = FileText { text: String::new(), revision: String::new(), invalid_at: None };
    // Nothing is said about the text: there is none.
    let mut analysis = loomwork_workflow::analyze("");
    analysis.diagnostics.clear();
    Entry {
        path: path.to_owned(),
        file: Arc::new(file),
        analysis: Arc::new(analysis),
        outside: vec![whole(codes::UNREADABLE, message)],
    }
}

/// The problem of bytes that are no text.
pub(crate) fn not_utf8(file: &FileText) -> Option<Diagnostic> {
    let offset = file.invalid_at?;
    // Up to the first bad byte the lossy text has the same bytes.
    let before = &file.text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message =
        format!("The file is not UTF-8 text: byte {} cannot be read. Save it as UTF-8 with another editor.", offset + 1);
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX - 1);
    Some(at(codes::NOT_UTF8, message, small(line), small(column)))
}

fn id_used_twice(path: &str, id: &str, twins: &[String]) -> Diagnostic {
    let others: Vec<&str> = twins.iter().map(String::as_str).filter(|twin| *twin != path).collect();
    whole(codes::ID_TWICE, format!("The id {id:?} is also used by {}. Two workflows cannot have one id.", others.join(", ")))
}
