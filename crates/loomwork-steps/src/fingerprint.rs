//! Fingerprints of inputs: equal exactly when the action, its resolved input, the values of its secrets and the contents of
//! the files that `cache` names are equal.
//!
//! Invariant: the value of a secret enters as a keyed hash only (HMAC, RFC 2104, with SHA-256), so that whoever reads the journal
//! cannot try values against it. Not here: which outputs are kept under a fingerprint (`loomwork-engine`).

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use loomwork_engine::{FingerprintSpec, FingerprintTo};
use loomwork_run::{CacheQuestion, ErrorClass, RunError};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::secrets::{HOLE, SecretSource};

type Work = (FingerprintSpec, FingerprintTo);

/// Makes fingerprints, one after the other, on a thread that starts with the first. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fingerprints {
    maker: Arc<Maker>,
    work: Arc<Mutex<Option<Sender<Work>>>>,
}

#[derive(Debug)]
struct Maker {
    workspace: PathBuf,
    key: PathBuf,
    secrets: Arc<dyn SecretSource>,
}

impl Fingerprints {
    /// For a workspace and its folder for state, in which the key of its own for secrets is kept.
    pub fn new(workspace: &Path, state: &Path, secrets: Arc<dyn SecretSource>) -> Self {
        let maker = Maker { workspace: workspace.to_owned(), key: state.join("cache.key"), secrets };
        Self { maker: Arc::new(maker), work: Arc::default() }
    }

    /// Makes a fingerprint and returns at once.
    pub(crate) fn ask(&self, spec: FingerprintSpec, to: FingerprintTo) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*work {
            Some(sender) => sender,
            None => match self.start() {
                Ok(sender) => work.insert(sender),
                Err(error) => {
                    let message = format!("the system has no room for another thread: {error}");
                    return to(spec, Err(RunError::new(ErrorClass::Resource, message)));
                }
            },
        };
        if let Err(refused) = sender.send((spec, to)) {
            let (spec, to) = refused.0;
            to(spec, Err(RunError::new(ErrorClass::Unknown, "a defect of Loomwork ended what reads the files of `cache`")));
        }
    }

    fn start(&self) -> std::io::Result<Sender<Work>> {
        let (sender, waiting) = channel::<Work>();
        let maker = Arc::clone(&self.maker);
        std::thread::Builder::new().name("fingerprints".to_owned()).spawn(move || {
            for (spec, to) in waiting {
                let made = maker.make(&spec.question);
                to(spec, made);
            }
        })?;
        Ok(sender)
    }

    /// Makes a fingerprint here and now.
    ///
    /// # Errors
    /// When a file lies outside the workspace or cannot be read.
    pub fn make(&self, question: &CacheQuestion) -> Result<String, RunError> {
        self.maker.make(question)
    }
}

impl Maker {
    fn make(&self, question: &CacheQuestion) -> Result<String, RunError> {
        let subject = self.keyed(&question.subject)?;
        let files = question.files.iter().map(|pattern| self.files(pattern)).collect::<Result<Vec<_>, _>>()?;
        let whole = json!({ "version": 1, "subject": subject, "files": files });
        Ok(hex(&Sha256::digest(sorted(&whole).to_string())))
    }

    /// The value with a keyed hash in each place of a secret.
    fn keyed(&self, value: &Value) -> Result<Value, RunError> {
        Ok(match value {
            Value::Object(fields) => match (fields.get(HOLE).and_then(Value::as_str), fields.len()) {
                (Some(name), 1) => self.secret(name)?,
                _ => {
                    let keyed = fields.iter().map(|(name, field)| Ok((name.clone(), self.keyed(field)?)));
                    Value::Object(keyed.collect::<Result<_, RunError>>()?)
                }
            },
            Value::Array(items) => Value::Array(items.iter().map(|item| self.keyed(item)).collect::<Result<_, _>>()?),
            plain => plain.clone(),
        })
    }

    fn secret(&self, name: &str) -> Result<Value, RunError> {
        // A secret that is not there has a message of its own when the attempt starts.
        let Ok(Some(value)) = self.secrets.value(name) else { return Ok(json!({ HOLE: name })) };
        let key = self.key().map_err(|error| unreadable(&self.key, &error))?;
        Ok(json!({ HOLE: name, "hmac": hex(&hmac(&key, value.as_bytes())) }))
    }

