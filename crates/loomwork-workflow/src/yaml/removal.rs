//! What of a text goes when a part of a collection goes.
//!
//! Invariant: without that stretch the collection is still well-formed, and nothing else is touched: where that cannot be
//! told for certain there is no such stretch.

use crate::text::Place;

/// The stretch to remove with an entry of a map that stands at a place.
pub(crate) fn entry_removal(text: &str, part: Place, flow: bool) -> Option<Place> {
    removal(text, part, flow, "")
}

/// The stretch to remove with an item of a list that stands at a place.
pub(crate) fn item_removal(text: &str, part: Place, flow: bool) -> Option<Place> {
    removal(text, part, flow, "-")
}

fn removal(text: &str, part: Place, flow: bool, mark: &str) -> Option<Place> {
    // An anchor within it may be named elsewhere.
    if part.slice(text).contains('&') {
        return None;
    }
    if flow { in_flow(text, part) } else { in_block(text, part, mark) }
}

fn in_flow(text: &str, part: Place) -> Option<Place> {
    let behind = &text[part.end..];
    let next = behind.trim_start();
    if let Some(rest) = next.strip_prefix(',') {
        let rest = rest.trim_start_matches(' ');
        return Some(Place::new(part.start, text.len() - rest.len()));
    }
    if !next.starts_with(['}', ']']) {
        return None;
    }
    match text[..part.start].trim_end().strip_suffix(',') {
        Some(before) => Some(Place::new(before.len(), part.end)),
        None => Some(part),
    }
}

/// Whole lines; a part that begins behind something else on its line stays.
fn in_block(text: &str, part: Place, mark: &str) -> Option<Place> {
    let line_start = text[..part.start].rfind('\n').map_or(0, |at| at + 1);
    if text[line_start..part.start].trim() != mark {
        return None;
    }
    let (rest, end) = match text[part.end..].find('\n') {
        Some(at) => (&text[part.end..part.end + at], part.end + at + 1),
        None => (&text[part.end..], text.len()),
    };
    let nothing_else = rest.trim().is_empty() || rest.trim_start().starts_with('#');
    nothing_else.then(|| Place::new(line_start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, part: &str, flow: bool) -> Option<String> {
        let at = text.find(part).expect("the part is there");
        let remove = if text.starts_with(['-', '[']) && !part.contains(':') { item_removal } else { entry_removal };
        let place = remove(text, Place::new(at, at + part.len()), flow)?;
        Some(format!("{}{}", &text[..place.start], &text[place.end..]))
    }

    #[test]
    fn an_entry_goes_with_its_line_or_its_comma() {
        assert_eq!(without("a: 1\nb: 2 # why\nc: 3\n", "b: 2", false).as_deref(), Some("a: 1\nc: 3\n"));
        assert_eq!(without("- a\n- b", "b", false).as_deref(), Some("- a\n"));
        assert_eq!(without("{ a: 1, b: 2 }", "b: 2", true).as_deref(), Some("{ a: 1 }"));
        assert_eq!(without("{ a: 1, b: 2 }", "a: 1", true).as_deref(), Some("{ b: 2 }"));
        assert_eq!(without("[a]", "a", true).as_deref(), Some("[]"));
    }

    #[test]
    fn what_shares_its_line_or_holds_an_anchor_stays() {
        assert_eq!(without("- id: a\n  run: x\n", "id: a", false), None);
        assert_eq!(without("a: &x 1\n", "a: &x 1", false), None);
    }
}
