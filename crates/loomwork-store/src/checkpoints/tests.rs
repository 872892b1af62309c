//! The files of checkpoints: written, listed, damaged in every way, retained. Not here: what a state is.

use super::*;

fn head(seq: u64, automatic: bool) -> CheckpointHead {
    CheckpointHead {
        run: "r".to_owned(),
        seq,
        record: "00".to_owned(),
        definition: "d".to_owned(),
        level: Level::Minimal,
        automatic,
        name: None,
        actor: "ada".to_owned(),
        at_ms: 1_000 * i64::try_from(seq).unwrap(),
    }
}

fn fresh() -> (tempfile::TempDir, Checkpoints) {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
    (folder, checkpoints)
}

fn ids(checkpoints: &Checkpoints) -> Vec<String> {
    checkpoints.list("r").unwrap().into_iter().map(|listed| listed.id).collect()
}

#[test]
fn what_was_written_is_read_again_and_is_much_smaller_on_the_disk() {
    let (_folder, checkpoints) = fresh();
    let content = br#"{"path":"step","status":"succeeded"}"#.repeat(1_000);
    let written = checkpoints.write(&head(7, false), &content).unwrap();
    let checked = written.checked.unwrap();
    assert!(checked.file_bytes * 5 < checked.content_bytes, "{checked:?}");
    assert_eq!(checkpoints.read("r", &written.id).unwrap(), (head(7, false), content));
}

#[test]
fn a_run_without_checkpoints_has_an_empty_list() {
    let (_folder, checkpoints) = fresh();
    assert!(checkpoints.list("r").unwrap().is_empty());
    assert!(matches!(checkpoints.read("r", "1-auto"), Err(CheckpointError::None(_))));
    assert!(matches!(checkpoints.delete("r", "1-auto"), Err(CheckpointError::None(_))));
}

#[test]
fn every_change_of_any_byte_is_found() {
    let (_folder, checkpoints) = fresh();
    let id = checkpoints.write(&head(7, false), b"state").unwrap().id;
    let path = checkpoints.path("r", &id);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(checkpoints.read("r", &id).is_err(), "byte {at}");
        assert!(checkpoints.list("r").unwrap()[0].checked.is_err(), "byte {at}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(checkpoints.read("r", &id).is_err(), "cut to {length}");
    }
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (_folder, checkpoints) = fresh();
    let id = checkpoints.write(&head(7, false), b"state").unwrap().id;
    let path = checkpoints.path("r", &id);
    let mut bytes = fs::read(&path).unwrap();
    bytes[11] = 9;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(checkpoints.read("r", &id), Err(CheckpointError::TooNew(9))));
}

#[test]
fn a_checkpoint_of_another_run_is_not_taken_for_ones_own() {
    let (_folder, checkpoints) = fresh();
    let id = checkpoints.write(&head(7, false), b"state").unwrap().id;
    fs::rename(checkpoints.folder_of("r"), checkpoints.folder_of("other")).unwrap();
    assert!(checkpoints.list("other").unwrap()[0].checked.is_err(), "{id}");
}

#[test]
fn what_a_crash_left_half_written_is_not_listed() {
    let (_folder, checkpoints) = fresh();
    let id = checkpoints.write(&head(7, true), b"state").unwrap().id;
    fs::write(checkpoints.path("r", "9-auto").with_extension("draft"), b"LWch").unwrap();
    assert_eq!(ids(&checkpoints), [id]);
}

#[test]
fn the_newest_state_comes_first_and_two_at_one_moment_are_two() {
    let (_folder, checkpoints) = fresh();
    for (seq, automatic) in [(9, false), (100, true), (9, false), (30, true)] {
        checkpoints.write(&head(seq, automatic), b"state").unwrap();
    }
    assert_eq!(ids(&checkpoints), ["100-auto", "30-auto", "9-kept-2", "9-kept"]);
}

#[test]
fn one_is_found_by_its_id_or_its_name() {
    let (_folder, checkpoints) = fresh();
    let named = CheckpointHead { name: Some("before lunch".to_owned()), ..head(5, false) };
    checkpoints.write(&named, b"state").unwrap();
    assert_eq!(checkpoints.find("r", "before lunch").unwrap(), "5-kept");
    assert_eq!(checkpoints.find("r", "5-kept").unwrap(), "5-kept");
    assert!(matches!(checkpoints.find("r", "after"), Err(CheckpointError::None(_))));
}

#[test]
fn automatic_ones_are_kept_by_count_and_age_and_those_of_people_for_good() {
    let (_folder, checkpoints) = fresh();
    for (seq, automatic) in [(1, false), (2, true), (3, true), (4, true)] {
        checkpoints.write(&head(seq, automatic), b"state").unwrap();
    }
    let deleted = checkpoints.retain("r", Retention { count: 2, age_ms: 100_000 }, false, 5_000).unwrap();
    assert_eq!((deleted, ids(&checkpoints)), (1, vec!["4-auto".to_owned(), "3-auto".to_owned(), "1-kept".to_owned()]));
    checkpoints.retain("r", Retention { count: 2, age_ms: 1_000 }, false, 5_000).unwrap();
    assert_eq!(ids(&checkpoints), ["4-auto", "1-kept"]);
    checkpoints.retain("r", Retention { count: 2, age_ms: 1_000 }, true, 90_000).unwrap();
    assert_eq!(ids(&checkpoints), ["4-auto", "1-kept"], "the newest of an open run stays");
    assert_eq!(checkpoints.runs().unwrap(), ["r"]);
    checkpoints.retain("r", Retention { count: 2, age_ms: 1_000 }, false, 90_000).unwrap();
    assert_eq!(ids(&checkpoints), ["1-kept"]);
}
