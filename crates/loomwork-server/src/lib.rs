//! The Loomwork interface over HTTP: the contract as requests and server-sent events, and the built user interface.
//!
//! Invariant: only a browser on this machine that was given the token gets an answer from `/api`; pages of other
//! sites get none, whatever names resolve to this machine.
//!
//! Not here: what a request does (`loomwork-app`), the user interface itself (`ui/`).

mod api;
mod assets;
mod guard;
mod token;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get, post},
};
use loomwork_app::Backend;
use tokio::net::TcpListener;

pub use guard::Guard;
pub use token::Token;

/// Largest body of a request.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Where and for whom to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address to listen at; loopback only. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What a request must show.
    pub token: Token,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), token: Token::random() }
    }
}

/// Why nothing is served.
#[derive(Debug)]
pub enum ServeError {
    /// The address is not of this machine alone.
    NotLoopback(SocketAddr),
    /// Something else listens there.
    InUse(SocketAddr),
    /// The system refuses for another reason.
    Io(SocketAddr, io::Error),
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotLoopback(address) => write!(
                to,
                "Cannot serve at {address}: the interface is served to this machine only. Use 127.0.0.1:{} (for another machine, a tunnel to it).",
                address.port()
            ),
            Self::InUse(address) => {
                write!(to, "Cannot serve at {address}: the port is in use. Choose another one, or port 0 for any that is free.")
            }
            Self::Io(address, error) => write!(to, "Cannot serve at {address}: {error}."),
        }
    }
}

impl std::error::Error for ServeError {}

/// A server that listens and has not begun to answer.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Token,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// When the address is not a loopback address, is in use, or cannot be listened at.
    pub async fn listen(options: ServeOptions) -> Result<Self, ServeError> {
        let wished = options.listen;
        if !wished.ip().is_loopback() {
            return Err(ServeError::NotLoopback(wished));
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse(wished),
            _ => ServeError::Io(wished, error),
        };
        let listener = TcpListener::bind(wished).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, token: options.token })
    }

    /// The address to open in a browser. The token stands in the fragment, which browsers do not send.
    pub fn address(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token.as_str())
    }

    /// Answers until `stop` completes; streams that are open then are cut.
    ///
    /// # Errors
    /// When the system no longer lets it accept connections.
    pub async fn serve(self, backend: Backend, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let guard = Guard::new(self.address, self.token);
        let app = router(backend, guard);
        // Not graceful: a stream of news never ends by itself, and calls that change something go on without us.
        tokio::select! {
            served = axum::serve(self.listener, app) => served,
            () = stop => Ok(()),
        }
    }
}

fn router(backend: Backend, guard: Guard) -> Router {
    let api = Router::new()
        .route("/call", post(api::call))
        .route("/watch", get(api::watch))
        .fallback(any(api::unknown))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(guard.clone(), guard::token))
        .with_state(backend);
    Router::new()
        .nest("/api", api)
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(get(assets::serve))
        .layer(middleware::from_fn_with_state(guard, guard::host))
        .layer(middleware::map_response(guard::harden))
}
