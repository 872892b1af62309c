//! What must hold for log files, whatever the process writes and whenever the machine stops.

use std::io::Write;

use loomwork_run::LogSeal;
use tempfile::TempDir;

use super::frame::{FILE_HEADER, FRAME_HEADER_BYTES};
use super::*;

use LogStream::{Stderr, Stdout};

const EVERYTHING: StretchLimit = StretchLimit { lines: usize::MAX, bytes: usize::MAX };

fn folder() -> (TempDir, Logs) {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path().join("logs"));
    (folder, logs)
}

fn write(logs: &Logs, frames: &[(LogStream, &[u8])]) -> LogSeal {
    let mut writer = logs.write("run", "step", 1).unwrap();
    for (at_ms, (stream, bytes)) in (1_000..).zip(frames) {
        writer.append(*stream, at_ms, bytes).unwrap();
    }
    writer.seal().unwrap()
}

fn all(logs: &Logs) -> Vec<LogLine> {
    logs.read("run", "step", 1).unwrap().unwrap().read(EVERYTHING, true).unwrap().lines
}

fn texts(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn what_was_written_is_read_back_with_stream_time_and_number() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"one\ntwo\n"), (Stderr, b"oops\n")]);
    let line = |number, at_ms, stream, text: &str| LogLine { number, at_ms, stream, text: text.into() };
    assert_eq!(all(&logs), [line(1, 1_000, Stdout, "one"), line(2, 1_000, Stdout, "two"), line(3, 1_001, Stderr, "oops")]);
}

#[test]
fn a_step_that_wrote_nothing_has_no_log() {
    let (_folder, logs) = folder();
    assert!(logs.read("run", "step", 1).unwrap().is_none());
}

#[test]
fn interleaved_streams_keep_their_own_lines_and_the_time_of_the_first_byte() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"a"), (Stderr, b"x"), (Stdout, b"b\nc"), (Stderr, b"y\n"), (Stdout, b"d")]);
    let lines = all(&logs);
    assert_eq!(texts(&lines), ["ab", "xy", "cd"]);
    assert_eq!(lines.iter().map(|line| line.at_ms).collect::<Vec<_>>(), [1_000, 1_001, 1_002]);
}

#[test]
fn carriage_returns_before_a_newline_belong_to_the_line_end() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"dos\r"), (Stdout, b"\n\r\n10%\r20%\nend\r")]);
    assert_eq!(texts(&all(&logs)), ["dos", "", "10%\r20%", "end"]);
}

#[test]
fn binary_output_and_invalid_utf8_become_replacement_characters() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"\x00\xff\xfe\n"), (Stdout, "é".as_bytes()), (Stdout, b"\xc3"), (Stdout, b"\xa9\n")]);
    assert_eq!(texts(&all(&logs)), ["\0\u{FFFD}\u{FFFD}", "éé"]);
}

#[test]
fn very_long_lines_are_split_between_characters() {
    let (_folder, logs) = folder();
    let long = "ä".repeat(MAX_LINE_BYTES) + "\nnext\n";
    write(&logs, &[(Stdout, &b"x"[..]), (Stdout, long.as_bytes())]);
    let lines = all(&logs);
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.text.len() <= MAX_LINE_BYTES && !line.text.contains('\u{FFFD}')));
    let joined: String = lines[..3].iter().map(|line| line.text.as_str()).collect();
    assert_eq!(joined, format!("x{}", "ä".repeat(MAX_LINE_BYTES)));
    assert_eq!(lines[3].text, "next");
}

#[test]
fn a_line_of_exactly_the_longest_length_has_no_empty_line_after_it() {
    let (_folder, logs) = folder();
    let long = "x".repeat(MAX_LINE_BYTES) + "\r\nnext\n";
    write(&logs, &[(Stdout, long.as_bytes())]);
    assert_eq!(texts(&all(&logs))[1..], ["next"]);
}

#[test]
fn a_torn_tail_of_any_length_hides_only_the_torn_frame() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"whole\n"), (Stdout, b"torn\n")]);
    let path = logs.path("run", "step", 1);
    let bytes = std::fs::read(&path).unwrap();
    let first_end = FILE_HEADER.len() + FRAME_HEADER_BYTES + b"whole\n".len();
    for length in first_end..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(texts(&all(&logs)), ["whole"], "cut at {length}");
    }
    for length in 0..FILE_HEADER.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(logs.read("run", "step", 1).unwrap().is_none(), "cut at {length}");
    }
}

#[test]
fn zeros_that_the_system_left_after_a_power_failure_are_a_torn_tail() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"whole\n")]);
    let mut file = std::fs::OpenOptions::new().append(true).open(logs.path("run", "step", 1)).unwrap();
    file.write_all(&[0; 4_096]).unwrap();
    assert_eq!(texts(&all(&logs)), ["whole"]);
}

#[test]
fn writing_goes_on_after_a_torn_tail_without_losing_what_was_whole() {
    let (_folder, logs) = folder();
    let seal = write(&logs, &[(Stdout, b"before\n"), (Stdout, b"torn\n")]);
    let path = logs.path("run", "step", 1);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(seal.bytes - 2).unwrap();
    let seal = write(&logs, &[(Stdout, b"after\n")]);
    assert_eq!(texts(&all(&logs)), ["before", "after"]);
    assert_eq!(logs.verify("run", "step", 1, &seal).unwrap(), SealCheck::Intact);
}

