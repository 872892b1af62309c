//! Which journals this user knows: one id a line, in a file outside every workspace.
//!
//! Why: a folder that came from elsewhere can bring a journal whose open runs would start scripts by themselves as
//! soon as it is opened. Only journals that were made here, or that this user has said yes to, resume.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use loomwork_api::ApiResult;

use crate::problem;

/// The record of known journals.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    file: Option<PathBuf>,
}

impl Trust {
    /// The record in a folder; none for that of this user: `$XDG_DATA_HOME/loomwork`, else `~/.local/share/loomwork`.
    pub(crate) fn record(data: Option<&Path>) -> Self {
        if let Some(data) = data {
            return Self { file: Some(data.join("trusted")) };
        }
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
        Self { file: data.map(|data| data.join("loomwork/trusted")) }
    }

    /// Whether a journal is known.
    pub(crate) fn knows(&self, journal_id: &str) -> bool {
        let text = self.file.as_ref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        text.lines().any(|line| line.trim() == journal_id)
    }

    /// Makes a journal known.
    pub(crate) fn add(&self, journal_id: &str) -> ApiResult<()> {
        let file = self.file.as_ref().ok_or_else(|| {
            problem::unavailable("There is no home folder to note trusted journals in; set HOME or XDG_DATA_HOME.")
        })?;
        self.append(journal_id).map_err(|error| problem::file("write", file, &error))
    }

    fn append(&self, journal_id: &str) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        // One write of one line: two processes that append at one time do not mix their lines.
        OpenOptions::new().create(true).append(true).open(file)?.write_all(format!("{journal_id}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_known_once_it_was_added_and_not_by_a_part_of_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::record(Some(&folder.path().join("deep")));
        assert!(!trust.knows("a-1"));
        trust.add("a-1").unwrap();
        trust.add("b-2").unwrap();
        assert!(trust.knows("a-1") && trust.knows("b-2"));
        assert!(!trust.knows("a") && !trust.knows(""));
    }
}
