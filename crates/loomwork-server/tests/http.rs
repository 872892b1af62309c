//! The server from outside, over plain sockets: what it answers, and whom.

#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::time::Duration;

use loomwork_app::{Backend, Mode, OpenOptions, Workspace};
use loomwork_server::{ServeError, ServeOptions, Server, Token};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const CALL: &str = r#"{"method":"list_workflows","params":{}}"#;

struct Served {
    _folder: tempfile::TempDir,
    backend: Backend,
    port: u16,
    task: JoinHandle<()>,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workflows")).unwrap();
        std::fs::write(folder.path().join("workflows/w.yaml"), "loomwork: 1\nid: w\nsteps:\n  - id: a\n    run: echo hi\n")
            .unwrap();
        let workspace = Workspace::at(folder.path()).unwrap();
        let data = Some(folder.path().join("data"));
        let backend = Backend::open(OpenOptions { data, ..OpenOptions::new(workspace, Mode::OwnOrJoin) }).await.unwrap();
        let options = ServeOptions { token: Token::chosen(TOKEN).unwrap(), ..ServeOptions::default() };
        let server = Server::listen(options).await.unwrap();
        let address = server.address();
        let port = address.split(['/', ':']).nth(4).unwrap().parse().unwrap();
        assert_eq!(address, format!("http://127.0.0.1:{port}/#token={TOKEN}"));
        let served = backend.clone();
        let task = tokio::spawn(async move { server.serve(served, std::future::pending()).await.unwrap() });
        Self { _folder: folder, backend, port, task }
    }

    async fn stop(self) {
        self.task.abort();
        self.backend.close().await;
    }

    async fn send(&self, head: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = head.replace("PORT", &self.port.to_string()).replace('\n', "\r\n");
        let request = format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer: status line, headers, body.
    async fn ask(&self, head: &str, body: &str) -> String {
        let mut answer = Vec::new();
        self.send(head, body).await.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn status(&self, head: &str, body: &str) -> u16 {
        self.ask(head, body).await[9..12].parse().unwrap()
    }
}

fn call(extra: &str) -> String {
    format!("POST /api/call HTTP/1.1\nhost: 127.0.0.1:PORT\ncontent-type: application/json\nauthorization: Bearer {TOKEN}{extra}")
}

#[tokio::test]
async fn a_call_with_the_token_is_answered_whether_it_has_our_origin_or_none() {
    let served = Served::start().await;
    let answer = served.ask(&call(""), CALL).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("workflows/w.yaml"), "{answer}");
    assert_eq!(served.status(&call("\norigin: http://127.0.0.1:PORT"), CALL).await, 200);
    assert_eq!(
        served.status(&call("\norigin: http://localhost:PORT").replace("host: 127.0.0.1", "host: localhost"), CALL).await,
        200
    );
    served.stop().await;
}

#[tokio::test]
async fn foreign_pages_names_and_tokens_get_nothing() {
    let served = Served::start().await;
    for origin in
        ["https://evil.example", "http://127.0.0.1:1", "null", "http://127.0.0.1:PORT.evil.example", "https://127.0.0.1:PORT"]
    {
        assert_eq!(served.status(&call(&format!("\norigin: {origin}")), CALL).await, 403, "{origin}");
    }
    for host in ["evil.example:PORT", "127.0.0.1", "127.0.0.1:PORT.evil.example", "169.254.0.1:PORT"] {
        let head = call("").replace("host: 127.0.0.1:PORT", &format!("host: {host}"));
        assert_eq!(served.status(&head, CALL).await, 421, "{host}");
        assert_eq!(served.status(&format!("GET / HTTP/1.1\nhost: {host}"), "").await, 421, "{host}");
    }
    for token in ["", "0", &TOKEN[1..], &format!("{TOKEN}0")] {
        assert_eq!(served.status(&call("").replace(TOKEN, token), CALL).await, 401, "{token:?}");
    }
    let bare = "POST /api/call HTTP/1.1\nhost: 127.0.0.1:PORT\ncontent-type: application/json";
    assert_eq!(served.status(bare, CALL).await, 401);
    let query = format!("GET /api/watch?token={TOKEN} HTTP/1.1\nhost: 127.0.0.1:PORT");
    assert_eq!(served.status(&query, "").await, 401, "a token in the address would stand in histories and logs");
    served.stop().await;
}

