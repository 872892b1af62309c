//! A frame: the length of a JSON text as four bytes (big endian), then the text.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest text of a frame. The largest honest one is a value of a run, of which 16 MiB are kept.
pub(super) const MAX_BYTES: usize = 96 * 1024 * 1024;

/// Reads the next message; none when the peer has closed the connection between two frames.
pub(super) async fn read<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
    }
    let mut text = vec![0; length];
    from.read_exact(&mut text).await?;
    serde_json::from_slice(&text).map(Some).map_err(io::Error::from)
}

/// The bytes of a message, with its length before it; none when it is too long to be sent.
pub(super) fn encode(message: &impl Serialize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - 4;
    if length > MAX_BYTES {
        return Ok(None);
    }
    let prefix = u32::try_from(length).map_err(io::Error::other)?.to_be_bytes();
    bytes[..4].copy_from_slice(&prefix);
    Ok(Some(bytes))
}

/// Writes a message; one that is too long is an error.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    let bytes =
        encode(message)?.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the message is too long for a frame"))?;
    to.write_all(&bytes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_out_as_they_went_in_and_an_end_is_no_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, &"first").await.unwrap();
        write(&mut bytes, &vec![1, 2]).await.unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read::<String>(&mut from).await.unwrap().as_deref(), Some("first"));
        assert_eq!(read::<Vec<u8>>(&mut from).await.unwrap(), Some(vec![1, 2]));
        assert_eq!(read::<String>(&mut from).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_frame_that_claims_to_be_endless_is_refused_before_memory_is_taken() {
        let bytes = u32::MAX.to_be_bytes();
        assert_eq!(read::<String>(&mut bytes.as_slice()).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_frame_cut_short_or_not_json_is_an_error() {
        let cut = [0, 0, 0, 9, b'"'];
        assert!(read::<String>(&mut cut.as_slice()).await.is_err());
        let garbage = [0, 0, 0, 2, b'{', b'{'];
        assert!(read::<String>(&mut garbage.as_slice()).await.is_err());
    }
}
