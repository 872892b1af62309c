//! `call`: HTTP requests, tools of MCP servers, functions of the definition.

use super::Importing;
use super::data::Data;
use super::flow::{Entry, Exits, Scope};
use super::runtime::{self, Piece};
use crate::cel::{self, Part};
use crate::source::Node;
use crate::yaml::{Map, Yaml};

impl<'s> Importing<'s, '_> {
    pub(super) fn call(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some((place, what)) = node.get("call").and_then(|call| Some((call, call.text()?))) else {
            return self.not_translated(name, node, node, "`call` does not say what to call", at, scope);
        };
        match what {
            "http" => self.http(name, node, at, scope),
            "mcp" => self.mcp(name, node, at, scope),
            function => {
                match self.usable.and_then(|usable| usable.get("functions")).and_then(|functions| functions.get(function)) {
                    Some(body) => self.function(name, function, node, body, at, scope),
                    None => {
                        let why = format!(
                            "calls of `{function}` have no counterpart; an `http` request or a `command` may do the same"
                        );
                        self.not_translated(name, node, place, &why, at, scope)
                    }
                }
            }
        }
    }

    /// A function of `use.functions` is written out where it is called.
    fn function(
        &mut self,
        name: &str,
        function: &str,
        node: Node<'s>,
        body: Node<'s>,
        at: &mut Entry,
        scope: &mut Scope,
    ) -> Exits {
        if self.calling.iter().any(|known| known == function) {
            return self.not_translated(name, node, node, "the function calls itself; make it a workflow of its own", at, scope);
        }
        let data = match node.get("with") {
            Some(with) => {
                let value = with.value();
                let data = self.data(&value, name, with, at, scope);
                self.kept_short(data, name, with, scope)
            }
            None => at.data.clone(),
        };
        self.calling.push(function.to_owned());
        let inner = Entry { data, ..at.clone() };
        let exits = self.task(name, body, inner, scope);
        self.calling.pop();
        exits
    }

    fn http(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let with = node.get("with");
        let Some((with, endpoint)) = with.and_then(|with| Some((with, with.get("endpoint")?))) else {
            return self.not_translated(name, node, node, "the request has no `endpoint`", at, scope);
        };
        let method = with.get("method").and_then(Node::text).unwrap_or("get").to_ascii_uppercase();
        let uri = if endpoint.is_map() { endpoint.get("uri") } else { Some(endpoint) };
        let Some((uri, text)) = uri.and_then(|uri| Some((uri, uri.text()?))) else {
            return self.not_translated(name, node, endpoint, "the `endpoint` has no address", at, scope);
        };
        let mut url = self.address(name, text, uri, at, scope);
        if let Some(query) = with.get("query") {
            let values = self.template_map(query, name, at, scope);
            url.push_str(&query_text(&values));
            if values.keys().next().is_some() {
                self.report.approximated(query, "the query is part of `url` here: values that need it must be percent-encoded");
            }
        }
        let mut http = Map::new().with("method", method).with("url", url);
        let headers = with.get("headers").map(|headers| self.template_map(headers, name, at, scope)).unwrap_or_default();
        if let Some(authentication) = endpoint.get("authentication") {
            self.authenticate(authentication, name, &mut http, at, scope);
        }
        http.put_filled("headers", headers);
        if let Some(body) = with.get("body") {
            let value = body.value();
            let template = self.template(&value, name, body, at, scope);
            http.put("json", template);
        }
        self.report.drop_key(with, "redirect", "redirects are followed, and their status is not an error");
        let output = with.get("output");
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("http", http));
        let data = match output.and_then(Node::string) {
            Some("response") => {
                if let Some(output) = output {
                    self.report.approximated(
                        output,
                        "the response is `{status, headers, body}` here, not `{request, statusCode, headers, content}`",
                    );
                }
                Data::output(&id)
            }
            Some("raw") => {
                if let Some(output) = output {
                    self.report.approximated(output, "the body is given out as it is, not in base64");
                }
                Data::output(&id).field("body")
            }
            _ => Data::output(&id).field("body"),
        };
        Exits::one(&id, data)
    }

    /// An address: one expression, or text with `{name}` in it, which is a field of the data.
    fn address(&mut self, name: &str, text: &str, place: Node<'s>, at: &mut Entry, scope: &mut Scope) -> String {
        if runtime::program(text).is_some() {
            return cel::whole(&self.expression(name, text, place, at, scope).expression());
        }
        let mut parts = Vec::new();
        for piece in runtime::pieces(text).unwrap_or_else(|| vec![Piece::Text(text)]) {
            let mut rest = match piece {
                Piece::Text(text) => text,
                Piece::Program(program) => {
                    let value = self.expression(name, program, place, at, scope);
                    parts.push(Part::Expression(value.expression()));
                    continue;
                }
            };
            while let Some((before, after)) = rest.split_once('{') {
                let Some((field, behind)) = after.split_once('}') else { break };
                parts.push(Part::Text(before.to_owned()));
                let program = if field.starts_with(['.', '$']) { field.to_owned() } else { format!(".{field}") };
                let value = self.expression(name, &program, place, at, scope);
                parts.push(Part::Expression(value.expression()));
                rest = behind;
            }
            parts.push(Part::Text(rest.to_owned()));
        }
        cel::template(&parts)
    }

    fn authenticate(&mut self, node: Node<'s>, name: &str, http: &mut Map, at: &mut Entry, scope: &mut Scope) {
        let named = node.string().or_else(|| node.get("use").and_then(Node::text));
        let policies = self.usable.and_then(|usable| usable.get("authentications"));
        let policy = match named {
            Some(name) => match policies.and_then(|policies| policies.get(name)) {
                Some(policy) => policy,
                None => {
                    self.report
                        .dropped(node, format!("there is no authentication `{name}` under `use`: the request goes without"));
                    return;
                }
            },
            None => node,
        };
        if let Some(bearer) = policy.get("bearer") {
            let token = self.credential(bearer, "token", name, at, scope);
            http.put("auth", Map::new().with("bearer", token));
        } else if let Some(basic) = policy.get("basic") {
            let user = self.credential(basic, "username", name, at, scope);
            let password = self.credential(basic, "password", name, at, scope);
            http.put("auth", Map::new().with("basic", Map::new().with("user", user).with("password", password)));
        } else {
            self.report.dropped(
                policy,
                "only `bearer` and `basic` are translated: get a token in a step before, and put it into a header",
            );
        }
    }

    /// A field of a credential, which may be a secret, as a template.
    fn credential(&mut self, node: Node<'s>, field: &str, name: &str, at: &mut Entry, scope: &mut Scope) -> Yaml {
        if let Some(secret) = node.get("use").and_then(Node::text) {
            let id = crate::names::identifier(&format!("{secret}_{field}"));
            self.workflow.secret(&id);
            self.report.approximated(
                node,
                format!("the field `{field}` of the secret `{secret}` is the secret `{id}` here, because secrets are texts"),
            );
            return cel::whole(&format!("secrets.{id}")).into();
        }
        match node.get(field).and_then(|value| Some((value, value.text()?))) {
            Some((value, text)) => self.template(&text.into(), name, value, at, scope),
            None => "".into(),
        }
    }

    fn mcp(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let with = node.get("with");
        let method = with.and_then(|with| with.get("method")).and_then(Node::text);
        let (Some(with), Some("tools/call")) = (with, method) else {
            return self.not_translated(name, node, node, "only `tools/call` of an MCP server is translated", at, scope);
        };
        let parameters = with.get("parameters");
        let Some(tool) = parameters.and_then(|parameters| parameters.get("name")).and_then(Node::text) else {
            return self.not_translated(name, node, with, "it does not name a tool", at, scope);
        };
        let server_id = crate::names::identifier(&format!("{name}_server"));
        let mut server = Map::new();
        let transport = with.get("transport");
        if let Some(http) = transport.and_then(|transport| transport.get("http")) {
            let endpoint = http
                .get("endpoint")
                .map(|endpoint| if endpoint.is_map() { endpoint.get("uri").unwrap_or(endpoint) } else { endpoint });
            server.put_some("url", endpoint.and_then(Node::text).map(cel::escape));
            server.put_filled(
                "headers",
                http.get("headers").map(|headers| self.template_map(headers, name, at, scope)).unwrap_or_default(),
            );
        } else if let Some(stdio) = transport.and_then(|transport| transport.get("stdio")) {
            let arguments = stdio.get("arguments").map(Node::items).unwrap_or_default();
            let words: Vec<String> =
                stdio.get("command").into_iter().chain(arguments).filter_map(|word| word.text().map(cel::escape)).collect();
            server.put("command", words);
            server.put_filled(
                "env",
                stdio.get("environment").map(|environment| self.template_map(environment, name, at, scope)).unwrap_or_default(),
            );
        }
        self.workflow.servers.put(&server_id, server);
        let arguments = parameters
            .and_then(|parameters| parameters.get("arguments"))
            .map(|arguments| self.template_map(arguments, name, at, scope))
            .unwrap_or_default();
        let (mut step, id) = self.open(name, at, scope);
        let mut call = Map::new().with("server", server_id).with("name", tool);
        call.put_filled("arguments", arguments);
        step.put("tool", call);
        if let Some(timeout) = with.get("timeout").and_then(|timeout| self.span(timeout)).filter(|ms| *ms > 0) {
            step.put("timeout", crate::duration::text(timeout));
        }
        for key in ["protocolVersion", "client"] {
            self.report.drop_key(with, key, "the engine settles it with the server");
        }
        scope.steps.push(step);
        Exits::one(&id, Data::output(&id))
    }
}

fn query_text(values: &Map) -> String {
    let pairs: Vec<String> = values
        .keys()
        .map(|key| {
            let value = match values.get(key) {
                Some(Yaml::Text(text)) => text.clone(),
                Some(Yaml::Plain(value)) => value.to_string(),
                _ => String::new(),
            };
            format!("{}={value}", cel::escape(key))
        })
        .collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}
