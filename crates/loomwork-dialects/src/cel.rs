//! Texts of expressions, and texts with expressions in them.

use serde_json::Value;

use crate::names::is_identifier;

/// Longest expression that an importer writes: the language takes 2,048 bytes.
pub(crate) const LONGEST: usize = 1_900;

/// A whole template of one expression.
pub(crate) fn whole(expression: &str) -> String {
    format!("${{{{ {expression} }}}}")
}

/// A text that means itself, whatever stands in it.
pub(crate) fn escape(text: &str) -> String {
    text.replace("${{", "$${{")
}

/// A literal.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{}: {}", quote(key), literal(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Number(number) if number.as_i64().is_none() && number.is_u64() => format!("{number}u"),
        other => other.to_string(),
    }
}

/// A literal text.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Whether an expression reads a secret.
pub(crate) fn reads_secret(expression: &str) -> bool {
    let (mut quoted, mut escaped, mut before) = (false, false, ' ');
    for (at, c) in expression.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            's' if !quoted
                && !before.is_alphanumeric()
                && !matches!(before, '_' | '.')
                && expression[at..].starts_with("secrets.") =>
            {
                return true;
            }
            _ => {}
        }
        before = c;
    }
    false
}

/// Whether an expression is one secret and nothing else.
pub(crate) fn is_secret(expression: &str) -> bool {
    expression.strip_prefix("secrets.").is_some_and(is_identifier)
}

/// The text of a literal that has nothing escaped in it.
pub(crate) fn unquoted(expression: &str) -> Option<String> {
    let inner = expression.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '\\'])).then(|| inner.to_owned())
}

/// A field of a value.
pub(crate) fn field(base: &str, name: &str) -> String {
    if is_identifier(name) { format!("{base}.{name}") } else { format!("{base}[{}]", quote(name)) }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Expression(String),
}

/// A text of parts as a template. A `$` right before an expression would make its `${{` a literal one, so it becomes an
/// expression of its own.
pub(crate) fn template(parts: &[Part]) -> String {
    let mut out = String::new();
    let mut literal = String::new();
    for part in parts {
        match part {
            Part::Text(text) => literal.push_str(text),
            Part::Expression(expression) => {
                let kept = literal.trim_end_matches('$').len();
                out.push_str(&escape(&literal[..kept]));
                if kept < literal.len() {
                    out.push_str(&whole(&quote(&literal[kept..])));
                }
                literal.clear();
                out.push_str(&whole(expression));
            }
        }
    }
    out + &escape(&literal)
}

/// A text of parts as an expression; one expression alone keeps its type.
pub(crate) fn joined(parts: &[Part]) -> String {
    match parts {
        [] => "''".to_owned(),
        [Part::Text(text)] => quote(text),
        [Part::Expression(expression)] => expression.clone(),
        parts => {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => quote(text),
                    Part::Expression(expression) => format!("text({expression})"),
                })
                .collect();
            parts.join(" + ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_from_text_that_speaks_of_one() {
        for reads in ["secrets.a", "'x' + secrets.a", "['it\\'s', secrets.a]"] {
            assert!(reads_secret(reads), "{reads}");
        }
        for not in ["'secrets.a'", "inputs.secrets.a", "my_secrets.a", "'it\\'s secrets.a'"] {
            assert!(!reads_secret(not), "{not}");
        }
        assert!(is_secret("secrets.a") && !is_secret("secrets.a + 'x'"));
    }

    #[test]
    fn a_dollar_before_an_expression_does_not_make_it_text() {
        let text = |text: &str| Part::Text(text.to_owned());
        let expression = Part::Expression("inputs.n".to_owned());
        assert_eq!(template(&[text("a$$"), expression.clone()]), "a${{ '$$' }}${{ inputs.n }}");
        assert_eq!(template(&[text("$"), text("${{ x }} "), expression, text("$")]), "$$${{ x }} ${{ inputs.n }}$");
    }
}
