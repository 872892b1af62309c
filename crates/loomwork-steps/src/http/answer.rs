//! An answer: read within bounds, and judged by its status.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use loomwork_run::{ErrorClass, RunError};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value, json};

use super::failure;
use super::request::HttpInput;
use crate::redact::Redactor;

/// Most bytes of a body.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Most places of a body that are named when it does not fit its schema.
const MAX_MISFITS: usize = 10;
/// Most characters of a body in the details of an error.
const MAX_QUOTE_CHARS: usize = 4 << 10;

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    reason: Option<&'static str>,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Reads the answer to its end.
pub(super) async fn read(mut response: Response) -> Result<Answer, RunError> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure::of(&error))? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            let limit = MAX_BODY_BYTES >> 20;
            let message =
                format!("the answer is larger than {limit} MiB, the most that may be handed on; ask for less at one time");
            return Err(RunError::new(ErrorClass::Validation, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: status.as_u16(), reason: status.canonical_reason(), headers, body })
}

impl Answer {
    /// The output, or the error that the answer means.
    pub(super) fn judge(self, input: &HttpInput, redactor: Option<&Redactor>) -> Result<Value, RunError> {
        let welcome = match &input.expected {
            Some(expected) => expected.iter().any(|statuses| statuses.has(self.status)),
            // Whoever does not follow redirects wants to see them.
            None => (200..300).contains(&self.status) || (!input.follow_redirects && (300..400).contains(&self.status)),
        };
        if !welcome {
            return Err(self.refusal(input, redactor));
        }
        let body = self.body_value(redactor)?;
        self.fits(&body, input, redactor)?;
        Ok(json!({"status": self.status, "headers": self.header_values(), "body": body}))
    }

    /// Whether the body is what `expect.schema` says. The message has places and rules, never the values of the body.
    fn fits(&self, body: &Value, input: &HttpInput, redactor: Option<&Redactor>) -> Result<(), RunError> {
        let Some(schema) = &input.schema else { return Ok(()) };
        let misfits: Vec<Value> = schema
            .iter_errors(body)
            .take(MAX_MISFITS)
            .map(|error| json!({"path": error.instance_path().as_str(), "message": error.masked().to_string()}))
            .collect();
        let Some(first) = misfits.first() else { return Ok(()) };
        let place = match first["path"].as_str() {
            Some(path) if !path.is_empty() => format!("at `{path}`"),
            _ => "as a whole".to_owned(),
        };
        let rule = first["message"].as_str().unwrap_or_default();
        let message = format!(
            "{} {} was answered with a body that does not fit `expect.schema` {place}: {rule}",
            input.method,
            input.shown_url()
        );
        let details = json!({"status": self.status, "misfits": misfits, "body": self.quote(redactor)});
        Err(RunError::new(ErrorClass::Validation, message).with_details(details))
    }

    fn refusal(self, input: &HttpInput, redactor: Option<&Redactor>) -> RunError {
        let class = match self.status {
            408 | 425 | 429 | 500..=599 => ErrorClass::Transient,
            401 | 403 => ErrorClass::Security,
            400..=499 => ErrorClass::Permanent,
            _ if input.expected.is_some() => ErrorClass::Validation,
            _ => ErrorClass::Permanent,
        };
        let reason = self.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        let unexpected = if class == ErrorClass::Validation { ", which `expect` does not allow" } else { "" };
        let message = format!("{} {} was answered with {}{reason}{unexpected}", input.method, input.shown_url(), self.status);
        let mut details = json!({"status": self.status, "headers": self.header_values(), "body": self.quote(redactor)});
        if let Some(wait) = self.headers.get(RETRY_AFTER).and_then(|value| retry_after_ms(value.to_str().ok()?)) {
            details["retry_after_ms"] = wait.into();
        }
        RunError::new(class, message).with_details(details)
    }

    /// The headers by their names in lower case; the values of one name are joined by commas.
    fn header_values(&self) -> Map<String, Value> {
        let joined = |name| {
            let values = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            Value::String(values.collect::<Vec<_>>().join(", "))
        };
        self.headers.keys().map(|name| (name.as_str().to_owned(), joined(name))).collect()
    }

    fn is_json(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
    }

    fn body_value(&self, redactor: Option<&Redactor>) -> Result<Value, RunError> {
        if self.is_json() {
            if self.body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&self.body).map_err(|error| {
                let message = format!("the answer calls itself JSON and is not: {error}");
                RunError::new(ErrorClass::Validation, message)
                    .with_details(json!({"status": self.status, "body": self.quote(redactor)}))
            });
        }
        Ok(Value::String(String::from_utf8_lossy(&self.body).into_owned()))
    }

    /// The body for the details of an error: JSON whole if it is short, else the beginning of its text.
    fn quote(&self, redactor: Option<&Redactor>) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        // Before it is cut, which could leave a piece of a secret.
        let text = redactor.map_or_else(|| text.clone(), |redactor| redactor.text(&text).into());
        match text.char_indices().nth(MAX_QUOTE_CHARS) {
            Some((cut, _)) => Value::String(format!("{}…", &text[..cut])),
            None if self.is_json() => serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::String(text.into_owned())),
            None => Value::String(text.into_owned()),
        }
    }
}

/// The time to wait that a server asks for: seconds, or until a date.
fn retry_after_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let until = DateTimeParser::new().parse_timestamp(text).ok()?;
    let now = Timestamp::try_from(SystemTime::now()).ok()?;
    Some(u64::try_from(until.as_millisecond() - now.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_asks_to_wait_by_seconds_or_by_a_date() {
        assert_eq!(retry_after_ms("120"), Some(120_000));
        assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        let far = retry_after_ms("Wed, 01 Jan 2200 00:00:00 GMT").unwrap();
        assert!(far > 1_000_000_000_000, "{far}");
        assert_eq!(retry_after_ms("later"), None);
    }
}
