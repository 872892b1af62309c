//! The format of an archived run: a mark, a version, the head as JSON with its SHA-256, the parts compressed with Zstandard,
//! and one SHA-256 over all of it. A part is its kind, its name, its length and its bytes.
//!
//! Invariant: nothing is held in memory whole but one part at a time, and of logs not even that.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, ArchiveHead, Archived};
use crate::Record;

/// The version that is written.
pub(super) const FORMAT: u32 = 1;

const MARK: &[u8; 8] = b"LWarchiv";
const HASH_BYTES: u64 = 32;
const EFFORT: i32 = 6;
/// Nothing larger is taken for a head or a name: a damaged length must not cost the memory of the machine.
const LONGEST_HEAD: u32 = 16 << 20;
const LONGEST_NAME: u32 = 4096;
/// No record, value or definition is larger; logs may be.
const LARGEST_PART: u64 = 1 << 30;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Record,
    Definition,
    Value,
    Log,
    Checkpoint,
}

const KINDS: [(Kind, u8); 5] =
    [(Kind::Record, b'r'), (Kind::Definition, b'd'), (Kind::Value, b'v'), (Kind::Log, b'l'), (Kind::Checkpoint, b'c')];
/// Stands where no part follows.
const END: u8 = b'.';

/// A part, without its bytes.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) name: String,
    length: u64,
}

/// The head of a record as it is kept; its data follows.
#[derive(Serialize, Deserialize)]
struct Line {
    seq: u64,
    run: Option<String>,
    at_ms: i64,
    actor: String,
    kind: String,
    v: u32,
    step: Option<String>,
    attempt: Option<u32>,
    prev: String,
    hash: String,
}

/// Hashes what passes.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a file, part by part.
pub(super) struct Writer {
    body: zstd::stream::write::Encoder<'static, Hashing<BufWriter<File>>>,
}

impl Writer {
    pub(super) fn begin(path: &Path, head: &ArchiveHead) -> io::Result<Self> {
        let mut out = Hashing { inner: BufWriter::new(create(path)?), hash: Sha256::new() };
        out.write_all(&opening(head)?)?;
        Ok(Self { body: zstd::stream::write::Encoder::new(out, EFFORT)? })
    }

    pub(super) fn section(&mut self, kind: Kind, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.stream(kind, name, bytes.len() as u64, &mut &*bytes)
    }

    /// Writes a part of so many bytes from what is read.
    pub(super) fn stream(&mut self, kind: Kind, name: &str, length: u64, from: &mut dyn Read) -> io::Result<()> {
        let sign = KINDS.iter().find(|(known, _)| *known == kind).map_or(END, |(_, sign)| *sign);
        let name_length = u32::try_from(name.len()).map_err(|_| io::Error::other("a name is too long"))?;
        self.body.write_all(&[sign])?;
        self.body.write_all(&name_length.to_be_bytes())?;
        self.body.write_all(name.as_bytes())?;
        self.body.write_all(&length.to_be_bytes())?;
        if io::copy(&mut from.take(length), &mut self.body)? != length {
            return Err(io::Error::other(format!("{name} became shorter while it was read")));
        }
        Ok(())
    }

    /// Ends the file, durably.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.body.write_all(&[END])?;
        let mut out = self.body.finish()?;
        let hash = out.hash.clone().finalize();
        out.write_all(&hash)?;
        out.inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// Makes a file that only its owner reads: logs can hold what is nobody else's business.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Mark, version, and the head with its hash.
fn opening(head: &ArchiveHead) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    let length = u32::try_from(head.len()).map_err(|_| io::Error::other("its head is too long"))?;
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&head);
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok(bytes)
}

fn damaged(what: &str) -> ArchiveError {
    ArchiveError::Damaged(what.to_owned())
}

/// Reads and checks what a file says of itself.
pub(super) fn head(path: &Path) -> Result<Archived, ArchiveError> {
    let mut file = File::open(path).map_err(ArchiveError::io(path, "read"))?;
    let file_bytes = file.metadata().map_err(ArchiveError::io(path, "read"))?.len();
    let (head, _) = begin(&mut file)?;
    Ok(Archived { head, file_bytes })
}

/// Reads what comes before the parts; returns the head and where the parts begin.
fn begin(file: &mut File) -> Result<(ArchiveHead, u64), ArchiveError> {
    let short = |_| damaged("it is too short");
    let mut fixed = [0; 16];
    file.read_exact(&mut fixed).map_err(short)?;
    if fixed[..8] != *MARK {
        return Err(damaged("it does not begin as one"));
    }
    let number = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    if number(8) != FORMAT {
        return Err(ArchiveError::TooNew(number(8)));
    }
    let length = number(12);
    if length > LONGEST_HEAD {
        return Err(damaged("its head is longer than any"));
    }
    let mut rest = vec![0; length as usize + 32];
    file.read_exact(&mut rest).map_err(short)?;
    let (head, hash) = rest.split_at(length as usize);
    if Sha256::new().chain_update(fixed).chain_update(head).finalize()[..] != *hash {
        return Err(damaged("its head is not what its hash says"));
    }
    let head = serde_json::from_slice(head).map_err(|_| damaged("its head cannot be read"))?;
    Ok((head, 16 + u64::from(length) + HASH_BYTES))
}

