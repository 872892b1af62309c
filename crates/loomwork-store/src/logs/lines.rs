//! Lines out of frames: each stream has its own line under way, whatever the other one writes in between.
//!
//! Invariant: the numbers of lines depend on the bytes of the file alone, so that two readers of one log, or a reader and a
//! watcher, can tell which lines they have in common.

use super::frame::LogStream;

/// Longest line; a longer one is handed out in parts of at most this many bytes.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Number within the attempt's log, from 1, by the order in which lines ended.
    pub number: u64,
    /// When its first byte arrived, in milliseconds since 1970.
    pub at_ms: u64,
    /// Where it came from.
    pub stream: LogStream,
    /// The line without its end; bytes that are no UTF-8 stand as U+FFFD.
    pub text: String,
}

/// A line before it became text.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawLine<'a> {
    pub(super) number: u64,
    pub(super) at_ms: u64,
    pub(super) stream: LogStream,
    pub(super) bytes: &'a [u8],
}

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct LineAssembler {
    ended: u64,
    stdout: OpenLine,
    stderr: OpenLine,
}

/// The line under way of a stream.
#[derive(Debug, Default)]
struct OpenLine {
    bytes: Vec<u8>,
    at_ms: u64,
    /// A part of this line was handed out already, so an empty rest is not a line of its own.
    continued: bool,
}

impl LineAssembler {
    /// Takes the bytes of a frame; `each` is called for every line that ends in them.
    pub(super) fn push(&mut self, stream: LogStream, at_ms: u64, bytes: &[u8], each: &mut dyn FnMut(RawLine<'_>)) {
        let open = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            if open.bytes.is_empty() && !open.continued {
                open.at_ms = at_ms;
            }
            let room = MAX_LINE_BYTES - open.bytes.len();
            let window = &rest[..rest.len().min(room)];
            match memchr::memchr(b'\n', window) {
                Some(end) => {
                    open.bytes.extend_from_slice(&window[..end]);
                    rest = &rest[end + 1..];
                    open.end(stream, &mut self.ended, each);
                }
                None => {
                    open.bytes.extend_from_slice(window);
                    rest = &rest[window.len()..];
                    // A line of exactly the longest length ends with the newline that may follow.
                    if open.bytes.len() == MAX_LINE_BYTES {
                        open.split(stream, &mut self.ended, each);
                    }
                }
            }
        }
    }

    /// Hands out what has no newline after it, at the end of a log.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(RawLine<'_>)) {
        for (stream, open) in [(LogStream::Stdout, &mut self.stdout), (LogStream::Stderr, &mut self.stderr)] {
            if !open.bytes.is_empty() {
                open.end(stream, &mut self.ended, each);
            }
        }
    }
}

impl OpenLine {
    fn end(&mut self, stream: LogStream, ended: &mut u64, each: &mut dyn FnMut(RawLine<'_>)) {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        if !(bytes.is_empty() && self.continued) {
            *ended += 1;
            each(RawLine { number: *ended, at_ms: self.at_ms, stream, bytes });
        }
        self.bytes.clear();
        self.continued = false;
    }

    fn split(&mut self, stream: LogStream, ended: &mut u64, each: &mut dyn FnMut(RawLine<'_>)) {
        let cut = char_boundary(&self.bytes);
        *ended += 1;
        each(RawLine { number: *ended, at_ms: self.at_ms, stream, bytes: &self.bytes[..cut] });
        self.bytes.drain(..cut);
        self.continued = true;
    }
}

/// Where to cut so that no character is cut in two: before an unfinished one at the end, if there is one.
fn char_boundary(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    for index in (start..bytes.len()).rev() {
        let needs = match bytes[index] {
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => 1,
        };
        return if index > 0 && bytes.len() - index < needs { index } else { bytes.len() };
    }
    bytes.len()
}