    /// The workspace's key, made when it is first needed.
    fn key(&self) -> std::io::Result<[u8; 32]> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut key = [0; 32];
        match File::open(&self.key) {
            Ok(mut file) => file.read_exact(&mut key)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                getrandom::fill(&mut key).map_err(std::io::Error::other)?;
                File::options().write(true).create_new(true).mode(0o600).open(&self.key)?.write_all(&key)?;
            }
            Err(error) => return Err(error),
        }
        Ok(key)
    }

    /// The files that a path or pattern names, each with the hash of its contents, by name. None is an answer, too.
    fn files(&self, pattern: &str) -> Result<Value, RunError> {
        let inside = Path::new(pattern).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err(outside(pattern));
        }
        let root = self.workspace.canonicalize().map_err(|error| unreadable(&self.workspace, &error))?;
        let whole = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
        let found = glob::glob(&whole).map_err(|error| {
            let message = format!("`cache.files` has a pattern that cannot be read, `{pattern}`: {error}");
            RunError::new(ErrorClass::Validation, message)
        })?;
        let mut files = Map::new();
        for path in found {
            let path = path.map_err(|error| unreadable(error.path(), error.error()))?;
            self.add(&root, &path, &mut files)?;
        }
        files.sort_keys();
        Ok(json!({ pattern: files }))
    }

    fn add(&self, root: &Path, path: &Path, files: &mut Map<String, Value>) -> Result<(), RunError> {
        let failed = |error: std::io::Error| unreadable(path, &error);
        let real = path.canonicalize().map_err(failed)?;
        if !real.starts_with(root) {
            return Err(outside(&path.to_string_lossy()));
        }
        if real.is_dir() {
            for entry in std::fs::read_dir(&real).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                // A link to a folder may lead in circles; a link to a file counts as the file.
                let circle = entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir();
                if !circle {
                    self.add(root, &entry.path(), files)?;
                }
            }
            return Ok(());
        }
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        files.insert(name, Value::String(contents(&real).map_err(failed)?));
        Ok(())
    }
}

fn contents(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut part = vec![0; 64 << 10];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hex(&hasher.finalize())),
            length => hasher.update(&part[..length]),
        }
    }
}

fn outside(path: &str) -> RunError {
    RunError::new(
        ErrorClass::Security,
        format!("`cache.files` names `{path}`, which lies outside the workspace; name files inside it"),
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> RunError {
    RunError::new(ErrorClass::Dependency, format!("`{}` cannot be read for `cache`: {error}", path.display()))
}

/// The same with the fields of every object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> = fields.iter().map(|(name, field)| (name.clone(), sorted(field))).collect();
            fields.sort_keys();
            Value::Object(fields)
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

/// RFC 2104, for a key that is shorter than a block of SHA-256 (64 bytes).
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkspaceSecrets;

    fn question(subject: Value, files: &[&str]) -> CacheQuestion {
        CacheQuestion { subject, files: files.iter().map(|file| (*file).to_owned()).collect() }
    }

    fn setting() -> (tempfile::TempDir, Fingerprints) {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Arc::new(WorkspaceSecrets::new(folder.path().join("secrets.json")));
        let fingerprints = Fingerprints::new(folder.path(), folder.path(), secrets);
        (folder, fingerprints)
    }

    #[test]
    fn the_keyed_hash_agrees_with_a_vector_of_the_standard() {
        // RFC 4231, test case 1, whose key of 20 bytes is filled up with zeros to any length below a block.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex(&hmac(&key, b"Hi There")), expected);
    }

    #[test]
    fn the_order_of_fields_does_not_count_and_their_values_do() {
        let (_folder, fingerprints) = setting();
        let make = |subject| fingerprints.make(&question(subject, &[])).unwrap();
        assert_eq!(make(json!({"a": 1, "b": {"c": 2, "d": 3}})), make(json!({"b": {"d": 3, "c": 2}, "a": 1})));
        assert_ne!(make(json!({"a": 1})), make(json!({"a": 2})));
    }

    #[test]
    fn the_contents_and_names_of_files_count_also_in_folders() {
        let (folder, fingerprints) = setting();
        let make = || fingerprints.make(&question(json!(1), &["in/*.txt", "deep"])).unwrap();
        let mut seen = vec![make()];
        std::fs::create_dir_all(folder.path().join("in")).unwrap();
        std::fs::create_dir_all(folder.path().join("deep/er")).unwrap();
        for (path, text) in [("in/a.txt", "1"), ("in/a.txt", "2"), ("in/b.txt", "2"), ("deep/er/c", "3"), ("deep/er/c", "4")] {
            std::fs::write(folder.path().join(path), text).unwrap();
            let now = make();
            assert!(!seen.contains(&now), "{path} with {text} changes nothing");
            seen.push(now);
        }
        std::fs::write(folder.path().join("in/other.csv"), "not named").unwrap();
        assert_eq!(seen.last(), Some(&make()));
    }

    #[test]
    fn files_outside_the_workspace_are_refused_also_through_a_link() {
        let (folder, fingerprints) = setting();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("secret"), folder.path().join("link")).unwrap();
        for path in ["../x", "/etc/passwd", "a/../../x", "link"] {
            let error = fingerprints.make(&question(json!(1), &[path])).unwrap_err();
            assert_eq!(error.class, ErrorClass::Security, "{path}");
        }
    }

    #[test]
    fn a_secret_counts_with_its_value_which_the_hash_does_not_give_away() {
        let (folder, fingerprints) = setting();
        let write = |value: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join("secrets.json");
            std::fs::write(&file, json!({ "TOKEN": value }).to_string()).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        let subject = json!({ "env": { "A": { HOLE: "TOKEN" } } });
        let make = || fingerprints.make(&question(subject.clone(), &[])).unwrap();
        write("one");
        let first = make();
        write("two");
        assert_ne!(first, make());
        write("one");
        assert_eq!(first, make());
        std::fs::remove_file(folder.path().join("cache.key")).unwrap();
        assert_ne!(first, make(), "without the key nobody can tell that it is the same value");
    }
}
