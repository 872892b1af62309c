//! The place of the private socket: a folder of this user alone, outside the workspace because socket paths are short.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use loomwork_api::ApiResult;
use sha2::{Digest as _, Sha256};
use tokio::net::UnixListener;

use crate::problem;

/// Longest path that fits a socket address everywhere (108 bytes with the closing zero, less on some systems).
const MAX_PATH_BYTES: usize = 100;

/// The socket of a workspace, in a folder that only this user can enter.
pub(crate) fn socket_path(workspace: &Path) -> ApiResult<PathBuf> {
    let digest = Sha256::digest(workspace.as_os_str().as_encoded_bytes());
    let name = format!("{}.sock", hex::encode(&digest[..12]));
    let uid = rustix::process::getuid().as_raw();
    let wished = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("loomwork"));
    let fallback = PathBuf::from(format!("/tmp/loomwork-{uid}"));
    let short = |folder: &PathBuf| folder.is_absolute() && folder.as_os_str().len() + 1 + name.len() <= MAX_PATH_BYTES;
    if let Some(folder) = wished.filter(short) {
        match private_folder(&folder, uid) {
            Ok(()) => return Ok(folder.join(name)),
            Err(error) => tracing::warn!("{} cannot hold the socket: {error}", folder.display()),
        }
    }
    private_folder(&fallback, uid).map_err(|error| problem::file("use the folder", &fallback, &error))?;
    Ok(fallback.join(name))
}

/// Makes a folder that only this user can enter, or makes sure that it is one.
fn private_folder(folder: &Path, uid: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let facts = fs::symlink_metadata(folder)?;
    if !facts.is_dir() || facts.uid() != uid || facts.mode() & 0o077 != 0 {
        return Err(io::Error::other("it is not a folder of this user alone (owner and mode 0700)"));
    }
    Ok(())
}

/// A socket file that goes away with its owner.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    ours: bool,
}

impl SocketFile {
    /// Listens at a path. Whatever a dead owner left there is replaced: the caller holds the lock.
    pub(crate) fn listen(path: &Path) -> ApiResult<(Self, UnixListener)> {
        let fail =
            |error: io::Error| problem::unavailable(format!("Cannot listen at {}: {}.", path.display(), problem::reason(&error)));
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(fail)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(fail)?;
        Ok((Self { path: path.to_path_buf(), ours: true }, listener))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves whatever stands at the path: it may be another owner's by now.
    pub(crate) fn leave(mut self) {
        self.ours = false;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.ours {
            // Gone already, or the folder is: either way nobody can connect.
            let _ = fs::remove_file(&self.path);
        }
    }
}
