//! A server on loopback that gives the answers it was told to give, in turn.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// An answer to `METHOD PATH`. The last one for a method and path is given again and again.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The method and the path, with a space between them.
    pub request: String,
    /// The status.
    pub status: u16,
    /// Further headers: name and value.
    pub headers: Vec<(String, String)>,
    /// The body; JSON unless a header says otherwise.
    pub body: String,
}

/// A server. It lives as long as the test program.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl HttpServer {
    /// A server with these answers; whatever else is asked for is not found.
    ///
    /// # Panics
    /// When there is no port for it.
    pub fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, left) = (Arc::clone(&seen), Arc::new(Mutex::new(VecDeque::from(answers))));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, left) = (Arc::clone(&log), Arc::clone(&left));
                thread::spawn(move || serve(stream, &log, &left));
            }
        });
        Self { address, seen }
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, each as `METHOD PATH`.
    ///
    /// # Panics
    /// Never: nothing panics while it writes them down.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<String>>, left: &Mutex<VecDeque<Answer>>) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let Some(request) = read(&mut stream) else { return };
    log.lock().unwrap().push(request.clone());
    let answer = next(&mut left.lock().unwrap(), &request);
    let (status, headers, body) = match &answer {
        Some(answer) => (answer.status, answer.headers.as_slice(), answer.body.as_str()),
        None => (404, [].as_slice(), "null"),
    };
    let mut head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        head.push_str("content-type: application/json\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // Whoever asked may have gone.
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
}

fn next(left: &mut VecDeque<Answer>, request: &str) -> Option<Answer> {
    let first = left.iter().position(|answer| answer.request == request)?;
    let more = left.iter().filter(|answer| answer.request == request).count() > 1;
    if more { left.remove(first) } else { left.get(first).cloned() }
}

/// Reads a whole request; its method and path.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(head.lines().next()?.split(' ').take(2).collect::<Vec<_>>().join(" "));
        }
    }
}
