//! The resolved input of a request, read and checked.
//!
//! Invariant: a person can edit a resolved input before a retry, so everything in it is checked here; no message quotes the
//! value of a header or a body.

use jsonschema::Validator;
use loomwork_run::{ErrorClass, RunError};
use loomwork_workflow::parse_duration;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::{Map, Value};

const KNOWN: [&str; 11] =
    ["method", "url", "query", "headers", "auth", "json", "text", "form", "expect", "follow_redirects", "timeout"];

/// What to ask for.
#[derive(Debug)]
pub(super) struct HttpInput {
    pub(super) method: Method,
    pub(super) url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    pub(super) expected: Option<Vec<Statuses>>,
    /// What the body must fit.
    pub(super) schema: Option<Validator>,
    pub(super) follow_redirects: bool,
    pub(super) timeout_ms: Option<u64>,
}

/// Statuses that are welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statuses {
    One(u16),
    /// Those that begin with this digit.
    Class(u16),
}

impl Statuses {
    pub(super) fn has(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(class) => status / 100 == class,
        }
    }
}

fn invalid(message: impl Into<String>) -> RunError {
    RunError::new(ErrorClass::Validation, message)
}

impl HttpInput {
    pub(super) fn parse(input: &Value) -> Result<Self, RunError> {
        let Value::Object(fields) = input else { return Err(invalid("the input of an `http` step must be an object")) };
        if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(invalid(format!("an `http` step has no input `{unknown}`; it has {}", KNOWN.join(", "))));
        }
        let mut headers = headers(given(fields, "headers"))?;
        if let Some(auth) = given(fields, "auth") {
            headers.insert(AUTHORIZATION, authorization(auth)?);
        }
        let body = body(fields, &mut headers)?;
        let follow_redirects = match given(fields, "follow_redirects") {
            None => true,
            Some(Value::Bool(follow)) => *follow,
            Some(_) => return Err(invalid("the input `follow_redirects` must be true or false")),
        };
        Ok(Self {
            method: method(given(fields, "method"))?,
            url: url(fields)?,
            headers,
            body,
            expected: expected(given(fields, "expect"))?,
            schema: schema(given(fields, "expect"))?,
            follow_redirects,
            timeout_ms: timeout(given(fields, "timeout"))?,
        })
    }

    /// The request.
    pub(super) fn request(&self, client: &Client, idempotency_key: &str) -> Result<Request, RunError> {
        let mut headers = self.headers.clone();
        if !headers.contains_key("idempotency-key") {
            headers.insert("idempotency-key", header_value("idempotency-key", idempotency_key)?);
        }
        let mut request = client.request(self.method.clone(), self.url.clone()).headers(headers);
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        request.build().map_err(|error| super::failure::of(&error))
    }

    /// The address for people: without a name and password in it.
    pub(super) fn shown_url(&self) -> Url {
        let mut url = self.url.clone();
        // An address of `http` always takes both.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }
}

fn given<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

/// A scalar as text.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn method(given: Option<&Value>) -> Result<Method, RunError> {
    let Some(given) = given else { return Ok(Method::GET) };
    let method = given.as_str().and_then(|name| Method::from_bytes(name.to_ascii_uppercase().as_bytes()).ok());
    method.ok_or_else(|| invalid("the input `method` must be the name of a method such as GET or POST"))
}

