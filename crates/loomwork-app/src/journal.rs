//! What the journal and the logs say, for owner and reader alike: the owner asks its engine about runs in memory,
//! a reader folds what is written.
//!
//! Not here: SQL and the format of log files (`loomwork-store`).

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use indexmap::IndexMap;
use loomwork_api::{
    ApiError, ApiResult, ErrorCode, GetLogs, ListRuns, LogLine, LogPage, LogStream, RunList, RunStatus as Shown, RunSummary,
    WaitsFor,
};
use loomwork_engine::{Active, Engine, EngineError, Programs, load_run_from};
use loomwork_run::{RefusedRequest, RunStatus};
use loomwork_store::{
    Archive, Checkpoints, Reader, RunFilter, StoreError,
    logs::{Logs, StretchLimit},
};

use crate::{
    problem, views,
    waits::{self, Waits},
};

/// Lists and pages that say nothing else have this length.
const DEFAULT_RUNS: u32 = 100;
const MOST_RUNS: u32 = 10_000;
const DEFAULT_LINES: u32 = 5_000;
/// More lines are not answered at one time, whoever asks: an answer is held in memory whole.
const MOST_LINES: u32 = 50_000;
/// Connections that are kept for the next question.
const KEPT_READERS: usize = 4;

/// The journal and logs of a workspace.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    file: PathBuf,
    logs: Logs,
    readers: Arc<Mutex<Vec<Reader>>>,
}

impl Journal {
    pub(crate) fn new(file: PathBuf, logs: PathBuf) -> Self {
        Self { file, logs: Logs::new(logs), readers: Arc::default() }
    }

    pub(crate) fn file(&self) -> &std::path::Path {
        &self.file
    }

    pub(crate) fn archive(&self) -> Archive {
        Archive::beside(&self.file)
    }

    pub(crate) fn checkpoints(&self) -> Checkpoints {
        Checkpoints::beside(&self.file)
    }

    /// Asks the journal on a thread that may block; none when there is no journal yet.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<Option<T>> {
        let journal = self.clone();
        blocking(move || journal.ask_now(question)).await
    }

    fn ask_now<T>(&self, question: impl FnOnce(&Reader) -> ApiResult<T>) -> ApiResult<Option<T>> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match kept {
            Some(reader) => reader,
            None if !self.file.exists() => return Ok(None),
            None => Reader::open(&self.file).map_err(of_store)?,
        };
        let answer = question(&reader);
        let mut kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_READERS {
            kept.push(reader);
        }
        answer.map(Some)
    }

    /// The whole id of a run, from a beginning of it that is unique.
    pub(crate) async fn run_id(&self, beginning: &str) -> ApiResult<String> {
        let beginning = beginning.to_owned();
        if beginning.is_empty() {
            return Err(problem::invalid("The id of a run is missing."));
        }
        let asked = beginning.clone();
        let found = self.ask(move |reader| reader.run_ids(&asked, 2).map_err(of_store)).await?.unwrap_or_default();
        match <[String; 1]>::try_from(found) {
            Ok([run]) => Ok(run),
            Err(none) if none.is_empty() => {
                Err(problem::not_found(match self.archive().ids(&beginning).unwrap_or_default().first() {
                    Some(run) => format!("The run {run} is in the archive. `loomwork archive restore {run}` brings it back."),
                    None => format!("There is no run {beginning:?} in this workspace."),
                }))
            }
            Err(_) => Err(problem::invalid(format!("Several runs begin with {beginning:?}. Write more of the id."))),
        }
    }

    /// Looks at a run, in memory when the engine has it.
    pub(crate) async fn inspect<T, F>(&self, engine: Option<&Engine>, run: &str, look: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Fn(&Active) -> T + Send + Sync + 'static,
    {
        let Some(engine) = engine else {
            let id = run.to_owned();
            let checkpoints = self.checkpoints();
            let load = move |reader: &Reader| load_run_from(reader, &checkpoints, &Programs::default(), &id);
            let seen = self.ask(move |reader| load(reader).map(|active| look(&active)).map_err(of_engine)).await?;
            return seen.ok_or_else(|| problem::not_found(format!("There is no run {run:?} in this workspace.")));
        };
        engine.inspect(run, look).await.map_err(of_engine)
    }

    /// Runs, newest first.
    pub(crate) async fn list(&self, engine: Option<&Engine>, request: ListRuns) -> ApiResult<RunList> {
        let before = match &request.before {
            Some(run) => Some(self.run_id(run).await?),
            None => None,
        };
        let (known, checkpoints) = (waits::known(engine).await, self.checkpoints());
        let list = self.ask(move |reader| list(reader, &Waits::read(reader, &checkpoints, known)?, &request, before)).await?;
        Ok(list.unwrap_or_else(|| RunList { runs: Vec::new(), counts: IndexMap::new(), waits_for: IndexMap::new() }))
    }

    /// The last lines of the attempts `(step, attempt, ended)` of a run, by time.
    pub(crate) async fn lines(&self, request: GetLogs, run: String, attempts: Vec<(String, u32, bool)>) -> ApiResult<LogPage> {
        let logs = self.logs.clone();
        blocking(move || {
            let limit = request.limit.unwrap_or(DEFAULT_LINES).min(MOST_LINES) as usize;
            let mut page = LogPage { lines: Vec::new(), omitted: 0 };
            for (step, attempt, ended) in attempts {
                let Some(mut reader) = logs.read(&run, &step, attempt).map_err(of_log)? else { continue };
                let stretch = reader.read(StretchLimit::lines(limit), ended).map_err(of_log)?;
                page.omitted += stretch.omitted;
                page.lines.extend(stretch.lines.into_iter().map(|line| log_line(&step, attempt, line)));
            }
            page.lines = by_time(page.lines);
            let surplus = page.lines.len().saturating_sub(limit);
            page.lines.drain(..surplus);
            page.omitted += surplus as u64;
            Ok(page)
        })
        .await
    }
}

