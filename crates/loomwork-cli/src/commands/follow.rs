//! `events` and `logs`: streams, to their present end or to the end of the run.

use std::{collections::HashMap, pin::pin};

use futures::StreamExt as _;
use loomwork_api::{Event, GetEvents, GetLogs, GetRun, LogLine, News, Run, Watch};
use loomwork_app::{Backend, Mode};

use super::Context;
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Lines of a log that are asked for at one time when all are wanted.
const ALL_LINES: u32 = u32::MAX;

/// Prints events.
pub(super) async fn events(context: &Context, run: String, from: u64, follow: bool) -> Result<Exit, Failure> {
    let backend = context.open(Mode::JoinOrRead).await?;
    let run = backend.request(GetRun { run }).await?;
    let id = run.summary.id.clone();
    if !follow {
        let page = backend.request(GetEvents { run: id, from_seq: from }).await?;
        page.events.iter().for_each(|event| print_event(context, event));
        return Ok(Exit::Done);
    }
    let after_seq = from.saturating_sub(1);
    let mut news = pin!(backend.watch(Watch { run: Some(id.clone()), after_seq, logs: false }));
    let mut shown = after_seq;
    // Ended when the events up to its end have been shown; a run that has ended may have nothing left to show.
    let mut end = ended_at(&run);
    while end.is_none_or(|end| shown < end) {
        let Some(batch) = news.next().await else { break };
        for event in &batch.events {
            print_event(context, event);
            shown = event.seq;
        }
        if may_have_ended(&batch, &id) {
            end = ended_at(&backend.request(GetRun { run: id.clone() }).await?);
        }
    }
    Ok(Exit::Done)
}

/// The number of the last event of a run that has ended.
fn ended_at(run: &Run) -> Option<u64> {
    run.summary.status.is_final().then_some(run.seq)
}

fn may_have_ended(news: &News, run: &str) -> bool {
    news.reset || news.runs.iter().any(|summary| summary.id == run && summary.status.is_final())
}

fn print_event(context: &Context, event: &Event) {
    match context.form {
        Form::Json => output::json(event),
        Form::Text => output::line(&render::run::event(event)),
    }
}

/// Prints log lines.
pub(super) async fn logs(context: &Context, run: String, step: Option<String>, follow: bool) -> Result<Exit, Failure> {
    let backend = context.open(Mode::JoinOrRead).await?;
    let run = backend.request(GetRun { run }).await?;
    let mut printer = LogPrinter { context, backend: &backend, run: run.summary.id.clone(), step, printed: HashMap::new() };
    if follow && !run.summary.status.is_final() {
        printer.follow().await?;
    } else {
        printer.catch_up().await?;
    }
    Ok(Exit::Done)
}

struct LogPrinter<'a> {
    context: &'a Context,
    backend: &'a Backend,
    run: String,
    step: Option<String>,
    /// (step, attempt) → number of the last line that was printed.
    printed: HashMap<(String, u32), u64>,
}

impl LogPrinter<'_> {
    /// Prints what the log holds beyond what was printed.
    async fn catch_up(&mut self) -> Result<(), Failure> {
        let request = GetLogs { run: self.run.clone(), step: self.step.clone(), limit: Some(ALL_LINES) };
        let page = self.backend.request(request).await?;
        page.lines.iter().for_each(|line| self.print(line));
        Ok(())
    }

    /// Prints what comes until the run has ended. What the news left out is read from the log.
    async fn follow(&mut self) -> Result<(), Failure> {
        // Watched before the log is read, so that no line falls between; its number tells a line that comes twice.
        let mut news = pin!(self.backend.watch(Watch { run: Some(self.run.clone()), after_seq: u64::MAX, logs: true }));
        let mut look = true;
        loop {
            if std::mem::take(&mut look) {
                let run = self.backend.request(GetRun { run: self.run.clone() }).await?;
                self.catch_up().await?;
                if run.summary.status.is_final() {
                    return Ok(());
                }
            }
            let Some(batch) = news.next().await else { return Ok(()) };
            if batch.reset || batch.logs_omitted > 0 || may_have_ended(&batch, &self.run) {
                look = true;
            } else {
                let wanted = batch.logs.iter().filter(|line| self.step.as_ref().is_none_or(|step| *step == line.step));
                let wanted: Vec<&LogLine> = wanted.collect();
                wanted.into_iter().for_each(|line| self.print(line));
            }
        }
    }

    fn print(&mut self, line: &LogLine) {
        let last = self.printed.entry((line.step.clone(), line.attempt)).or_default();
        if line.number <= *last {
            return;
        }
        let missing = line.number - *last - 1;
        *last = line.number;
        if missing > 0 {
            output::note(&format!("({missing} lines of {} are left out)", line.step));
        }
        match self.context.form {
            Form::Json => output::json(line),
            Form::Text => output::line(&render::run::log_line(line)),
        }
    }
}
