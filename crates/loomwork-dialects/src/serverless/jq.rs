//! The part of jq that has the same meaning in our expressions: paths, literals, comparisons, `and`/`or`/`not`, `length`,
//! arithmetic on numbers, text with `\( )` in it, and objects and lists made of these.

use super::data::{Data, Kind};
use crate::cel;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 40;

/// What variables (`$name`) are.
pub(super) type Variables = Vec<(String, Data)>;

/// A translated program.
pub(super) struct Translated {
    pub(super) data: Data,
    /// Inputs that it reads, with what their use says of their type.
    pub(super) inputs: Vec<(String, Kind)>,
}

/// Translates a program; none when it is more than this module knows.
pub(super) fn translate(program: &str, input: &Data, variables: &Variables) -> Option<Translated> {
    if program.len() > cel::LONGEST {
        return None;
    }
    let mut reader = Reader { rest: program.trim(), input, variables, inputs: Vec::new(), depth: 0 };
    let data = reader.alternatives()?;
    reader.space();
    if data.hides_secret() {
        return None;
    }
    (reader.rest.is_empty() && data.expression().len() <= cel::LONGEST).then_some(Translated { data, inputs: reader.inputs })
}

struct Reader<'t> {
    rest: &'t str,
    input: &'t Data,
    variables: &'t Variables,
    inputs: Vec<(String, Kind)>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        self.space();
        let found = signs.iter().copied().find(|sign| self.rest.starts_with(sign))?;
        let word = found.starts_with(|c: char| c.is_ascii_alphabetic());
        let after = &self.rest[found.len()..];
        if word && after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        self.rest = after;
        Some(found)
    }

    fn alternatives(&mut self) -> Option<Data> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut data = self.level(0)?;
        while self.sign(&["|"]).is_some() {
            // Only what has one meaning behind any value: `| length`, `| not`, `| tostring`, or a path into it.
            data = self.piped(&data)?;
        }
        self.depth -= 1;
        Some(data)
    }

    fn piped(&mut self, data: &Data) -> Option<Data> {
        if let Some(word) = self.sign(&["length", "not", "tostring", "tonumber", "ascii_downcase", "ascii_upcase"]) {
            let value = data.expression();
            return Some(Data::of(match word {
                "length" if value == "null" => "0".to_owned(),
                _ if value == "null" => return None,
                "length" => format!("size({value})"),
                "not" => format!("!({value})"),
                "tostring" => format!("text({value})"),
                "tonumber" => format!("double({value})"),
                "ascii_downcase" => format!("{value}.lowerAscii()"),
                _ => format!("{value}.upperAscii()"),
            }));
        }
        self.space();
        if !self.rest.starts_with('.') {
            return None;
        }
        self.rest = &self.rest[1..];
        self.path(data.clone(), true)
    }

    fn level(&mut self, level: usize) -> Option<Data> {
        const LEVELS: [&[&str]; 5] = [&["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/"]];
        let Some(signs) = LEVELS.get(level) else { return self.value() };
        let mut left = self.level(level + 1)?;
        while let Some(sign) = self.sign(signs) {
            let right = self.level(level + 1)?;
            let (left_text, right_text) = (left.expression(), right.expression());
            self.hint(&left_text, &right_text, sign);
            if let Some(known) = left.and(sign, &right)? {
                left = known;
                continue;
            }
            left = Data::of(match sign {
                "or" => format!("({left_text} || {right_text})"),
                "and" => format!("{left_text} && {right_text}"),
                "+" | "-" | "*" | "/" => format!("({left_text} {sign} {right_text})"),
                _ => format!("{left_text} {sign} {right_text}"),
            });
        }
        Some(left)
    }

    /// What a comparison says of an input's type.
    fn hint(&mut self, left: &str, right: &str, sign: &str) {
        for (one, other) in [(left, right), (right, left)] {
            let Some(name) = one.strip_prefix("inputs.").filter(|name| crate::names::is_identifier(name)) else { continue };
            let kind = match other {
                "true" | "false" => Kind::Boolean,
                text if text.parse::<f64>().is_ok() => Kind::Number,
                _ if matches!(sign, "or" | "and") => Kind::Boolean,
                _ => continue,
            };
            self.inputs.push((name.to_owned(), kind));
        }
    }

    fn value(&mut self) -> Option<Data> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = self.bare();
        self.depth -= 1;
        value
    }

    fn bare(&mut self) -> Option<Data> {
        self.space();
        let first = self.rest.chars().next()?;
        match first {
            '(' => {
                self.rest = &self.rest[1..];
                let inner = self.alternatives()?;
                self.sign(&[")"])?;
                Some(match inner {
                    Data::Expression(text) if text.contains(' ') && !text.starts_with('(') => Data::of(format!("({text})")),
                    other => other,
                })
            }
            '"' => self.string(),
            '{' => self.object(),
            '[' => self.list(),
            '$' => self.variable(),
            '.' => {
                self.rest = &self.rest[1..];
                self.path(self.input.clone(), true)
            }
            '0'..='9' => {
                let used = self.rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(used);
                number.parse::<f64>().ok()?;
                self.rest = rest;
                Some(Data::of(number.trim_end_matches('.')))
            }
            _ => {
                let word = self.sign(&["true", "false", "null", "length"])?;
                if word == "length" {
                    return Some(Data::of(format!("size({})", self.input.expression())));
                }
                Some(Data::of(word))
            }
        }
    }

    fn name(&mut self) -> Option<&'t str> {
        let used = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(used);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn variable(&mut self) -> Option<Data> {
        self.rest = &self.rest[1..];
        let name = self.name()?;
        if name == "secrets" {
            self.rest = self.rest.strip_prefix('.')?;
            let secret = self.name()?;
            return Some(Data::of(format!("secrets.{secret}")));
        }
        let data = self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, data)| data.clone())?;
        self.path(data, false)
    }

    /// The rest of a path; `dotted` when its first dot was read.
    fn path(&mut self, mut data: Data, dotted: bool) -> Option<Data> {
        let mut open = dotted;
        let mut steps: Vec<Option<String>> = Vec::new();
        let from_inputs = data == Data::Inputs;
        loop {
            if open && self.rest.starts_with('"') {
                let Data::Expression(quoted) = self.string()? else { return None };
                let name: String = quoted.strip_prefix('\'')?.strip_suffix('\'')?.to_owned();
                data = data.field(&name);
                steps.push(Some(name));
            } else if open && let Some(name) = self.name() {
                data = data.field(name);
                steps.push(Some(name.to_owned()));
            } else if self.rest.starts_with('[') {
                let end = self.rest.find(']')?;
                let inner = self.rest[1..end].trim();
                if let Ok(index) = inner.parse::<u32>() {
                    data = data.element(index);
                    steps.push(None);
                } else {
                    let name = inner.strip_prefix('"')?.strip_suffix('"').filter(|name| !name.contains(['"', '\\']))?;
                    data = data.field(name);
                    steps.push(Some(name.to_owned()));
                }
                self.rest = &self.rest[end + 1..];
            } else if self.rest.starts_with('?') {
                self.rest = &self.rest[1..];
            } else if open {
                // A lone dot is the value itself; behind a path it is an error of the program.
                break;
            }
            open = self.rest.starts_with('.');
            if open {
                self.rest = &self.rest[1..];
            } else if !self.rest.starts_with(['[', '?']) {
                break;
            }
        }
        if from_inputs && let [Some(name), more @ ..] = steps.as_slice() {
            let kind = match more.first() {
                Some(Some(_)) => Kind::Object,
                Some(None) => Kind::Array,
                None => Kind::String,
            };
            self.inputs.push((crate::names::identifier(name), kind));
        }
        Some(data)
    }

    /// A text; `\( )` in it is an expression.
    fn string(&mut self) -> Option<Data> {
        let mut parts = Vec::new();
        let mut text = String::new();
        self.rest = &self.rest[1..];
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    if !text.is_empty() || parts.is_empty() {
                        parts.push(cel::Part::Text(text));
                    }
                    return Some(Data::text(parts));
                }
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    c @ ('"' | '\\' | '/') => text.push(c),
                    '(' => {
                        self.rest = &self.rest[at + 2..];
                        let inner = self.alternatives()?;
                        self.sign(&[")"])?;
                        if !text.is_empty() {
                            parts.push(cel::Part::Text(std::mem::take(&mut text)));
                        }
                        parts.push(cel::Part::Expression(inner.expression()));
                        // The loop reads on behind the parenthesis, as if a text began there.
                        chars = self.rest.char_indices();
                    }
                    _ => return None,
                },
                c => text.push(c),
            }
        }
        None
    }

    fn object(&mut self) -> Option<Data> {
        self.rest = &self.rest[1..];
        let mut fields = indexmap::IndexMap::new();
        if self.sign(&["}"]).is_some() {
            return Some(Data::Fields(fields));
        }
        loop {
            self.space();
            let name = if self.rest.starts_with('"') {
                let Data::Expression(quoted) = self.string()? else { return None };
                quoted.strip_prefix('\'')?.strip_suffix('\'').filter(|name| !name.contains(['\'', '\\']))?.to_owned()
            } else {
                self.name()?.to_owned()
            };
            self.sign(&[":"])?;
            fields.insert(name, self.level(0)?);
            match self.sign(&[",", "}"])? {
                "}" => return Some(Data::Fields(fields)),
                _ => continue,
            }
        }
    }

    fn list(&mut self) -> Option<Data> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        if self.sign(&["]"]).is_some() {
            return Some(Data::of("[]"));
        }
        loop {
            items.push(self.level(0)?.expression());
            match self.sign(&[",", "]"])? {
                "]" => return Some(Data::of(format!("[{}]", items.join(", ")))),
                _ => continue,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(program: &str) -> Option<String> {
        let known = Data::Fields([("n".to_owned(), Data::of("1"))].into_iter().collect());
        let variables = vec![("pet".to_owned(), Data::of("item")), ("known".to_owned(), known)];
        translate(program, &Data::output("a"), &variables).map(|translated| translated.data.expression())
    }

    #[test]
    fn paths_and_comparisons_become_expressions() {
        for (program, expression) in [
            (".", "steps.a.output"),
            (".b.c[0]", "steps.a.output.b.c[0]"),
            (".\"b c\"", "steps.a.output['b c']"),
            (".n > 3 and (.s == \"x\" or .t)", "steps.a.output.n > 3 && (steps.a.output.s == 'x' || steps.a.output.t)"),
            ("$pet.name", "item.name"),
            (".list | length", "size(steps.a.output.list)"),
            ("$known.ghost.deep[0]", "null"),
            ("$known.ghost | length", "0"),
            ("$known + {b: .x}", "{'n': 1, 'b': steps.a.output.x}"),
            ("\"Bearer \" + $secrets.tok", "'Bearer ' + secrets.tok"),
            ("\"Hi \\(.name)!\"", "'Hi ' + text(steps.a.output.name) + '!'"),
            ("{a: .x, \"b\": [1, .y]}", "{'a': steps.a.output.x, 'b': [1, steps.a.output.y]}"),
        ] {
            assert_eq!(translated(program).as_deref(), Some(expression), "{program}");
        }
    }

    #[test]
    fn anything_more_is_left_to_jq() {
        for program in [
            ". + {a: 1}",
            "$known.ghost + 1",
            "$secrets.tok | length",
            "map(.x)",
            ".[] | select(.a)",
            ".a // 1",
            "$ghost",
            ".a |",
            "now",
            "\"x",
            "{a",
            ".a..b",
            "@base64",
            "é",
        ] {
            assert_eq!(translated(program), None, "{program}");
        }
        for nested in ["(", "[", "{a:", "\"\\("] {
            assert_eq!(translated(&nested.repeat(500)), None);
            assert_eq!(translated(&nested.repeat(50_000)), None);
        }
    }
}