fn list(reader: &Reader, waits: &Waits, request: &ListRuns, before: Option<String>) -> ApiResult<RunList> {
    let now = now_ms();
    let before = match before {
        Some(run) => {
            let first = reader.next_record(&run, 0).map_err(of_store)?;
            let first = first.ok_or_else(|| of_engine(EngineError::NoSuchRun(run.clone())))?;
            Some((first.at_ms, run))
        }
        None => None,
    };
    let limit = request.limit.unwrap_or(DEFAULT_RUNS).min(MOST_RUNS);
    // Rows know nothing of waiting: to find what waits, or does not, all that are running are looked at.
    let told_apart = request.waits_for.is_some() || matches!(request.status, Some(Shown::Running | Shown::Waiting));
    let status = if told_apart { Some(RunStatus::Running) } else { request.status.and_then(views::run_status_inside) };
    let most = if told_apart { u32::MAX / 2 } else { limit };
    let filter = RunFilter { status, workflow: request.workflow.clone(), before, limit: most };
    let rows = reader.runs(&filter).map_err(of_store)?;
    let runs = rows.iter().map(|row| waits.row(row, now)).filter(|run| {
        request.status.is_none_or(|status| status == run.status)
            && request.waits_for.is_none_or(|what| Some(what) == run.waits_for)
    });
    let runs: Vec<RunSummary> = runs.take(limit as usize).collect();
    let waiting = waits.waiting();
    let counted = reader.counts().map_err(of_store)?;
    let mut counts = IndexMap::new();
    for status in RunStatus::ALL {
        let count = counted.get(&status).copied().unwrap_or_default();
        if status == RunStatus::Running {
            counts.insert("running".to_owned(), count.saturating_sub(waiting));
            counts.insert("waiting".to_owned(), waiting);
        } else {
            counts.insert(status.as_str().to_owned(), count);
        }
    }
    let waits_for = WaitsFor::ALL.map(|what| (what.as_str().to_owned(), waits.waiting_for(what)));
    Ok(RunList { runs, counts, waits_for: waits_for.into_iter().collect() })
}

