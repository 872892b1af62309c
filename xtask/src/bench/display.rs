//! A display for the window under test: a virtual one, so that a test neither needs nor disturbs the screen of a person.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::shell::{Done, command, run};

/// A running X server, ended on drop.
pub(super) struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts a server on a free number and waits until it takes clients.
    pub(super) fn open() -> Done<Self> {
        let started = command("Xvfb")
            // It writes the number that it found free, once it is ready.
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = started.map_err(|error| format!("Xvfb, the virtual display, cannot be started: {error}"))?;
        let mut number = String::new();
        if let Some(stdout) = server.stdout.take() {
            // An unreadable answer is an empty one.
            let _ = BufReader::new(stdout).read_line(&mut number);
        }
        if number.trim().is_empty() {
            let _ = server.kill();
            let _ = server.wait();
            return Err("Xvfb, the virtual display, ended before it was ready".to_owned());
        }
        Ok(Self { server, name: format!(":{}", number.trim()) })
    }

    /// What `DISPLAY` has to be.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Politely, or its socket stays behind. It may have ended already.
        let _ = run(command("kill").arg(self.server.id().to_string()));
        let _ = self.server.wait();
    }
}
