//! Where the scripts of a shell do not look at variables. A guess from the text: shells are not parsed here.

/// Why a variable that is put behind this text would not be read, and what to do.
pub(crate) fn unread(text: &str) -> Option<String> {
    if in_single_quotes(text) {
        return Some("in single quotes; use double quotes".to_owned());
    }
    quoted_document(text).map(|end| format!("in a here-document whose end is quoted (`{end}`); take the quotes off"))
}

/// Whether the text breaks off within single quotes.
pub(crate) fn in_single_quotes(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    line.matches('\'').count() % 2 == 1
}

/// The end of the here-document in which the text breaks off, when it is written in quotes.
pub(crate) fn quoted_document(text: &str) -> Option<&str> {
    let mut open: Option<(&str, bool)> = None;
    // What the last line opens begins behind it.
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    for line in complete.lines() {
        open = match open {
            Some((end, _)) if line.trim_start_matches('\t') == end => None,
            Some(open) => Some(open),
            None => opened(line),
        };
    }
    open.filter(|(_, quoted)| *quoted).map(|(end, _)| end)
}

/// The here-document that a line opens: its end, and whether that is quoted. `<<<` is a here-string.
fn opened(line: &str) -> Option<(&str, bool)> {
    let (before, behind) = line.split_once("<<")?;
    if behind.starts_with('<') || before.contains('#') {
        return None;
    }
    let word = behind.strip_prefix('-').unwrap_or(behind).trim_start();
    let bare = word.trim_start_matches(['\'', '"', '\\']);
    let length = bare.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(bare.len());
    (length > 0).then(|| (&bare[..length], bare.len() < word.len()))
}
