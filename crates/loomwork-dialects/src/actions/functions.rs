//! The functions of the source's expressions.

use serde_json::Value;

use super::expression::Expr;
use super::scope::Scope;
use crate::cel::{self, Part};

impl Scope<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr]) -> Result<String, String> {
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "startswith" | "endswith" | "contains") {
            self.remark_comparison();
        }
        match (lower.as_str(), arguments) {
            ("always", []) => {
                self.asked_status = true;
                Ok("true".to_owned())
            }
            ("cancelled", []) => {
                self.asked_status = true;
                Ok("false".to_owned())
            }
            ("success", []) => Ok("true".to_owned()),
            ("failure", []) => {
                self.asked_status = true;
                if self.before.len() > 60 {
                    return Err("there are too many steps before it to ask each whether it failed".to_owned());
                }
                let statuses: Vec<String> = self.before.iter().map(|id| format!("steps.{id}.status")).collect();
                Ok(if statuses.is_empty() { "false".to_owned() } else { format!("'failed' in [{}]", statuses.join(", ")) })
            }
            ("startswith", [text, start]) => Ok(format!("{}.startsWith({})", self.text(text)?, self.text(start)?)),
            ("endswith", [text, end]) => Ok(format!("{}.endsWith({})", self.text(text)?, self.text(end)?)),
            ("contains", [list, item]) if is_list(list) => Ok(format!("{} in {}", self.value(item)?, self.value(list)?)),
            ("contains", [text, part]) => Ok(format!("{}.contains({})", self.text(text)?, self.text(part)?)),
            ("join", [list]) => Ok(format!("{}.join(',')", self.value(list)?)),
            ("join", [list, by]) => Ok(format!("{}.join({})", self.value(list)?, self.value(by)?)),
            ("tojson", [value]) => Ok(format!("text({})", self.value(value)?)),
            ("fromjson", [Expr::Literal(Value::String(text))]) => serde_json::from_str(text)
                .map(|value| cel::literal(&value))
                .map_err(|error| format!("its JSON cannot be read: {error}")),
            ("fromjson", [value]) => Ok(format!("json({})", self.value(value)?)),
            ("format", [Expr::Literal(Value::String(pattern)), values @ ..]) => self.format(pattern, values),
            _ => Err(format!("the function `{name}` has no counterpart here")),
        }
    }

    fn text(&mut self, expr: &Expr) -> Result<String, String> {
        let value = self.value(expr)?;
        Ok(if matches!(expr, Expr::Literal(Value::String(_)) | Expr::Path(_)) { value } else { format!("text({value})") })
    }

    fn format(&mut self, pattern: &str, values: &[Expr]) -> Result<String, String> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('{') {
            let (before, after) = rest.split_at(at);
            parts.push(Part::Text(before.to_owned()));
            let end = after.find('}').ok_or("its pattern has an open brace")?;
            let number: usize = after[1..end].parse().map_err(|_| "its pattern has braces that are no number".to_owned())?;
            let value = values.get(number).ok_or("its pattern names a value that is not there")?;
            parts.push(Part::Expression(self.value(value)?));
            rest = &after[end + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(format!("({})", cel::joined(&parts)))
    }
}

fn is_list(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(name, _) if name.eq_ignore_ascii_case("fromjson"))
}
