//! Finds a role in a workspace: takes the lock, joins its holder, starts one, or reads.

use std::{path::Path, process::Stdio, time::Duration};

use futures::{StreamExt as _, stream::BoxStream};
use loomwork_api::{ApiError, ApiResult, ErrorCode, News, Watch};
use tokio::time::Instant;

use crate::{
    Mode, OpenOptions,
    owner::Owner,
    ownership::{OwnerAddress, OwnerLock, is_owned},
    problem,
    reader::Reader,
    settings,
    trust::Trust,
    wire::{Guest, JoinError},
};

/// How long an owner that holds the lock may take until it answers: it may be recovering a large journal.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an owner that is leaving may take before [`Mode::Own`] gives up.
const OWNER_LEAVES: Duration = Duration::from_secs(3);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(15);

/// A role in a workspace.
#[derive(Debug, Clone)]
pub(crate) enum Attached {
    Owner(Owner),
    Guest(Guest),
    Reader(Reader),
}

impl Attached {
    /// Returns when the role has ended by itself: the owner of a guest went, an owner came to a reader.
    pub(crate) async fn gone(&self) {
        match self {
            Self::Owner(owner) => owner.closed().await,
            Self::Guest(guest) => guest.closed().await,
            Self::Reader(reader) => reader.owned().await,
        }
    }

    /// News, until the role ends.
    pub(crate) fn watch(&self, watch: Watch) -> BoxStream<'static, News> {
        match self {
            Self::Owner(owner) => owner.watch(watch).boxed(),
            Self::Guest(guest) => guest.watch(watch).boxed(),
            Self::Reader(reader) => reader.watch(watch).boxed(),
        }
    }

    /// Whether the role has ended by itself.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Owner(owner) => owner.is_closed(),
            Self::Guest(guest) => guest.is_closed(),
            Self::Reader(reader) => reader.is_owned(),
        }
    }
}

/// Finds a role, waiting for an owner that is about to answer or about to go.
pub(crate) async fn attach(options: &OpenOptions) -> ApiResult<Attached> {
    let state = options.workspace.state();
    let only_owner = matches!(options.mode, Mode::Own);
    let deadline = Instant::now() + if only_owner { OWNER_LEAVES } else { PATIENCE };
    let mut started: Option<Background> = None;
    loop {
        if matches!(options.mode, Mode::OwnOrJoin | Mode::Own) {
            state.create().map_err(unusable)?;
            if let Some(lock) = OwnerLock::take(&state.lock()).map_err(unusable)? {
                let trust = Trust::record(options.data.as_deref());
                return Owner::start(options.workspace.clone(), trust, lock).await.map(Attached::Owner);
            }
        }
        let address = OwnerAddress::read(&state.owner());
        if let Some(address) = address.as_ref().filter(|_| !only_owner) {
            match Guest::join(&address.socket, &options.actor).await {
                Ok(guest) => return Ok(Attached::Guest(guest)),
                Err(JoinError::Refused(message)) => return Err(problem::unavailable(message)),
                Err(JoinError::Absent(error)) => tracing::trace!("no owner answers yet: {error}"),
            }
        }
        match &options.mode {
            Mode::JoinOrRead if !is_owned(&state.lock()) => {
                return Ok(Attached::Reader(Reader::new(options.workspace.clone(), &options.actor)));
            }
            Mode::JoinOrStart(program) => match &mut started {
                Some(background) => background.check()?,
                None if is_owned(&state.lock()) => {}
                None => started = Some(Background::start(program, options)?),
            },
            _ => {}
        }
        if Instant::now() > deadline {
            let why = if only_owner { held } else { silent };
            return Err(why(address.as_ref(), options.workspace.root()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn held(address: Option<&OwnerAddress>, workspace: &Path) -> ApiError {
    let who = address.map_or_else(String::new, |address| format!(" (process {})", address.pid));
    problem::refused(format!("The workspace {} is owned by another Loomwork{who}.", workspace.display()))
}

fn silent(address: Option<&OwnerAddress>, workspace: &Path) -> ApiError {
    let who = address.map_or_else(|| "an unknown process".to_owned(), |address| format!("process {}", address.pid));
    problem::unavailable(format!(
        "The workspace {} is locked by {who}, which does not answer. Wait for it or end it, then try again.",
        workspace.display()
    ))
}

/// Whatever stops us from making or locking the state folder means that no engine can work here.
fn unusable(mut error: ApiError) -> ApiError {
    error.code = ErrorCode::Io;
    error
}

/// An owner that was started in the background.
struct Background {
    child: std::process::Child,
    log: std::path::PathBuf,
}

impl Background {
    fn start(program: &Path, options: &OpenOptions) -> ApiResult<Self> {
        let state = options.workspace.state();
        // What it would end with at once is said here, whole.
        settings::load(&state)?;
        state.create().map_err(unusable)?;
        let log = state.path().join("background.log");
        let file = std::fs::File::create(&log).map_err(|error| unusable(problem::file("write", &log, &error)))?;
        let mut command = std::process::Command::new(program);
        // A step may be what starts it, in this workspace or another; it is no part of that step.
        loomwork_steps::MARKS.iter().for_each(|mark| _ = command.env_remove(mark));
        let child = command
            .arg("--workspace")
            .arg(options.workspace.root())
            .args(["serve", "--background"])
            .current_dir(options.workspace.root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| {
                problem::unavailable(format!("{} cannot be started: {}.", program.display(), problem::reason(&error)))
            })?;
        Ok(Self { child, log })
    }

    /// Fails when the process has ended with an error; one that lost a race for the lock ends well.
    fn check(&mut self) -> ApiResult<()> {
        match self.child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                let said = std::fs::read_to_string(&self.log).unwrap_or_default();
                let said = said.trim().lines().last().unwrap_or_default().to_owned();
                Err(problem::unavailable(format!("The engine in the background ended at once ({status}). {said}")))
            }
            _ => Ok(()),
        }
    }
}
