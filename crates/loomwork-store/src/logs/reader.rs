//! Reading a log: all of it, its last lines, or what was added since the last look.
//!
//! Invariant: a reader only moves forward, over whole frames; half a frame at the end is read when it has become a whole one.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::LogError;
use super::frame::{FILE_HEADER, FrameReader, LogStream, read_up_to};
use super::lines::{LineAssembler, LogLine, RawLine};

/// How many lines to hand out at most: the last ones.
#[derive(Debug, Clone, Copy)]
pub struct StretchLimit {
    /// So many lines.
    pub lines: usize,
    /// So many bytes of text; at least one line is handed out whatever its length.
    pub bytes: usize,
}

impl StretchLimit {
    /// At most so many lines, and 16 MiB.
    pub fn lines(lines: usize) -> Self {
        Self { lines, bytes: 16 << 20 }
    }
}

/// The last lines of a stretch of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretch {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Lines of the stretch before these, left out because of the limit.
    pub omitted: u64,
}

/// Reads a log forward.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    file: File,
    position: u64,
    lines: LineAssembler,
}

impl LogReader {
    /// Opens a log at its start; none if there is no file, or not even a whole header yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is no log.
    pub fn open(path: PathBuf) -> Result<Option<Self>, LogError> {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::io(&path, "read", error)),
        };
        let mut header = FILE_HEADER;
        let length = read_up_to(&mut file, &mut header).map_err(|error| LogError::io(&path, "read", error))?;
        if header[..length] != FILE_HEADER[..length] {
            return Err(LogError::NotALog { path });
        }
        if length < FILE_HEADER.len() {
            return Ok(None);
        }
        Ok(Some(Self { path, file, position: FILE_HEADER.len() as u64, lines: LineAssembler::default() }))
    }

    /// How far it has read: the end of the last whole frame.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Passes over everything before `position` (an earlier length of the file), counting its lines.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn skip_to(&mut self, position: u64) -> Result<(), LogError> {
        self.advance(position, &mut |_| {})
    }

    /// Calls `each` with every line that has ended since the last look, up to the present end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn for_each(&mut self, mut each: impl FnMut(LogLine)) -> Result<(), LogError> {
        self.advance(u64::MAX, &mut |line| each(text_line(line.number, line.at_ms, line.stream, line.bytes)))
    }

    /// Calls `each` with what has no newline after it. For a log that has ended.
    pub fn finish(&mut self, mut each: impl FnMut(LogLine)) {
        self.lines.finish(&mut |line| each(text_line(line.number, line.at_ms, line.stream, line.bytes)));
    }

    /// The last of the lines that have ended since the last look; `ended` for a log that has ended, to get a last line
    /// without a newline too. Memory is bounded by the limit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, limit: StretchLimit, ended: bool) -> Result<Stretch, LogError> {
        let mut last = LastLines::new(limit);
        self.advance(u64::MAX, &mut |line| last.push(line))?;
        if ended {
            self.lines.finish(&mut |line| last.push(line));
        }
        Ok(last.into_stretch())
    }

    fn advance(&mut self, until: u64, each: &mut dyn FnMut(RawLine<'_>)) -> Result<(), LogError> {
        let failed = |error| LogError::io(&self.path, "read", error);
        let mut frames = FrameReader::at(&self.file, self.position).map_err(failed)?;
        while self.position < until {
            let Some((header, bytes)) = frames.next().map_err(failed)? else { break };
            self.lines.push(header.stream, header.at_ms, bytes, each);
            self.position = frames.position();
        }
        Ok(())
    }
}

fn text_line(number: u64, at_ms: u64, stream: LogStream, bytes: &[u8]) -> LogLine {
    LogLine { number, at_ms, stream, text: String::from_utf8_lossy(bytes).into_owned() }
}

/// The last lines seen. Lines that fall out give their memory to those that come in.
struct LastLines {
    limit: StretchLimit,
    kept: VecDeque<(u64, u64, LogStream, Vec<u8>)>,
    bytes: usize,
    omitted: u64,
}

impl LastLines {
    fn new(limit: StretchLimit) -> Self {
        Self { limit, kept: VecDeque::new(), bytes: 0, omitted: 0 }
    }

    fn push(&mut self, line: RawLine<'_>) {
        let mut room = Vec::new();
        while !self.kept.is_empty()
            && (self.kept.len() >= self.limit.lines.max(1) || self.bytes + line.bytes.len() > self.limit.bytes)
        {
            if let Some((.., bytes)) = self.kept.pop_front() {
                self.bytes -= bytes.len();
                self.omitted += 1;
                room = bytes;
            }
        }
        if self.limit.lines == 0 {
            self.omitted += 1;
            return;
        }
        room.clear();
        room.extend_from_slice(line.bytes);
        self.bytes += room.len();
        self.kept.push_back((line.number, line.at_ms, line.stream, room));
    }

    fn into_stretch(self) -> Stretch {
        let line = |(number, at_ms, stream, bytes): (u64, u64, LogStream, Vec<u8>)| text_line(number, at_ms, stream, &bytes);
        Stretch { lines: self.kept.into_iter().map(line).collect(), omitted: self.omitted }
    }
}