fn url(fields: &Map<String, Value>) -> Result<Url, RunError> {
    let text = given(fields, "url").ok_or_else(|| invalid("the input `url` is missing"))?;
    let text = text.as_str().ok_or_else(|| invalid("the input `url` must be text"))?;
    let mut url = Url::parse(text).map_err(|error| {
        invalid(format!("the input `url` is no address: {error}; write it whole, like https://example.org/path"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(format!("the input `url` must begin with http:// or https://, not `{}:`", url.scheme())));
    }
    match given(fields, "query") {
        None => {}
        Some(Value::Object(query)) => {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                match value {
                    Value::Null => {}
                    Value::Array(values) => {
                        pairs.extend_pairs(values.iter().map(|value| (name, text_of(value))));
                    }
                    value => {
                        pairs.append_pair(name, &text_of(value));
                    }
                }
            }
        }
        Some(_) => return Err(invalid("the input `query` must be a map from names to values")),
    }
    Ok(url)
}

fn headers(given: Option<&Value>) -> Result<HeaderMap, RunError> {
    let entries = match given {
        None => return Ok(HeaderMap::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(invalid("the input `headers` must be a map from names to texts")),
    };
    let mut headers = HeaderMap::with_capacity(entries.len());
    for (name, value) in entries {
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("{name:?} cannot be the name of a header")))?;
        headers.append(parsed, header_value(name, &text_of(value))?);
    }
    Ok(headers)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, RunError> {
    let mut parsed = HeaderValue::from_str(value).or_else(|_| HeaderValue::from_bytes(value.as_bytes())).map_err(|_| {
        invalid(format!("the value of the header `{name}` holds a line break or another character that no header can have"))
    })?;
    parsed.set_sensitive(true);
    Ok(parsed)
}

fn authorization(auth: &Value) -> Result<HeaderValue, RunError> {
    let wrong = || invalid("the input `auth` must be {bearer: TOKEN} or {basic: {user: NAME, password: PASSWORD}}");
    let fields = auth.as_object().filter(|fields| fields.len() == 1).ok_or_else(wrong)?;
    if let Some(Value::String(token)) = fields.get("bearer") {
        return header_value("authorization", &format!("Bearer {token}"));
    }
    let basic = fields.get("basic").and_then(Value::as_object).ok_or_else(wrong)?;
    let (Some(Value::String(user)), Some(Value::String(password))) = (basic.get("user"), basic.get("password")) else {
        return Err(wrong());
    };
    header_value("authorization", &format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))
}

/// What basic authentication writes into the header, when the input asks for it.
pub(super) fn basic(input: &Value) -> Option<String> {
    let basic = input.get("auth")?.get("basic")?;
    let pair = format!("{}:{}", basic.get("user")?.as_str()?, basic.get("password")?.as_str()?);
    Some(base64(pair.as_bytes()))
}

/// Base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().chain([&0, &0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = char::from(DIGITS[bits >> (18 - 6 * place) & 63]);
            text.push(if place <= group.len() { digit } else { '=' });
        }
    }
    text
}

fn body(fields: &Map<String, Value>, headers: &mut HeaderMap) -> Result<Option<Vec<u8>>, RunError> {
    let bodies: Vec<&str> = ["json", "text", "form"].into_iter().filter(|key| fields.contains_key(*key)).collect();
    let (kind, bytes) = match bodies[..] {
        [] => return Ok(None),
        ["json"] => ("application/json", fields["json"].to_string().into_bytes()),
        ["text"] => ("text/plain; charset=utf-8", text_of(&fields["text"]).into_bytes()),
        ["form"] => ("application/x-www-form-urlencoded", form(&fields["form"])?),
        _ => return Err(invalid(format!("a request has one body; this one has {}", bodies.join(", ")))),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    Ok(Some(bytes))
}

fn form(form: &Value) -> Result<Vec<u8>, RunError> {
    let entries = form.as_object().ok_or_else(|| invalid("the input `form` must be a map from names to values"))?;
    // The query of an address is written the same way.
    let mut url = Url::parse("form:").map_err(|error| RunError::new(ErrorClass::Unknown, error.to_string()))?;
    for (name, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
        match value {
            Value::Array(values) => {
                url.query_pairs_mut().extend_pairs(values.iter().map(|value| (name, text_of(value))));
            }
            value => {
                url.query_pairs_mut().append_pair(name, &text_of(value));
            }
        }
    }
    Ok(url.query().unwrap_or_default().as_bytes().to_vec())
}

fn expected(expect: Option<&Value>) -> Result<Option<Vec<Statuses>>, RunError> {
    let Some(expect) = expect else { return Ok(None) };
    let fields = expect.as_object().ok_or_else(|| invalid("the input `expect` must be a map, like {status: [200, 204]}"))?;
    if let Some(unknown) = fields.keys().find(|key| *key != "status" && *key != "schema") {
        return Err(invalid(format!("`expect` cannot check `{unknown}`; it checks `status` and `schema`")));
    }
    match given(fields, "status") {
        None => Ok(None),
        Some(Value::Array(list)) => list.iter().map(statuses).collect::<Result<_, _>>().map(Some),
        Some(one) => statuses(one).map(|one| Some(vec![one])),
    }
}

/// The schema in `expect`. Nothing is fetched for it: its references stay within it.
fn schema(expect: Option<&Value>) -> Result<Option<Validator>, RunError> {
    let Some(schema) = expect.and_then(Value::as_object).and_then(|fields| given(fields, "schema")) else { return Ok(None) };
    let made = jsonschema::validator_for(schema);
    made.map(Some).map_err(|error| invalid(format!("`expect.schema` is not a JSON Schema: {error}")))
}

fn statuses(value: &Value) -> Result<Statuses, RunError> {
    let class = |text: &str| {
        let digit = text.strip_suffix("xx")?.parse().ok()?;
        (1..=5).contains(&digit).then_some(Statuses::Class(digit))
    };
    let found = match value {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()).map(Statuses::One),
        Value::String(text) => class(text),
        _ => None,
    };
    let fits = |found: &Statuses| !matches!(found, Statuses::One(status) if !(100..=599).contains(status));
    found
        .filter(fits)
        .ok_or_else(|| invalid("`expect.status` must be a status such as 200, a class such as \"2xx\", or a list of them"))
}

