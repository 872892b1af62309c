//! Characters beyond U+FFFF that are written as two escapes, as JSON does: `"\ud83d\ude00"`. YAML reads most of JSON, but has
//! no such pairs, and the scanner refuses them.
//!
//! Invariant: what is given to the scanner has a character for each of the text's, so that places stay what they are.

use std::borrow::Cow;

/// An escape of six characters.
const ESCAPE: usize = 6;

/// The text with each half of a pair as a character for private use (U+E800 to U+EFFF), which the scanner takes.
pub(super) fn prepared(text: &str) -> Cow<'_, str> {
    let pairs = pairs(text, 'd');
    if pairs.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut prepared = text.to_owned();
    for at in pairs.into_iter().flat_map(|at| [at + 2, at + 2 + ESCAPE]) {
        let half = if &text[at..=at] == "d" { "e" } else { "E" };
        prepared.replace_range(at..=at, half);
    }
    Cow::Owned(prepared)
}

/// What a scalar says whose source has such pairs: they are characters in double quotes, and text everywhere else.
pub(super) fn restored(scalar: &str, source: &str, quoted: bool) -> Option<String> {
    if pairs(source, 'd').is_empty() {
        return None;
    }
    if quoted {
        let half = |c: char| u16::try_from(u32::from(c)).ok().filter(|unit| (0xE800..=0xEFFF).contains(unit));
        let mut units = Vec::with_capacity(scalar.len());
        for c in scalar.chars() {
            match half(c) {
                Some(unit) => units.push(unit - 0x1000),
                None => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
        return String::from_utf16(&units).ok();
    }
    let mut text = scalar.to_owned();
    for at in pairs(scalar, 'e').into_iter().flat_map(|at| [at + 2, at + 2 + ESCAPE]) {
        let half = if &scalar[at..=at] == "e" { "d" } else { "D" };
        text.replace_range(at..=at, half);
    }
    Some(text)
}

/// Where pairs of escapes begin whose first digit is `first`.
fn pairs(text: &str, first: char) -> Vec<usize> {
    let bytes = text.as_bytes();
    let half = |at: usize, low: bool| {
        let Some([b'\\', b'u', digit, second, rest @ ..]) = bytes.get(at..at + ESCAPE) else { return false };
        let second = char::from(*second).to_digit(16);
        let fits = second.is_some_and(|digit| if low { digit >= 12 } else { (8..12).contains(&digit) });
        char::from(*digit).eq_ignore_ascii_case(&first) && fits && rest.iter().all(u8::is_ascii_hexdigit)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find('\\') {
        at += next;
        if half(at, false) && half(at + ESCAPE, true) {
            found.push(at);
            at += 2 * ESCAPE;
        } else {
            // An escaped backslash begins no escape.
            at += if bytes.get(at + 1) == Some(&b'\\') { 2 } else { 1 };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn said(text: &str) -> Option<serde_json::Value> {
        let (root, faults) = read(text);
        root.filter(|_| faults.is_empty()).map(|root| root.to_json())
    }

    #[test]
    fn a_pair_of_escapes_is_one_character_in_double_quotes_and_text_elsewhere() {
        let text = "{\"a\\ud83d\\ude00\": \"x\\uD83D\\uDE00 \\u00e9\", b: '\\ud83d\\ude00', c: \\uD83d\\ude00}";
        let wanted = serde_json::json!({ "a😀": "x😀 é", "b": "\\ud83d\\ude00", "c": "\\uD83d\\ude00" });
        assert_eq!(said(text), Some(wanted));
        assert_eq!(said("a: |\n  \"\\ud83d\\ude00\"\n"), Some(serde_json::json!({ "a": "\"\\ud83d\\ude00\"\n" })));
    }

    #[test]
    fn what_is_no_pair_stays_what_it_was() {
        for text in [r#""\ud83d""#, r#""\ude00\ud83d""#, r#""\ud83d x \ude00""#, r#""\\ud83d\ude00""#] {
            assert_eq!(said(text), None, "{text}");
        }
        assert_eq!(said("\"\u{e83d}\u{ee00}\""), Some(serde_json::json!("\u{e83d}\u{ee00}")));
        assert_eq!(said(r#""\\ud83d""#), Some(serde_json::json!(r"\ud83d")));
    }
}
