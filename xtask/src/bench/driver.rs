//! A few words of WebDriver, enough to look into the window.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::set_up;
use crate::shell::{Done, command, find_program, run};

/// A running driver, ended on drop.
pub(super) struct Driver {
    process: Child,
    port: u16,
    session: Option<String>,
}

impl Driver {
    /// Starts the driver on free ports and waits until it answers.
    pub(super) fn start(display: &str) -> Done<Self> {
        let webkit =
            find_program("WebKitWebDriver").ok_or("WebKitWebDriver is not installed; see `cargo xtask set-up --test`")?;
        let (port, native) = (free_port()?, free_port()?);
        let process = command(set_up::tauri_driver()?)
            .args(["--port", &port.to_string(), "--native-port", &native.to_string(), "--native-driver"])
            .arg(webkit)
            .env("DISPLAY", display)
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, to be ended with the driver that it starts.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("tauri-driver cannot be started: {error}"))?;
        let driver = Self { process, port, session: None };
        // The inner one first: a request that tauri-driver cannot hand on breaks all that follow.
        for port in [native, port] {
            let began = Instant::now();
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if began.elapsed() > Duration::from_secs(20) {
                    return Err("the driver of the window does not answer".to_owned());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(driver)
    }

    /// Opens a window on a workspace.
    pub(super) fn open(&mut self, window: &Path, workspace: &Path) -> Done {
        let options = json!({"application": window, "args": [workspace]});
        let wanted = json!({"capabilities": {"alwaysMatch": {"tauri:options": options}}});
        let answer = self.ask("POST", "/session", Some(&wanted))?;
        let session = answer["value"]["sessionId"].as_str().ok_or_else(|| format!("no window was opened: {answer}"))?;
        self.session = Some(session.to_owned());
        Ok(())
    }

    /// What an expression of the page says.
    pub(super) fn evaluate(&self, expression: &str) -> Done<Value> {
        let session = self.session.as_deref().ok_or("no window is open")?;
        let script = json!({"script": format!("return {expression}"), "args": []});
        Ok(self.ask("POST", &format!("/session/{session}/execute/sync"), Some(&script))?["value"].clone())
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Done<Value> {
        let failed = |error: std::io::Error| format!("the driver does not answer: {error}");
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(failed)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(failed)?;
        let port = self.port;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(failed)?;
        let answer = String::from_utf8_lossy(&answer);
        // Whether it comes in chunks or whole, the one object in it is the answer.
        let object = answer.find('{').zip(answer.rfind('}')).map(|(start, end)| &answer[start..=end]);
        let object = object.and_then(|object| serde_json::from_str(object).ok());
        object.ok_or_else(|| format!("the driver's answer is no JSON: {answer}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Closes the window; what is still open ends with the driver.
            let _ = self.ask("DELETE", &format!("/session/{session}"), None);
        }
        let _ = run(command("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]));
        let _ = self.process.wait();
    }
}

fn free_port() -> Done<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("there is no free port: {error}"))
}