fn timeout(given: Option<&Value>) -> Result<Option<u64>, RunError> {
    let Some(given) = given else { return Ok(None) };
    let parsed = given.as_str().and_then(|text| parse_duration(text).ok());
    parsed.map(Some).ok_or_else(|| invalid("the input `timeout` must be a duration such as 30s"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(input: Value) -> String {
        let error = HttpInput::parse(&input).unwrap_err();
        assert_eq!(error.class, ErrorClass::Validation);
        error.message
    }

    #[test]
    fn an_address_alone_is_a_get_that_follows_redirects() {
        let input = HttpInput::parse(&json!({"url": "http://example.org/a"})).unwrap();
        assert_eq!((input.method, input.follow_redirects, input.body, input.expected), (Method::GET, true, None, None));
    }

    #[test]
    fn a_query_and_a_form_are_encoded() {
        let query = json!({"q": "a b&c", "n": 1, "l": ["x", "y"], "none": null});
        let input = HttpInput::parse(&json!({"url": "http://e.org/?a=1", "query": query, "form": query})).unwrap();
        assert_eq!(input.url.as_str(), "http://e.org/?a=1&q=a+b%26c&n=1&l=x&l=y");
        assert_eq!(input.body.unwrap(), b"q=a+b%26c&n=1&l=x&l=y");
        assert_eq!(input.headers["content-type"], "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_name_and_password_become_the_header_of_basic_authentication() {
        let input = json!({"url": "http://e.org", "auth": {"basic": {"user": "Aladdin", "password": "open sesame"}}});
        assert_eq!(HttpInput::parse(&input).unwrap().headers["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn the_address_for_people_has_no_password() {
        let input = HttpInput::parse(&json!({"url": "http://me:pw@e.org/x"})).unwrap();
        assert_eq!(input.shown_url().as_str(), "http://e.org/x");
    }

    #[test]
    fn every_misfit_names_its_field_and_quotes_no_value() {
        assert!(refused(json!([])).contains("object"));
        assert!(refused(json!({})).contains("`url` is missing"));
        assert!(refused(json!({"url": "example.org"})).contains("`url` is no address"));
        assert!(refused(json!({"url": "file:///etc/passwd"})).contains("not `file:`"));
        assert!(refused(json!({"url": "http://e.org", "methd": "GET"})).contains("no input `methd`"));
        assert!(refused(json!({"url": "http://e.org", "json": 1, "text": ""})).contains("one body"));
        assert!(refused(json!({"url": "http://e.org", "expect": {"status": 42}})).contains("`expect.status`"));
        assert!(refused(json!({"url": "http://e.org", "expect": {"body": {}}})).contains("`body`"));
        assert!(refused(json!({"url": "http://e.org", "expect": {"schema": {"type": 5}}})).contains("`expect.schema`"));
        let elsewhere = json!({"$ref": "http://127.0.0.1:1/schema.json"});
        assert!(refused(json!({"url": "http://e.org", "expect": {"schema": elsewhere}})).contains("`expect.schema`"));
        assert!(refused(json!({"url": "http://e.org", "timeout": "soon"})).contains("`timeout`"));
        let header = refused(json!({"url": "http://e.org", "headers": {"x-key": "se\ncret"}}));
        assert!(header.contains("`x-key`") && !header.contains("cret"), "{header}");
    }
}
