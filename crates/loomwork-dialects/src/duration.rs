//! Durations: foreign ones read, ours written.

use crate::source::Node;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// A hundred years: the longest that the language takes.
const LONGEST_MS: f64 = 100.0 * 365.0 * 86_400_000.0;

/// As the language writes it: `1h30m`.
pub(crate) fn text(ms: u64) -> String {
    let mut rest = ms;
    let mut out = String::new();
    for (unit, size) in UNITS {
        if rest >= size {
            out.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if out.is_empty() { "0ms".to_owned() } else { out }
}

/// A number of some unit, in milliseconds.
pub(crate) fn of(number: f64, unit_ms: f64) -> Option<u64> {
    let ms = (number * unit_ms).round();
    // The cast is exact: the range was checked.
    (ms.is_finite() && (0.0..=LONGEST_MS).contains(&ms)).then_some(ms as u64)
}

/// A number of some unit, as the language writes it.
pub(crate) fn number(node: Node<'_>, unit_ms: f64) -> Option<String> {
    let ms = of(node.number()?, unit_ms)?;
    (ms > 0).then(|| text(ms))
}

/// A number of seconds, or a text like `30m` or `2 hours`, in milliseconds.
pub(crate) fn loose(node: Node<'_>) -> Option<u64> {
    if let Some(number) = node.number() {
        return of(number, 1_000.0);
    }
    let text = node.string()?.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit.trim().to_ascii_lowercase().as_str() {
        "ms" | "milliseconds" => 1.0,
        "" | "s" | "sec" | "second" | "seconds" => 1_000.0,
        "m" | "min" | "minute" | "minutes" => 60_000.0,
        "h" | "hour" | "hours" => 3_600_000.0,
        "d" | "day" | "days" => 86_400_000.0,
        _ => return None,
    };
    of(number.parse().ok()?, unit_ms)
}

/// A duration of ISO 8601 without years and months, in milliseconds: `PT1H30M`, `P2D`.
pub(crate) fn iso(text: &str) -> Option<u64> {
    let mut rest = text.trim().strip_prefix('P')?;
    let (mut total, mut time, mut any) = (0_u64, false, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if time {
                return None;
            }
            (time, rest) = (true, after);
            continue;
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next()?;
        let unit_ms = match (unit, time) {
            ('W', false) => 604_800_000.0,
            ('D', false) => 86_400_000.0,
            ('H', true) => 3_600_000.0,
            ('M', true) => 60_000.0,
            ('S', true) => 1_000.0,
            _ => return None,
        };
        total = total.checked_add(of(number.parse().ok()?, unit_ms)?)?;
        (rest, any) = (&tail[unit.len_utf8()..], true);
    }
    any.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_durations_are_read() {
        for (text, ms) in [("PT1H30M", 5_400_000), ("P2D", 172_800_000), ("PT0.5S", 500), ("P1W", 604_800_000)] {
            assert_eq!(iso(text), Some(ms), "{text}");
        }
        for text in ["", "P", "1h", "PT", "P1M", "PTT1S", "P1H", "PT1", "P1é"] {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(super::text(5_400_500), "1h30m500ms");
    }
}
