//! Who is answered: requests to a loopback name (not to a name that was made to point here), from our own pages,
//! with the token. And what every answer forbids the browser.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use loomwork_api::{ApiError, ErrorCode};

use crate::{Token, api};

const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// What a request must show.
#[derive(Debug, Clone)]
pub struct Guard {
    hosts: [String; 3],
    token: Token,
}

impl Guard {
    /// The guard of a server that listens at an address.
    pub fn new(address: SocketAddr, token: Token) -> Self {
        let port = address.port();
        Self { hosts: [format!("{address}"), format!("localhost:{port}"), format!("127.0.0.1:{port}")], token }
    }

    fn knows_host(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.is_some_and(|host| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
    }

    /// Programs send no origin; browsers do with every request that could come from a foreign page.
    fn knows_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        host.is_some_and(|host| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
    }

    fn knows_token(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        shown.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|shown| self.token.matches(shown))
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    api::failure(status, &ApiError::new(ErrorCode::Refused, message))
}

/// Lets through what is addressed to this machine, from our own pages.
pub(crate) async fn host(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if !guard.knows_host(request.headers()) {
        return refuse(
            StatusCode::MISDIRECTED_REQUEST,
            "This address is not served here. Use the address that `loomwork serve` printed.",
        );
    }
    if !guard.knows_origin(request.headers()) {
        return refuse(StatusCode::FORBIDDEN, "Pages of other sites are not answered.");
    }
    next.run(request).await
}

/// Lets through what shows the token.
pub(crate) async fn token(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if !guard.knows_token(request.headers()) {
        let message =
            "The token is missing or wrong. Open the address that `loomwork serve` printed, with all that follows the #.";
        return refuse(StatusCode::UNAUTHORIZED, message);
    }
    next.run(request).await
}

/// Tells the browser what no answer of ours may do.
pub(crate) async fn harden(response: Response) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
