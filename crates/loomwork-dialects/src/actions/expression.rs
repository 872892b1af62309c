//! The expressions of the source: their syntax.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/expressions>

use serde_json::Value;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 40;

/// Longest expression that is read, in bytes: a chain of operators nests as deeply as it is long.
const MAX_BYTES: usize = 2_000;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Literal(Value),
    Path(Vec<String>),
    Call(String, Vec<Expr>),
    Not(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
}

/// A part of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Expression(&'t str),
}

/// Splits a text at its `${{ }}`.
pub(super) fn split(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let Some(length) = end(&rest[at + 3..]) else { break };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(Piece::Expression(&rest[at + 3..at + 3 + length]));
        rest = &rest[at + 3 + length + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Where the `}}` is that is not inside a text.
fn end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    (0..bytes.len()).find(|at| {
        quoted ^= bytes[*at] == b'\'';
        !quoted && bytes[*at..].starts_with(b"}}")
    })
}

/// Reads an expression.
pub(super) fn parse(source: &str) -> Result<Expr, String> {
    if source.len() > MAX_BYTES {
        return Err("it is too long".to_owned());
    }
    let tokens = tokens(source)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let expr = parser.or()?;
    if parser.at < tokens.len() {
        return Err("it cannot be read to its end".to_owned());
    }
    Ok(expr)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(Value),
    Name(String),
    Sign(&'static str),
}

const SIGNS: [&str; 16] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", ",", "*"];

fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = if first == '\'' {
            let (text, used) = string(rest)?;
            tokens.push(Token::Literal(Value::from(text)));
            used
        } else if first.is_ascii_digit() || (first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let used = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).map_or(rest.len(), |at| at + 1);
            let number = crate::source::resolve_plain(&rest[..used]);
            if !number.is_number() {
                return Err(format!("`{}` is no number", &rest[..used]));
            }
            tokens.push(Token::Literal(number));
            used
        } else if first.is_ascii_alphabetic() || first == '_' {
            let used = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..used].to_owned()));
            used
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(format!("`{first}` means nothing in an expression"));
        };
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

/// A text in single quotes, where two quotes stand for one.
fn string(rest: &str) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((text, at + 1));
        }
    }
    Err("a text in it is not closed".to_owned())
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Sign(sign)) = self.tokens.get(self.at) else { return None };
        let found = signs.contains(sign).then_some(*sign);
        self.at += usize::from(found.is_some());
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        self.sign(&[sign]).map(|_| ()).ok_or_else(|| format!("`{sign}` is missing"))
    }

    fn or(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let expr = self.chain(0);
        self.depth -= 1;
        expr
    }

    /// Operators from the loosest level on.
    fn chain(&mut self, level: usize) -> Result<Expr, String> {
        const LEVELS: [&[&str]; 4] = [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"]];
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.chain(level + 1)?;
        while let Some(sign) = self.sign(signs) {
            left = Expr::Binary(sign, Box::new(left), Box::new(self.chain(level + 1)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.sign(&["!"]).is_some() {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("it is nested too deeply".to_owned());
            }
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr, String> {
        if self.sign(&["("]).is_some() {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.tokens.get(self.at).cloned() {
            Some(Token::Literal(value)) => {
                self.at += 1;
                Ok(Expr::Literal(value))
            }
            Some(Token::Name(name)) => {
                self.at += 1;
                self.named(name)
            }
            _ => Err("it is not complete".to_owned()),
        }
    }

    fn named(&mut self, name: String) -> Result<Expr, String> {
        if self.sign(&["("]).is_some() {
            let mut arguments = Vec::new();
            if self.sign(&[")"]).is_none() {
                arguments.push(self.or()?);
                while self.sign(&[","]).is_some() {
                    arguments.push(self.or()?);
                }
                self.expect(")")?;
            }
            return Ok(Expr::Call(name, arguments));
        }
        match name.as_str() {
            "true" => return Ok(Expr::Literal(Value::Bool(true))),
            "false" => return Ok(Expr::Literal(Value::Bool(false))),
            "null" => return Ok(Expr::Literal(Value::Null)),
            _ => {}
        }
        let mut path = vec![name];
        loop {
            if self.sign(&["."]).is_some() {
                match self.tokens.get(self.at) {
                    Some(Token::Name(name)) => path.push(name.clone()),
                    _ => return Err("a name is missing after `.`".to_owned()),
                }
                self.at += 1;
            } else if self.sign(&["["]).is_some() {
                match self.tokens.get(self.at) {
                    Some(Token::Literal(Value::String(name))) => path.push(name.clone()),
                    _ => return Err("only a text can stand in brackets".to_owned()),
                }
                self.at += 1;
                self.expect("]")?;
            } else {
                return Ok(Expr::Path(path));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_their_expressions() {
        let pieces = split("a ${{ b }} ${{ 'c}}' }}");
        assert_eq!(pieces, [Piece::Text("a "), Piece::Expression(" b "), Piece::Text(" "), Piece::Expression(" 'c}}' ")]);
        assert_eq!(split("a ${{ b"), [Piece::Text("a ${{ b")]);
    }

    #[test]
    fn operators_bind_as_in_the_source() {
        let parsed = parse("!a.b && c['d-e'] == 'it''s' || f(1, true)").unwrap();
        assert!(matches!(parsed, Expr::Binary("||", ..)), "{parsed:?}");
        for broken in ["", "a &&", "a ==", "(a", "f(1", "a.*.b", "'x", "§"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"!".repeat(10_000)).is_err());
    }
}
