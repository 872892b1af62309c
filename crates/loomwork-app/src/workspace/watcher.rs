//! Tells which workflow files change, by anyone.
//!
//! Invariant: what the system reports is only a hint to look; what is told comes from comparing two listings of the
//! folder. So a lost or overflowing queue of hints loses no change, and without hints the listing is polled.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{WORKFLOWS, Workspace, files::is_workflow_name, layout};
use crate::problem;

/// Hints are gathered until none came for this long, so that one save makes one report.
const QUIET: Duration = Duration::from_millis(30);
/// But not longer than this many of them in a row: a folder that never rests is reported too.
const MAX_GATHERED: usize = 64;
/// How often the folder is listed when the system gives no hints.
const POLL: Duration = Duration::from_secs(2);

/// A watch; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Watching {
    hints: mpsc::Sender<Hint>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        // A thread that has ended already needs no telling.
        let _ = self.hints.send(Hint::Stop);
    }
}

enum Hint {
    /// These paths may have changed.
    Paths(Vec<PathBuf>),
    /// Anything may have changed.
    Everything,
    /// The folder of workflows itself came, went or was replaced.
    Folder,
    Stop,
}

/// Calls `changed` with the paths of workflow files (relative) whenever some were changed, added or removed.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn watch_workflows(
    workspace: Workspace,
    changed: impl FnMut(Vec<String>) + Send + 'static,
) -> loomwork_api::ApiResult<Watching> {
    let (sender, receiver) = mpsc::channel();
    let watcher = match start_hints(&workspace, sender.clone()) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            say_polling(&workspace, &error);
            None
        }
    };
    // Listed before the thread runs, so that a change right after this call is seen as one.
    let known = listing(&workspace);
    let follower = Follower { workspace, watcher, known, changed };
    std::thread::Builder::new()
        .name("workflow-watch".to_owned())
        .spawn(move || follower.follow(&receiver))
        .map_err(|error| problem::unavailable(format!("The workflow folder cannot be watched: {}.", problem::reason(&error))))?;
    Ok(Watching { hints: sender })
}

fn say_polling(workspace: &Workspace, error: &notify::Error) {
    let why = match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of inotify watches is reached (fs.inotify.max_user_watches)".to_owned()
        }
        _ => error.to_string(),
    };
    tracing::warn!("{} is looked at every {} s for changes: {why}", workspace.root().join(WORKFLOWS).display(), POLL.as_secs());
}

fn start_hints(workspace: &Workspace, sender: mpsc::Sender<Hint>) -> notify::Result<RecommendedWatcher> {
    let folder = workspace.root().join(WORKFLOWS);
    let watched = folder.clone();
    let config = notify::Config::default().with_follow_symlinks(false);
    let tell = move |event: notify::Result<notify::Event>| {
        if let Some(hint) = hint_of(event, &folder) {
            // The follower has ended; nobody is left to tell.
            let _ = sender.send(hint);
        }
    };
    let mut watcher = RecommendedWatcher::new(tell, config)?;
    watcher.watch(workspace.root(), RecursiveMode::NonRecursive)?;
    if watched.is_dir() {
        watcher.watch(&watched, RecursiveMode::Recursive)?;
    }
    Ok(watcher)
}

fn hint_of(event: notify::Result<notify::Event>, folder: &Path) -> Option<Hint> {
    let Ok(event) = event else { return Some(Hint::Everything) };
    if event.need_rescan() {
        return Some(Hint::Everything);
    }
    if matches!(event.kind, EventKind::Access(_)) {
        return None; // Our own reading would wake us for ever.
    }
    if event.paths.iter().any(|path| path == folder)
        && !matches!(event.kind, EventKind::Modify(notify::event::ModifyKind::Metadata(_)))
    {
        return Some(Hint::Folder);
    }
    let paths: Vec<PathBuf> = event.paths.into_iter().filter(|path| path.starts_with(folder)).collect();
    (!paths.is_empty()).then_some(Hint::Paths(paths))
}

/// What tells two states of a file apart without reading it: time, length, and inode (a rename makes a new one).
type Stamp = (Option<std::time::SystemTime>, u64, u64);

pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.modified().ok(), facts.len(), facts.ino()))
}

/// Workflow → the stamps of its file and its sidecar.
type Listing = BTreeMap<String, (Option<Stamp>, Option<Stamp>)>;

fn listing(workspace: &Workspace) -> Listing {
    let paths = workspace.workflow_paths().unwrap_or_default();
    paths
        .into_iter()
        .map(|path| {
            let file = workspace.root().join(&path);
            let stamps = (stamp(&file), stamp(&layout::sidecar(&file)));
            (path, stamps)
        })
        .collect()
}

struct Follower<F> {
    workspace: Workspace,
    watcher: Option<RecommendedWatcher>,
    known: Listing,
    changed: F,
}

impl<F: FnMut(Vec<String>)> Follower<F> {
    fn follow(mut self, hints: &mpsc::Receiver<Hint>) {
        loop {
            let first = if self.watcher.is_some() {
                hints.recv().unwrap_or(Hint::Stop)
            } else {
                match hints.recv_timeout(POLL) {
                    Ok(hint) => hint,
                    Err(mpsc::RecvTimeoutError::Timeout) => Hint::Everything,
                    Err(mpsc::RecvTimeoutError::Disconnected) => Hint::Stop,
                }
            };
            let mut touched = BTreeSet::new();
            let mut next = Some(first);
            for _ in 0..MAX_GATHERED {
                match next {
                    Some(Hint::Stop) => return,
                    Some(Hint::Folder) => self.watch_again(),
                    Some(Hint::Paths(paths)) => touched.extend(paths.iter().filter_map(|path| self.workflow_of(path))),
                    Some(Hint::Everything) => {}
                    None => break,
                }
                next = hints.recv_timeout(QUIET).ok();
            }
            self.compare(touched);
        }
    }

    /// Reports what differs from the listing before, and what was touched: a change may leave every stamp equal.
    fn compare(&mut self, touched: BTreeSet<String>) {
        let now = listing(&self.workspace);
        let mut changed: BTreeSet<String> = touched.into_iter().filter(|path| now.contains_key(path)).collect();
        changed.extend(now.iter().filter(|(path, stamps)| self.known.get(*path) != Some(stamps)).map(|(path, _)| path.clone()));
        changed.extend(self.known.keys().filter(|path| !now.contains_key(*path)).cloned());
        self.known = now;
        if !changed.is_empty() {
            (self.changed)(changed.into_iter().collect());
        }
    }

    fn watch_again(&mut self) {
        let folder = self.workspace.root().join(WORKFLOWS);
        let Some(watcher) = &mut self.watcher else { return };
        // It may be gone, or never have been watched.
        let _ = watcher.unwatch(&folder);
        if folder.is_dir()
            && let Err(error) = watcher.watch(&folder, RecursiveMode::Recursive)
        {
            say_polling(&self.workspace, &error);
            self.watcher = None;
        }
    }

    /// The workflow that a file belongs to: itself, or the one whose sidecar it is.
    fn workflow_of(&self, path: &Path) -> Option<String> {
        let relative = self.workspace.to_relative(path)?;
        let owner = relative.strip_suffix(layout::SUFFIX).map_or(relative.as_str(), |name| name);
        is_workflow_name(owner).then(|| owner.to_owned())
    }
}
