//! The core schema of YAML 1.2 (section 10.3.2): what an unquoted scalar is. `on`, `off`, `yes` and `no` are text.

use serde_json::{Number, Value};

/// The value of a plain scalar. What JSON has no number for (`.inf`, `.nan`) stays text.
pub(crate) fn resolve_plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Value::String(text.to_owned());
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Whether the value of a plain scalar is text.
pub(crate) fn is_plain_text(text: &str) -> bool {
    match text.as_bytes().first() {
        None | Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'0'..=b'9' | b'+' | b'-' | b'.') => {
            resolve_plain(text).is_string()
        }
        Some(_) => true,
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, u8::is_ascii).then(|| u64::from_str_radix(digits, 8).ok()).flatten().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, u8::is_ascii_hexdigit).then(|| u64::from_str_radix(digits, 16).ok()).flatten().map(Number::from);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if all(unsigned, u8::is_ascii_digit) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        return plain
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| plain.parse::<u64>().map(Number::from))
            .ok()
            .or_else(|| plain.parse::<f64>().ok().and_then(Number::from_f64));
    }
    is_float(unsigned).then(|| text.parse::<f64>().ok()).flatten().and_then(Number::from_f64)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_ok = digits(whole) && fraction.is_none_or(digits) && !(whole.is_empty() && fraction.is_none_or(str::is_empty));
    let exponent_ok =
        exponent.is_none_or(|exponent| all(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), u8::is_ascii_digit));
    mantissa_ok && exponent_ok
}

fn all(text: &str, test: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|byte| test(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn on_off_yes_and_no_are_text() {
        for word in ["on", "off", "yes", "no", "Yes", "ON", "y"] {
            assert_eq!(resolve_plain(word), json!(word));
        }
    }

    #[test]
    fn numbers_follow_the_core_schema() {
        for (text, value) in [
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("+3", json!(3)),
            ("012", json!(12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            assert_eq!(resolve_plain(text), value, "{text}");
        }
        for text in [".", "-", "1_000", "1:30", "0b1", "0o9", "0x", "1.2.3", "e3", ".inf", "1e", "--1", "+-1"] {
            assert_eq!(resolve_plain(text), json!(text));
        }
    }
}