#[tokio::test]
async fn bad_requests_are_said_in_the_form_of_the_contract() {
    let served = Served::start().await;
    let error = |answer: &str| serde_json::from_str::<loomwork_api::ApiError>(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let answer = served.ask(&call(""), "{").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(error(&answer).code, loomwork_api::ErrorCode::InvalidRequest);
    assert!(served.ask(&call(""), r#"{"method":"no_such"}"#).await.starts_with("HTTP/1.1 422"));
    let missing = served.ask(&call(""), r#"{"method":"get_run","params":{"run":"nope"}}"#).await;
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert_eq!(error(&missing).code, loomwork_api::ErrorCode::NotFound);
    assert_eq!(served.status(&call("").replace("/api/call", "/api/other"), CALL).await, 404);
    served.stop().await;
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused() {
    let served = Served::start().await;
    let body = format!(r#"{{"method":"analyze_workflow","params":{{"text":"{}"}}}}"#, "x".repeat(17 << 20));
    let head = call("").replace('\n', "\r\n").replace("PORT", &served.port.to_string());
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (mut answer, mut to) = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap().into_split();
    // The server stops reading at its bound, so this ends early or not at all.
    let sending = tokio::spawn(async move { to.write_all(request.as_bytes()).await });
    let mut status = [0; 12];
    answer.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    sending.abort();
    served.stop().await;
}

#[tokio::test]
async fn every_answer_forbids_what_a_page_must_not_do() {
    let served = Served::start().await;
    for (head, body) in [
        ("GET / HTTP/1.1\nhost: 127.0.0.1:PORT", ""),
        (call("").as_str(), CALL),
        ("GET /assets/none.js HTTP/1.1\nhost: 127.0.0.1:PORT", ""),
    ] {
        let answer = served.ask(head, body).await;
        for part in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.contains(part), "{part} is missing in {answer}");
        }
        assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
    }
    assert_eq!(served.status("GET /assets/none.js HTTP/1.1\nhost: 127.0.0.1:PORT", "").await, 404, "a missing script is no page");
    served.stop().await;
}

#[tokio::test]
async fn news_come_as_events_while_a_run_goes_on() {
    let served = Served::start().await;
    let head = format!("GET /api/watch?logs=true HTTP/1.1\nhost: 127.0.0.1:PORT\nauthorization: Bearer {TOKEN}");
    let mut stream = served.send(&head, "").await;
    served.ask(&call(""), r#"{"method":"start_run","params":{"workflow":"w"}}"#).await;
    let mut told = String::new();
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !told.contains(r#""status":"succeeded""#) {
            let mut part = vec![0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "the stream ended: {told}");
            told.push_str(&String::from_utf8_lossy(&part[..length]));
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never told of the end: {told}"));
    assert!(told.contains("content-type: text/event-stream") && told.contains("data: {"), "{told}");
    served.stop().await;
}

#[tokio::test]
async fn only_addresses_of_this_machine_are_served_and_a_port_in_use_is_said() {
    let listen = |address: &str| Server::listen(ServeOptions { listen: address.parse().unwrap(), ..ServeOptions::default() });
    for address in ["0.0.0.0:0", "192.168.1.1:0", "[::]:0"] {
        let error = listen(address).await.unwrap_err();
        assert!(matches!(error, ServeError::NotLoopback(_)), "{error}");
    }
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = listen(&taken.local_addr().unwrap().to_string()).await.unwrap_err();
    assert!(matches!(error, ServeError::InUse(_)) && error.to_string().contains("in use"), "{error}");
}
