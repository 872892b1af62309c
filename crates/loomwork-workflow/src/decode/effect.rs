//! Actions that are handed out with a resolved input: their fields as written, checked.

use super::Decoder;
use super::keys::{HTTP, HTTP_AUTH, HTTP_BASIC, HTTP_EXPECT, JQ};
use crate::analysis::WrittenProgram;
use crate::codes;
use crate::expression::Template;
use crate::model::Action;
use crate::yaml::{Entry, Node};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Decoder<'_> {
    /// The fields of a map as one template, each decoded by `field`.
    pub(super) fn fields(&mut self, node: &Node, mut field: impl FnMut(&mut Self, &Entry) -> Template) -> Template {
        let entries = node.entries().unwrap_or_default();
        Template::map(entries.iter().map(|entry| (entry.key.clone(), self.at(&entry.key, |this| field(this, entry)))).collect())
    }

    pub(super) fn http(&mut self, node: &Node) -> Option<Action> {
        if !self.keys(node, &HTTP) {
            return None;
        }
        self.needed(node, "url", "`http`");
        let bodies: Vec<&Entry> = ["json", "text", "form"].into_iter().filter_map(|key| node.entry(key)).collect();
        if let [first, second, ..] = bodies[..] {
            let message = format!("A request has one body; this one has `{}` and `{}`.", first.key, second.key);
            self.report(codes::CONFLICT, second.key_place, message);
        }
        let input = self.fields(node, |this, entry| this.http_field(entry));
        Some(Action::Effect { name: "http", input })
    }

    fn http_field(&mut self, entry: &Entry) -> Template {
        let node = &entry.value;
        match entry.key.as_str() {
            "method" => {
                if node.string().is_none_or(|text| !text.contains("${{")) {
                    self.word(node, &METHODS.map(|method| (method, ())));
                }
                self.template(node)
            }
            "headers" => {
                node.entries().unwrap_or_default().iter().for_each(|entry| self.header_name(entry));
                self.with_secrets(|this| this.text_fields(node))
            }
            "query" | "form" if entry.key == "query" => self.text_fields(node),
            "auth" => {
                if self.keys(node, &HTTP_AUTH)
                    && let Some(basic) = node.get("basic")
                {
                    self.at("basic", |this| {
                        if this.keys(basic, &HTTP_BASIC) {
                            this.needed(basic, "user", "`basic`");
                            this.needed(basic, "password", "`basic`");
                        }
                    });
                }
                self.with_secrets(|this| this.template(node))
            }
            "json" | "text" | "form" => self.with_secrets(|this| this.template(node)),
            "expect" => {
                if self.keys(node, &HTTP_EXPECT) {
                    if let Some(status) = node.get("status") {
                        self.at("status", |this| this.statuses(status));
                    }
                    if let Some(schema) = node.get("schema") {
                        self.at("schema", |this| this.schema(schema));
                    }
                }
                Template::literal(node.to_json())
            }
            "follow_redirects" => {
                self.boolean(node);
                Template::literal(node.to_json())
            }
            "timeout" => self.duration_template(node).unwrap_or_else(|| Template::literal(node.to_json())),
            "url" => self.url(node).unwrap_or_else(|| Template::literal(serde_json::Value::Null)),
            _ => self.template(node),
        }
    }

    /// A name that a request can carry: a token of HTTP.
    fn header_name(&mut self, entry: &Entry) {
        let sign = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if entry.key.is_empty() || !entry.key.chars().all(sign) {
            let shown: String = entry.key.chars().take(60).collect();
            let message = format!("`{shown}` cannot be the name of a header: letters, digits and `-` can.");
            self.report(codes::BAD_ID, entry.key_place, message);
        }
    }

    /// An address; one that is written out must be one that a request can go to.
    fn url(&mut self, node: &Node) -> Option<Template> {
        let template = self.string_template(node)?;
        if let Some(text) = template.as_literal().and_then(|value| value.as_str()) {
            let lower = text.trim_start().to_ascii_lowercase();
            if !lower.starts_with("http://") && !lower.starts_with("https://") {
                let fix = (!text.trim().is_empty() && !text.contains(':') && !node.aliased)
                    .then(|| self.replacement(format!("Change to `https://{text}`"), node.place, format!("\"https://{text}\"")));
                let message = "A request goes to an address that begins with `http://` or `https://`.";
                self.report(codes::UNKNOWN_VALUE, super::first_line(self.text, node.place), message).fixes.extend(fix);
            }
        }
        Some(template)
    }

    /// A map from names to text.
    pub(super) fn text_fields(&mut self, node: &Node) -> Template {
        if node.entries().is_none() && !node.string().is_some_and(|text| text.contains("${{")) {
            self.wrong_type(node, "a map from names to text");
        }
        if node.entries().is_none() {
            return self.template(node);
        }
        self.fields(node, |this, entry| {
            this.string_template(&entry.value).unwrap_or_else(|| Template::literal(serde_json::Value::Null))
        })
    }

    /// The statuses that are expected: one, or a list, of numbers from 100 to 599 and classes such as `2xx`.
    fn statuses(&mut self, node: &Node) {
        match node.items() {
            Some(items) => items.iter().for_each(|item| self.status(item)),
            None => self.status(node),
        }
    }

    fn status(&mut self, node: &Node) {
        match node.string() {
            Some(text) if ["1xx", "2xx", "3xx", "4xx", "5xx"].contains(&text.as_str()) => {}
            _ => {
                let number = node.scalar().map(crate::yaml::Scalar::value).and_then(|value| value.as_i64());
                if number.is_some_and(|number| (100..=599).contains(&number)) {
                    return;
                }
                let message =
                    "A status from 100 to 599 is expected here, or a class of them: `1xx`, `2xx`, `3xx`, `4xx` or `5xx`.";
                let code = if number.is_some() { codes::OUT_OF_RANGE } else { codes::WRONG_TYPE };
                self.report(code, super::first_line(self.text, node.place), message);
            }
        }
    }

    pub(super) fn jq(&mut self, node: &Node) -> Option<Action> {
        if !self.keys(node, &JQ) {
            return None;
        }
        let program = self.needed(node, "program", "`jq`");
        if let Some(program) = program.filter(|program| program.string().is_none()) {
            self.at("program", |this| this.wrong_type(program, "the text of a jq program").code);
        }
        if let Some((program, place)) =
            program.and_then(|node| Some((node.string()?, node.place))).filter(|(text, _)| !text.contains("${{"))
        {
            let span = self.lines.span(place);
            self.programs.push(WrittenProgram { program, span, step: self.step.clone() });
        }
        let input = self.fields(node, |this, entry| this.template(&entry.value));
        Some(Action::Effect { name: "jq", input })
    }
}
