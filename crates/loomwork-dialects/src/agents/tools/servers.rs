//! The tools of the source: MCP servers, with what a section of an environment changes of them.

use indexmap::IndexMap;

use crate::agents::parts;
use crate::cel::{self, Part};
use crate::draft::Workflow;
use crate::duration;
use crate::names::Names;
use crate::report::Report;
use crate::source::Node;
use crate::yaml::Map;

/// Sections of the root that are not environments.
const ROOT: [&str; 3] = ["tools", "agents", "workflows"];

/// A server of ours, with the secrets and variables that its text names.
#[derive(Clone, Default)]
struct Server {
    map: Map,
    secrets: Vec<String>,
    variables: Vec<String>,
    retries: u64,
}

/// All servers, and the environments.
pub(super) struct Servers {
    servers: IndexMap<String, (String, Server)>,
    /// Environment → tool → what it overrides.
    profiles: IndexMap<String, IndexMap<String, Server>>,
}

impl Servers {
    pub(super) fn read(root: Node<'_>, report: &Report) -> Self {
        let mut names = Names::new();
        let mut this = Self { servers: IndexMap::new(), profiles: IndexMap::new() };
        for tool in root.get("tools").map(Node::items).unwrap_or_default() {
            let Some(id) = tool.get("id").and_then(Node::text) else { continue };
            if let Some(server) = server(tool, report, true) {
                this.servers.insert(id.to_owned(), (names.claim(id), server));
            }
        }
        for (name, section) in root.entries().into_iter().filter(|(name, _)| !ROOT.contains(name)) {
            let mut profile = IndexMap::new();
            for tool in section.get("tools").map(Node::items).unwrap_or_default() {
                let Some(id) = tool.get("id").and_then(Node::text) else { continue };
                if !this.servers.contains_key(id) {
                    report.dropped(tool, format!("`{id}` is not among `tools`: there is nothing that `{name}` could override"));
                } else if let Some(server) = server(tool, report, false) {
                    profile.insert(id.to_owned(), server);
                }
            }
            if !profile.is_empty() {
                report.translated(section, format!("the environment `{name}` is a profile"));
                this.profiles.insert(name.to_owned(), profile);
            }
        }
        this
    }

    pub(super) fn id(&self, tool: &str) -> Option<String> {
        self.servers.get(tool).map(|(id, _)| id.clone())
    }

    pub(super) fn retries(&self, tool: &str) -> u64 {
        self.servers.get(tool).map_or(0, |(_, server)| server.retries)
    }

    /// Puts the servers that a workflow uses, and its profiles.
    pub(super) fn put(&self, workflow: &mut Workflow, used: &[String]) {
        let mut profiles: IndexMap<&str, Map> = IndexMap::new();
        // Servers that no step uses stay too: an agent may get them later, and nothing of the source is lost.
        let order = used.iter().chain(self.servers.keys().filter(|tool| !used.contains(tool)));
        for tool in order {
            let Some((id, server)) = self.servers.get(tool) else { continue };
            workflow.servers.put(id, server.map.clone());
            declare(workflow, server);
            for (name, profile) in &self.profiles {
                if let Some(server) = profile.get(tool) {
                    let entry = profiles.entry(name).or_default();
                    *entry = std::mem::take(entry).with(id, server.map.clone());
                    declare(workflow, server);
                }
            }
        }
        for (name, servers) in profiles {
            workflow.profiles.put(name, Map::new().with("servers", servers));
        }
    }
}

fn declare(workflow: &mut Workflow, server: &Server) {
    server.secrets.iter().for_each(|name| workflow.secret(name));
    for name in &server.variables {
        if !workflow.env.has(name) {
            workflow.env.put(name, "");
        }
    }
}

fn server(node: Node<'_>, report: &Report, whole: bool) -> Option<Server> {
    let kind = node.get("type").and_then(Node::text).unwrap_or("mcpremote").to_owned();
    let Some(name) = kind.strip_prefix("mcp") else {
        report.dropped(
            node,
            format!("a tool of the type `{kind}` is no MCP server: it is left out, and the agents work without it"),
        );
        return None;
    };
    let mut server = Server::default();
    if let Some(description) = node.get("description").and_then(Node::text) {
        server.map.put("description", description);
    }
    if let Some(url) = node.get("mcp_url")
        && let Some(text) = url.text()
    {
        let (text, names) = with_variables(text, "env");
        if !names.is_empty() {
            report.approximated(
                url,
                format!("{} came from the environment; put the value into the workflow's `env`", names.join(", ")),
            );
        }
        server.variables.extend(names);
        server.map.put("url", text);
    } else if whole {
        let command = match name {
            "filesystem" => vec!["npx", "-y", "@modelcontextprotocol/server-filesystem", "."],
            "remote" | "" => vec!["false"],
            other => vec!["npx", "-y", other],
        };
        report.approximated(
            node,
            format!(
                "the type `{kind}` does not say how its server is started; `command: [{}]` was put: check it",
                command.join(", ")
            ),
        );
        server.map.put("command", command);
    }
    let mut headers = Map::new();
    for (name, value) in node.get("headers").map(Node::entries).unwrap_or_default() {
        let Some(text) = value.text() else { continue };
        let (text, names) = with_variables(text, "secrets");
        for secret in &names {
            report
                .translated(value, format!("`${{{secret}}}` is the secret `{secret}` here: put it into .loomwork/secrets.json"));
        }
        server.secrets.extend(names);
        headers.put(name, text);
    }
    server.map.put_filled("headers", headers);
    if let Some(timeout) = node.get("timeout") {
        server.map.put_some("timeout", duration::loose(timeout).filter(|ms| *ms > 0).map(duration::text));
    }
    if let Some(retries) = node.get("retry_count")
        && let Some(count) = retries.whole()
    {
        server.retries = count;
        if whole {
            report.approximated(
                retries,
                format!("{count} retries of a tool's call are retries of the steps whose agent has the tool"),
            );
        } else {
            report.dropped(retries, "profiles do not change how often a step is retried");
        }
    }
    Some(server)
}

/// Whether a name is one of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A text whose `${NAME}` read from a scope of ours, and the names.
fn with_variables(text: &str, scope: &str) -> (String, Vec<String>) {
    let mut names = Vec::new();
    let parts: Vec<Part> = parts(text, |after| {
        let name = after.strip_prefix('{')?.split('}').next()?;
        (is_variable(name) && after.len() >= name.len() + 2).then(|| {
            names.push(name.to_owned());
            (name.len() + 2, format!("{scope}.{name}"))
        })
    });
    (cel::template(&parts), names)
}
