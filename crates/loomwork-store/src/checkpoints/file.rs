//! The format of a checkpoint's file: a mark, a version, the head as JSON, the content compressed with Zstandard, and one
//! SHA-256 over all of it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Checked, CheckpointError, CheckpointHead};

/// The version that is written.
pub(super) const FORMAT: u32 = 1;

const MARK: &[u8; 8] = b"LWcheckp";
const HASH_BYTES: usize = 32;
/// Speed counts more than the last per cent: states are full of repetition.
const EFFORT: i32 = 1;
/// Nothing larger is taken for a checkpoint: a damaged length must not cost the memory of the machine.
const LARGEST: u64 = 4 << 30;

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(flatten)]
    head: CheckpointHead,
    content_bytes: u64,
}

/// The whole file.
pub(super) fn encode(head: &CheckpointHead, content: &[u8]) -> io::Result<Vec<u8>> {
    let header = serde_json::to_vec(&Header { head: head.clone(), content_bytes: content.len() as u64 })?;
    let length = u32::try_from(header.len()).map_err(|_| io::Error::other("its head is too long"))?;
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend(zstd::bulk::compress(content, EFFORT)?);
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok(bytes)
}

/// Checks a file; returns what it says of itself, and its compressed content.
pub(super) fn check(bytes: &[u8]) -> Result<(Checked, &[u8]), CheckpointError> {
    let damaged = CheckpointError::Damaged;
    let rest = bytes.strip_prefix(MARK).ok_or(damaged("it does not begin as one"))?;
    let (format, rest) = number(rest).ok_or(damaged("it is too short"))?;
    if format != FORMAT {
        return Err(CheckpointError::TooNew(format));
    }
    let end = bytes.len().checked_sub(HASH_BYTES).ok_or(damaged("it is too short"))?;
    let (covered, hash) = bytes.split_at(end);
    if Sha256::digest(covered)[..] != *hash {
        return Err(damaged("its content is not what its hash says"));
    }
    let (length, rest) = number(rest).ok_or(damaged("it is too short"))?;
    let body_end = rest.len().checked_sub(HASH_BYTES).ok_or(damaged("it is too short"))?;
    let header = rest[..body_end].get(..length as usize).ok_or(damaged("its head is cut off"))?;
    let header: Header = serde_json::from_slice(header).map_err(|_| damaged("its head cannot be read"))?;
    let checked = Checked {
        head: header.head,
        content_bytes: header.content_bytes,
        file_bytes: bytes.len() as u64,
        sha256: hex::encode(hash),
    };
    Ok((checked, &rest[length as usize..body_end]))
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

/// The content, decompressed.
pub(super) fn content(checked: &Checked, body: &[u8]) -> Result<Vec<u8>, CheckpointError> {
    if checked.content_bytes > LARGEST {
        return Err(CheckpointError::Damaged("its content is larger than any state"));
    }
    let capacity = usize::try_from(checked.content_bytes).unwrap_or(usize::MAX);
    let content = zstd::bulk::decompress(body, capacity).map_err(|_| CheckpointError::Damaged("it cannot be decompressed"))?;
    if content.len() != capacity {
        return Err(CheckpointError::Damaged("its content is shorter than it says"));
    }
    Ok(content)
}

/// Writes a file whole: under another name first, which a crash leaves behind and nobody reads.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let written = write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The disk may be full: what is half written only takes room.
        let _ = fs::remove_file(&draft);
    }
    written?;
    path.parent().map_or(Ok(()), settle)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder and those it is in, durably.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        // Another one was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    folder.parent().map_or(Ok(()), settle)
}

/// A name is durable when its folder is.
#[cfg(unix)]
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Here folders cannot be synced, and names are as durable as the file system makes them.
#[cfg(not(unix))]
pub(crate) fn settle(_: &Path) -> io::Result<()> {
    Ok(())
}
