//! The contract over HTTP: one route for calls, one for news.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response, Sse, sse},
};
use futures::{Stream, StreamExt as _};
use loomwork_api::{ApiError, ErrorCode, Request, Watch};
use loomwork_app::Backend;

/// A comment is sent after so much silence, so that a dead connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `POST /api/call` with a request of the contract.
pub(crate) async fn call(State(backend): State<Backend>, request: Result<Json<Request>, JsonRejection>) -> Response {
    let Json(request) = match request {
        Ok(request) => request,
        Err(rejection) => {
            let error =
                ApiError::new(ErrorCode::InvalidRequest, format!("The request cannot be read: {}", rejection.body_text()));
            return failure(rejection.status(), &error);
        }
    };
    // A task of its own: a change that was begun ends as it should when the browser hangs up.
    let answer = tokio::spawn(async move { backend.call(request).await }).await;
    match answer {
        Ok(Ok(value)) => Json(value).into_response(),
        Ok(Err(error)) => failure(status(error.code), &error),
        Err(error) => {
            tracing::error!("a request failed unexpectedly: {error}");
            failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                &ApiError::new(ErrorCode::Internal, "The request failed unexpectedly; see the log."),
            )
        }
    }
}

/// `GET /api/watch?run=…&after_seq=…&logs=true`: news as server-sent events.
pub(crate) async fn watch(State(backend): State<Backend>, watch: Result<Query<Watch>, QueryRejection>) -> Response {
    match watch {
        Ok(Query(watch)) => Sse::new(news(backend, watch)).keep_alive(sse::KeepAlive::new().interval(KEEP_ALIVE)).into_response(),
        Err(rejection) => failure(
            rejection.status(),
            &ApiError::new(ErrorCode::InvalidRequest, format!("The watch cannot be read: {}", rejection.body_text())),
        ),
    }
}

fn news(backend: Backend, watch: Watch) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    // A first comment opens the stream: the page knows at once that it is connected.
    let open = futures::stream::once(async { Ok(sse::Event::default().comment("connected")) });
    open.chain(backend.watch(watch).filter_map(async |news| match sse::Event::default().json_data(news) {
        Ok(event) => Some(Ok(event)),
        Err(error) => {
            tracing::error!("news cannot be written: {error}");
            None
        }
    }))
}

/// Anything else below `/api`.
pub(crate) async fn unknown() -> Response {
    failure(
        StatusCode::NOT_FOUND,
        &ApiError::new(ErrorCode::NotFound, "There is no such route. Calls go to POST /api/call, news come from GET /api/watch."),
    )
}

/// An error as the interface reads it.
pub(crate) fn failure(status: StatusCode, error: &ApiError) -> Response {
    (status, Json(error)).into_response()
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorCode::InvalidWorkflow => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Refused | ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::Untrusted => StatusCode::FORBIDDEN,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Io | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