/// Checks the hash of a file, and calls `each` with every part and its bytes; what it leaves of them is passed over.
pub(super) fn read(
    path: &Path,
    each: &mut dyn FnMut(Section, &mut dyn Read) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let failed = || ArchiveError::io(path, "read");
    let mut file = File::open(path).map_err(failed())?;
    let length = file.metadata().map_err(failed())?.len();
    let end = length.checked_sub(HASH_BYTES).ok_or_else(|| damaged("it is too short"))?;
    check_hash(&mut file, end)
        .map_err(failed())?
        .then_some(())
        .ok_or_else(|| damaged("its content is not what its hash says"))?;
    file.seek(SeekFrom::Start(0)).map_err(failed())?;
    let (_, from) = begin(&mut file)?;
    let body = file.take(end.checked_sub(from).ok_or_else(|| damaged("it is too short"))?);
    let mut body = zstd::stream::read::Decoder::new(body).map_err(|_| damaged("it cannot be decompressed"))?;
    while let Some(section) = section(&mut body)? {
        let mut content = Read::by_ref(&mut body).take(section.length);
        each(section, &mut content)?;
        io::copy(&mut content, &mut io::sink()).map_err(|_| damaged("it cannot be decompressed"))?;
        if content.limit() > 0 {
            return Err(damaged("it is cut off"));
        }
    }
    Ok(())
}

/// Whether the first `end` bytes have the hash that stands after them.
fn check_hash(file: &mut File, end: u64) -> io::Result<bool> {
    let mut hashing = Hashing { inner: io::sink(), hash: Sha256::new() };
    io::copy(&mut BufReader::with_capacity(1 << 16, Read::by_ref(file).take(end)), &mut hashing)?;
    let mut stored = Vec::new();
    file.seek(SeekFrom::Start(end))?;
    file.read_to_end(&mut stored)?;
    Ok(hashing.hash.finalize()[..] == *stored)
}

fn section(body: &mut dyn Read) -> Result<Option<Section>, ArchiveError> {
    let cut = |_| damaged("it is cut off");
    let mut sign = [0];
    body.read_exact(&mut sign).map_err(cut)?;
    if sign[0] == END {
        return Ok(None);
    }
    let kind = KINDS.iter().find(|(_, known)| *known == sign[0]).ok_or_else(|| damaged("it has a part of an unknown kind"))?.0;
    let (mut name_length, mut length) = ([0; 4], [0; 8]);
    body.read_exact(&mut name_length).map_err(cut)?;
    let name_length = u32::from_be_bytes(name_length);
    if name_length > LONGEST_NAME {
        return Err(damaged("a name is longer than any"));
    }
    let mut name = vec![0; name_length as usize];
    body.read_exact(&mut name).map_err(cut)?;
    body.read_exact(&mut length).map_err(cut)?;
    let name = String::from_utf8(name).map_err(|_| damaged("a name is no text"))?;
    Ok(Some(Section { kind, name, length: u64::from_be_bytes(length) }))
}

/// The bytes of a part.
pub(super) fn whole(section: &Section, content: &mut dyn Read) -> Result<Vec<u8>, ArchiveError> {
    if section.length > LARGEST_PART {
        return Err(damaged("a part is larger than any"));
    }
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|_| damaged("it cannot be decompressed"))?;
    Ok(bytes)
}

/// A record as a part: the length of its head, its head, its data as it was stored.
pub(super) fn of_record(record: &Record) -> Vec<u8> {
    let Record { seq, run, at_ms, actor, kind, v, step, attempt, data, prev, hash } = record;
    let line = Line {
        seq: *seq,
        run: run.as_deref().map(str::to_owned),
        at_ms: *at_ms,
        actor: actor.clone(),
        kind: kind.clone(),
        v: *v,
        step: step.clone(),
        attempt: *attempt,
        prev: hex::encode(prev),
        hash: hex::encode(hash),
    };
    // Serialising these types fails only for maps with keys that are no strings, which they cannot hold.
    let head = serde_json::to_vec(&line).unwrap_or_default();
    let mut bytes = (head.len() as u64).to_be_bytes().to_vec();
    bytes.extend(head);
    bytes.extend_from_slice(data);
    bytes
}

/// The opposite of [`of_record`].
pub(super) fn record(bytes: &[u8]) -> Result<Record, ArchiveError> {
    let wrong = || damaged("an event cannot be read");
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| wrong())?;
    let (head, data) = rest.split_at_checked(length).ok_or_else(wrong)?;
    let Line { seq, run, at_ms, actor, kind, v, step, attempt, prev, hash } =
        serde_json::from_slice(head).map_err(|_| wrong())?;
    let hash_of = |text: &str| hex::decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(wrong);
    Ok(Record {
        seq,
        run: run.map(Into::into),
        at_ms,
        actor,
        kind,
        v,
        step,
        attempt,
        data: data.to_vec(),
        prev: hash_of(&prev)?,
        hash: hash_of(&hash)?,
    })
}

/// SHA-256 in hex.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The name of a definition; nothing for what is no text.
pub(super) fn definition_hash(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map(loomwork_workflow::definition_hash).unwrap_or_default()
}
