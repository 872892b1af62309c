//! The bytes of a log file: a header, then frames `{stream u8, at_ms u64, length u32, bytes}`, numbers little-endian.
//!
//! Invariant: what cannot be a frame ends the file. A crash can leave half a frame, or zeros where the system had
//! reserved space; both read as the end of what is known.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// First bytes of every log file; the last one is the version of the format.
pub(super) const FILE_HEADER: [u8; 8] = *b"LWLOG\0\0\x01";

/// Length of a frame without its bytes.
pub(super) const FRAME_HEADER_BYTES: usize = 13;

/// Most bytes in one frame; the writer cuts longer output. A larger length is damage.
pub(super) const MAX_FRAME_BYTES: usize = 1 << 20;

/// Where output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl LogStream {
    fn tag(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
        }
    }

    fn of_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            _ => None,
        }
    }
}

/// Appends frames that hold `bytes` to `to`.
pub(super) fn encode(to: &mut Vec<u8>, stream: LogStream, at_ms: u64, bytes: &[u8]) {
    for part in bytes.chunks(MAX_FRAME_BYTES) {
        to.push(stream.tag());
        to.extend_from_slice(&at_ms.to_le_bytes());
        // At most MAX_FRAME_BYTES, so the length fits.
        to.extend_from_slice(&(part.len() as u32).to_le_bytes());
        to.extend_from_slice(part);
    }
}

/// What stands before the bytes of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    pub(super) stream: LogStream,
    pub(super) at_ms: u64,
    pub(super) length: usize,
}

impl FrameHeader {
    fn decode(bytes: [u8; FRAME_HEADER_BYTES]) -> Option<Self> {
        let [tag, a, b, c, d, e, f, g, h, l0, l1, l2, l3] = bytes;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let stream = LogStream::of_tag(tag)?;
        (length > 0 && length <= MAX_FRAME_BYTES).then_some(Self {
            stream,
            at_ms: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            length,
        })
    }
}

/// Reads whole frames forward from a position.
pub(super) struct FrameReader<R> {
    from: BufReader<R>,
    position: u64,
    bytes: Vec<u8>,
}

impl<R: Read + Seek> FrameReader<R> {
    /// Reads frames from `position`, which must be the start of a frame.
    pub(super) fn at(mut from: R, position: u64) -> io::Result<Self> {
        from.seek(SeekFrom::Start(position))?;
        Ok(Self { from: BufReader::with_capacity(256 * 1024, from), position, bytes: Vec::new() })
    }

    /// End of the last whole frame read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next whole frame; none at the end, or at bytes that are no whole frame.
    pub(super) fn next(&mut self) -> io::Result<Option<(FrameHeader, &[u8])>> {
        let mut header = [0; FRAME_HEADER_BYTES];
        if read_up_to(&mut self.from, &mut header)? < FRAME_HEADER_BYTES {
            return Ok(None);
        }
        let Some(header) = FrameHeader::decode(header) else { return Ok(None) };
        self.bytes.resize(header.length, 0);
        if read_up_to(&mut self.from, &mut self.bytes)? < header.length {
            return Ok(None);
        }
        self.position += (FRAME_HEADER_BYTES + header.length) as u64;
        Ok(Some((header, &self.bytes)))
    }
}

/// Fills `to` as far as there are bytes; says how far.
pub(super) fn read_up_to(from: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < to.len() {
        match from.read(&mut to[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