#[test]
fn only_the_last_lines_of_a_huge_log_are_kept_in_memory() {
    let (_folder, logs) = folder();
    let mut writer = logs.write("run", "step", 1).unwrap();
    let block: String = (0..1_000).map(|index| format!("line {index} {}\n", "x".repeat(90))).collect();
    for at_ms in 0..200 {
        writer.append(Stdout, at_ms, block.as_bytes()).unwrap();
    }
    writer.seal().unwrap();
    let mut reader = logs.read("run", "step", 1).unwrap().unwrap();
    let stretch = reader.read(StretchLimit::lines(3), true).unwrap();
    assert_eq!(stretch.omitted, 199_997);
    assert_eq!(stretch.lines.iter().map(|line| line.number).collect::<Vec<_>>(), [199_998, 199_999, 200_000]);
    assert!(stretch.lines[2].text.starts_with("line 999 "));
}

#[test]
fn a_limit_in_bytes_keeps_at_least_the_last_line() {
    let (_folder, logs) = folder();
    write(&logs, &[(Stdout, b"aaaa\nbbbb\ncccc\n")]);
    let read = |bytes| {
        let mut reader = logs.read("run", "step", 1).unwrap().unwrap();
        reader.read(StretchLimit { lines: 10, bytes }, true).unwrap()
    };
    assert_eq!((texts(&read(8).lines), read(8).omitted), (vec!["bbbb", "cccc"], 1));
    assert_eq!((texts(&read(1).lines), read(1).omitted), (vec!["cccc"], 2));
}

#[test]
fn a_reader_follows_what_is_added_and_numbers_go_on() {
    let (_folder, logs) = folder();
    let mut writer = logs.write("run", "step", 1).unwrap();
    writer.append(Stdout, 1, b"one\ntw").unwrap();
    writer.flush().unwrap();
    let mut reader = logs.read("run", "step", 1).unwrap().unwrap();
    assert_eq!(texts(&reader.read(EVERYTHING, false).unwrap().lines), ["one"]);
    assert!(reader.read(EVERYTHING, false).unwrap().lines.is_empty());
    writer.append(Stdout, 2, b"o\nthree").unwrap();
    writer.flush().unwrap();
    let second = reader.read(EVERYTHING, false).unwrap().lines;
    assert_eq!((second[0].number, second[0].at_ms, second[0].text.as_str()), (2, 1, "two"));
    assert_eq!(texts(&reader.read(EVERYTHING, true).unwrap().lines), ["three"]);
}

#[test]
fn a_reader_that_skips_an_earlier_part_numbers_lines_as_one_that_read_it() {
    let (_folder, logs) = folder();
    let mut writer = logs.write("run", "step", 1).unwrap();
    writer.append(Stdout, 1, b"one\ntwo\nthr").unwrap();
    writer.flush().unwrap();
    let joined_at = writer.written();
    writer.append(Stdout, 2, b"ee\nfour\n").unwrap();
    writer.seal().unwrap();
    let mut late = logs.read("run", "step", 1).unwrap().unwrap();
    late.skip_to(joined_at).unwrap();
    let lines = late.read(EVERYTHING, true).unwrap().lines;
    assert_eq!(texts(&lines), ["three", "four"]);
    assert_eq!(lines, all(&logs)[2..]);
}

#[test]
fn a_seal_tells_whether_a_log_was_cut_changed_or_lost() {
    let (_folder, logs) = folder();
    let seal = write(&logs, &[(Stdout, b"evidence\n")]);
    let path = logs.path("run", "step", 1);
    let check = || logs.verify("run", "step", 1, &seal).unwrap();
    assert_eq!(check(), SealCheck::Intact);
    let bytes = std::fs::read(&path).unwrap();
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() = b'!';
    std::fs::write(&path, &changed).unwrap();
    assert_eq!(check(), SealCheck::Changed);
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(check(), SealCheck::Shortened);
    std::fs::write(&path, [&bytes[..], b"more"].concat()).unwrap();
    assert_eq!(check(), SealCheck::Changed);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(check(), SealCheck::Missing);
}

#[test]
fn a_file_that_is_no_log_is_refused_and_left_alone() {
    let (_folder, logs) = folder();
    let path = logs.path("run", "step", 1);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "a shopping list").unwrap();
    assert!(matches!(logs.read("run", "step", 1), Err(LogError::NotALog { .. })));
    assert!(matches!(logs.write("run", "step", 1), Err(LogError::NotALog { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a shopping list");
}

#[test]
fn every_path_of_a_step_has_a_file_of_its_own_in_the_folder() {
    let logs = Logs::new("/logs");
    let long = "x".repeat(500);
    let longer = "x".repeat(501);
    let steps = ["a", "a.b", "a[3].b", "a#2", "a/b", "../a", "..", "ä", "a%2Fb", &long, &longer];
    let files: std::collections::BTreeSet<_> = steps.iter().map(|step| logs.path("run", step, 1)).collect();
    assert_eq!(files.len(), steps.len());
    for file in files {
        assert_eq!(file.parent().unwrap(), Path::new("/logs/run"));
        assert!(file.file_name().unwrap().len() < 255);
    }
}
