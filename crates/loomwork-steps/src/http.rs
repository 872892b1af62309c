//! The action `http`: a request and what its answer means.
//!
//! Invariants: one attempt makes one request (and follows at most [`MAX_REDIRECTS`] redirects, to `http` and `https` only); its
//! answer is bounded; each request carries the step's idempotency key, so that a server can tell a repetition from a second
//! wish. Not here: cookies, and certificates other than those that the system trusts.

mod answer;
mod failure;
mod request;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use loomwork_engine::{AttemptReport, AttemptSpec, ReportTo};
use loomwork_run::{AttemptOutcome, ErrorClass, RunError};
use loomwork_store::logs::{LogStream, Logs};
use loomwork_workflow::format_duration;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::json;

use self::answer::Answer;
use self::request::HttpInput;
use crate::hub::LogHub;
use crate::process::failed;
use crate::redact::Redactor;
use crate::secrets::{SecretSource, fill};
use crate::sink::Sink;
use crate::tasks::{Cancelled, Tasks};

/// Most redirects that one attempt follows.
const MAX_REDIRECTS: usize = 10;

/// Fields of the input in which secrets may stand.
const SECRET_PLACES: [&str; 5] = ["headers", "auth", "json", "text", "form"];

/// Performs requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    shared: Arc<Shared>,
    tasks: Tasks,
}

#[derive(Debug)]
struct Shared {
    logs: Logs,
    hub: LogHub,
    secrets: Arc<dyn SecretSource>,
    /// Made when first needed: loading the certificates takes a while. One follows redirects, the other does not.
    clients: OnceLock<Result<[Client; 2], String>>,
}

impl Requests {
    pub(crate) fn new(logs: Logs, hub: LogHub, secrets: Arc<dyn SecretSource>, tasks: Tasks) -> Self {
        Self { shared: Arc::new(Shared { logs, hub, secrets, clients: OnceLock::new() }), tasks }
    }

    pub(crate) fn start(&self, spec: AttemptSpec, report: ReportTo) {
        let shared = Arc::clone(&self.shared);
        self.tasks.start(spec.key.clone(), report, move |cancelled| async move { shared.perform(spec, cancelled).await });
    }
}

impl Shared {
    async fn perform(&self, mut spec: AttemptSpec, cancelled: Cancelled) -> AttemptReport {
        let redactor = match fill(&mut spec.input, &SECRET_PLACES, &*self.secrets) {
            Ok(redactor) => redactor,
            Err(error) => return failed(spec.key, error),
        };
        // What a server says of the header must be hidden too.
        let redactor = match (redactor, request::basic(&spec.input)) {
            (Some(redactor), Some(written)) => redactor.and(written),
            (redactor, _) => redactor,
        };
        let mut sink = Sink::new(&self.logs, &self.hub, &spec.key, redactor.clone());
        let mut outcome = self.attempt(&spec, cancelled, &mut sink, redactor.as_deref()).await;
        let log = match sink.finish().2 {
            Ok(log) => log,
            Err(error) => {
                tracing::warn!(%error, step = spec.key.step, "the log of a request could not be kept");
                None
            }
        };
        if let Some(redactor) = redactor {
            redactor.outcome(&mut outcome);
        }
        AttemptReport { key: spec.key, outcome, log, usage: None }
    }

    async fn attempt(
        &self,
        spec: &AttemptSpec,
        cancelled: Cancelled,
        sink: &mut Sink<'_>,
        redactor: Option<&Redactor>,
    ) -> AttemptOutcome {
        let input = match HttpInput::parse(&spec.input) {
            Ok(input) => input,
            Err(error) => return AttemptOutcome::Failed(error),
        };
        let started = Instant::now();
        let limit = [spec.timeout_ms, input.timeout_ms].into_iter().flatten().min();
        let bound = async {
            match limit {
                Some(limit) => tokio::time::sleep(Duration::from_millis(limit)).await,
                None => std::future::pending().await,
            }
        };
        // A sender that is gone without a word is no wish to stop.
        let cancelled = async {
            if cancelled.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let outcome = tokio::select! {
            biased;
            () = cancelled => AttemptOutcome::Cancelled,
            () = bound => AttemptOutcome::Failed(out_of_time(limit)),
            exchanged = self.exchange(&input, &spec.idempotency_key, sink, started) => match exchanged.and_then(|answer| answer.judge(&input, redactor)) {
                Ok(output) => return AttemptOutcome::Succeeded { output },
                // An answer has its line already.
                Err(error) if error.details.get("status").is_some() => return AttemptOutcome::Failed(error),
                Err(error) => AttemptOutcome::Failed(error),
            },
        };
        let what = match &outcome {
            AttemptOutcome::Failed(error) => &error.message,
            _ => "cancelled",
        };
        say(sink, &format!("{} {} → {what} after {} ms\n", input.method, input.shown_url(), started.elapsed().as_millis()));
        outcome
    }

    async fn exchange(
        &self,
        input: &HttpInput,
        idempotency_key: &str,
        sink: &mut Sink<'_>,
        started: Instant,
    ) -> Result<Answer, RunError> {
        let client = self.client(input.follow_redirects)?;
        let request = input.request(client, idempotency_key)?;
        let response = client.execute(request).await.map_err(|error| failure::of(&error))?;
        let answer = answer::read(response).await?;
        let took = started.elapsed().as_millis();
        say(sink, &format!("{} {} → {} in {took} ms\n", input.method, input.shown_url(), answer.status));
        Ok(answer)
    }

    fn client(&self, follow_redirects: bool) -> Result<&Client, RunError> {
        let made = self.clients.get_or_init(|| {
            // It fails only when another one has been chosen already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            Ok([client(redirects())?, client(Policy::none())?])
        });
        match made {
            Ok([following, staying]) => Ok(if follow_redirects { following } else { staying }),
            Err(reason) => Err(RunError::new(ErrorClass::Dependency, format!("requests cannot be made here: {reason}"))),
        }
    }
}

fn client(redirects: Policy) -> Result<Client, String> {
    let agent = concat!("loomwork/", env!("CARGO_PKG_VERSION"));
    Client::builder().redirect(redirects).user_agent(agent).build().map_err(|error| failure::chain(&error))
}

fn redirects() -> Policy {
    Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
        }
        match attempt.url().scheme() {
            "http" | "https" => attempt.follow(),
            scheme => {
                let refusal = format!("a redirect to a `{scheme}:` address is not followed");
                attempt.error(refusal)
            }
        }
    })
}

fn out_of_time(limit: Option<u64>) -> RunError {
    let shown = limit.map(format_duration).unwrap_or_default();
    let message = format!("the request took longer than its timeout of {shown} and was given up");
    RunError::new(ErrorClass::Timeout, message).with_details(json!({"timeout_ms": limit}))
}

fn say(sink: &mut Sink<'_>, line: &str) {
    // A log that cannot be written is noticed when it is sealed; the answer is worth more than its line.
    let _ = sink.take(LogStream::Stdout, line.as_bytes());
}