/// Lines of several attempts in one order: by time, and those of one attempt by their number. (A line has the time of
/// its first byte and the number of its end, so that the two can differ where two streams are written at one time.)
pub(crate) fn by_time(mut lines: Vec<LogLine>) -> Vec<LogLine> {
    lines.sort_by(|one, other| (&one.step, one.attempt, one.number).cmp(&(&other.step, other.attempt, other.number)));
    // Times have one form and one length, so text sorts as time does.
    let mut latest = String::new();
    let mut attempt = None;
    let mut timed = Vec::with_capacity(lines.len());
    for line in lines {
        let same = attempt.as_ref().is_some_and(|(step, attempt)| *step == line.step && *attempt == line.attempt);
        if !same {
            attempt = Some((line.step.clone(), line.attempt));
            latest.clear();
        }
        if line.at > latest {
            latest.clone_from(&line.at);
        }
        timed.push((latest.clone(), line));
    }
    timed.sort_by(|(one, _), (other, _)| one.cmp(other));
    timed.into_iter().map(|(_, line)| line).collect()
}

/// A line of a log on the wire.
pub(crate) fn log_line(step: &str, attempt: u32, line: loomwork_store::logs::LogLine) -> LogLine {
    LogLine {
        at: views::time(i64::try_from(line.at_ms).unwrap_or(i64::MAX)),
        step: step.to_owned(),
        attempt,
        number: line.number,
        stream: match line.stream {
            loomwork_store::logs::LogStream::Stdout => LogStream::Stdout,
            loomwork_store::logs::LogStream::Stderr => LogStream::Stderr,
        },
        text: line.text,
    }
}

/// Does what may block on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> ApiResult<T> + Send + 'static) -> ApiResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!("a request failed unexpectedly: {error}");
            Err(problem::internal("The request failed unexpectedly; the log says more."))
        }
    }
}

/// An error of the store on the wire.
pub(crate) fn of_store(error: StoreError) -> ApiError {
    let code = match error {
        StoreError::Closed => ErrorCode::Unavailable,
        _ => ErrorCode::Io,
    };
    ApiError::new(code, problem::sentence(&error.to_string()))
}

/// An error of the engine on the wire.
pub(crate) fn of_engine(error: EngineError) -> ApiError {
    let code = match error {
        EngineError::Store(error) => return of_store(error),
        EngineError::Checkpoint(error) => return crate::cases::of_checkpoint(error),
        EngineError::Archive(error) => return crate::cases::of_archive(error),
        EngineError::NoSuchRun(_)
        | EngineError::NoSuchBreaker(_)
        | EngineError::Refused(RefusedRequest::NoSuchStep(_) | RefusedRequest::NoSuchEvent { .. }) => ErrorCode::NotFound,
        EngineError::NoSuchLetter(_)
        | EngineError::Refused(RefusedRequest::State(_))
        | EngineError::UnfitCheckpoint { .. }
        | EngineError::ForeignArchive(_)
        | EngineError::Stalled { .. } => ErrorCode::Refused,
        EngineError::Env { .. } | EngineError::Group(_) => ErrorCode::InvalidRequest,
        EngineError::Stopped(_) => ErrorCode::Unavailable,
        EngineError::Unreadable { .. } | EngineError::NotLoaded(_) => ErrorCode::Internal,
    };
    ApiError::new(code, problem::sentence(&error.to_string()))
}

fn of_log(error: loomwork_store::logs::LogError) -> ApiError {
    ApiError::new(ErrorCode::Io, problem::sentence(&error.to_string()))
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_by_time_and_those_of_one_attempt_by_number() {
        let line = |step: &str, number: u64, at: &str| LogLine {
            at: at.to_owned(),
            step: step.to_owned(),
            attempt: 1,
            number,
            stream: LogStream::Stdout,
            text: String::new(),
        };
        let lines = vec![line("a", 1, "05"), line("a", 2, "03"), line("a", 3, "09"), line("b", 1, "01"), line("b", 2, "07")];
        let order: Vec<(String, u64)> = by_time(lines).into_iter().map(|line| (line.step, line.number)).collect();
        let expected = [("b", 1), ("a", 1), ("a", 2), ("b", 2), ("a", 3)];
        assert_eq!(order, expected.map(|(step, number)| (step.to_owned(), number)));
    }
}
