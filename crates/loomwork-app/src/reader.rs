//! A workspace without an owner, as one who only reads sees it: nothing resumes, nothing changes.

use std::{sync::Arc, time::Duration};

use futures::Stream;
use loomwork_api::{ApiResult, News, Request, Watch};
use serde_json::Value;

use crate::{
    Workspace,
    backend::async_stream,
    cases,
    journal::{Journal, of_store},
    ownership::is_owned,
    views,
    workspace::Catalog,
};

/// How often it is looked whether an owner has come.
const LOOK: Duration = Duration::from_millis(150);

/// A reader. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    catalog: Arc<Catalog>,
    journal: Journal,
    actor: String,
}

impl Reader {
    pub(crate) fn new(workspace: Workspace, actor: &str) -> Self {
        let state = workspace.state();
        Self {
            journal: Journal::new(state.journal(), state.logs()),
            catalog: Arc::new(Catalog::new(workspace)),
            actor: actor.to_owned(),
        }
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    pub(crate) async fn call(&self, request: Request) -> ApiResult<Value> {
        cases::answer_from_journal(self, request).await
    }

    /// The events so far, and the end of the stream when an owner comes.
    pub(crate) fn watch(&self, watch: Watch) -> impl Stream<Item = News> + Send + 'static {
        let reader = self.clone();
        async_stream(move |news| async move {
            if let Some(run) = watch.run
                && let Ok(after) = i64::try_from(watch.after_seq)
            {
                let question =
                    move |from: &loomwork_store::Reader| from.records(&run, after.unsigned_abs() + 1).map_err(of_store);
                match reader.journal.ask(question).await {
                    Ok(records) => {
                        let events = records.unwrap_or_default().iter().map(views::event).collect();
                        if news.send(News { events, ..News::default() }).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => tracing::warn!("the events of a watched run cannot be read: {error}"),
                }
            }
            reader.owned().await;
        })
    }

    pub(crate) fn is_owned(&self) -> bool {
        is_owned(&self.catalog.workspace().state().lock())
    }

    /// Returns once somebody owns the workspace.
    pub(crate) async fn owned(&self) {
        while !self.is_owned() {
            tokio::time::sleep(LOOK).await;
        }
    }
}
