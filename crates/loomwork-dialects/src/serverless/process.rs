//! `run`: shell commands, scripts, containers, other workflows.

use loomwork_workflow::Quotes;

use super::Importing;
use super::data::Data;
use super::flow::{Entry, Exits, Scope};
use super::runtime;
use crate::cel::{self, Part};
use crate::names::workflow_id;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

impl<'s> Importing<'s, '_> {
    pub(super) fn process(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let Some(run) = node.get("run") else { return Exits::default() };
        if let Some(wait) = run.get("await")
            && wait.boolean() == Some(false)
        {
            self.report.approximated(wait, "a process that nobody waits for does not exist here: the step ends with it");
        }
        if let Some(workflow) = run.get("workflow") {
            return self.child(name, workflow, at, scope);
        }
        let mut action = Map::new();
        if let Err((place, why)) = self.program(name, run, &mut action, at, scope) {
            return self.not_translated(name, node, place, why, at, scope);
        }
        let returned = run.get("return");
        let kind = returned.and_then(Node::string).unwrap_or("stdout");
        let (mut step, id) = self.open(name, at, scope);
        for key in action.keys().map(str::to_owned).collect::<Vec<_>>() {
            if let Some(value) = action.get(&key) {
                step.put(&key, value.clone());
            }
        }
        let output = Data::output(&id);
        let data = match kind {
            "code" => output.field("exit_code"),
            "stderr" => output.field("stderr_tail"),
            "all" => Data::of(format!(
                "{{'code': steps.{id}.output.exit_code, 'stdout': steps.{id}.output.stdout, 'stderr': steps.{id}.output.stderr_tail}}"
            )),
            "none" => Data::of("null"),
            "stdout" => output.field("stdout"),
            other => {
                if let Some(returned) = returned {
                    self.report.dropped(returned, format!("`return: {other}` is not known: the standard output is given out"));
                }
                output.field("stdout")
            }
        };
        if let Some(returned) = returned.filter(|_| matches!(kind, "stderr" | "all" | "code")) {
            self.report.approximated(
                returned,
                "a process that ends with another code than 0 fails its step; of its errors the last lines are kept",
            );
        }
        scope.steps.push(step);
        Exits::one(&id, data)
    }

    /// The action of a process; else what cannot be translated, and why.
    fn program(
        &mut self,
        name: &str,
        run: Node<'s>,
        action: &mut Map,
        at: &mut Entry,
        scope: &mut Scope,
    ) -> Result<(), (Node<'s>, &'static str)> {
        if let Some(shell) = run.get("shell") {
            let Some((place, command)) = shell.get("command").and_then(|command| Some((command, command.text()?.to_owned())))
            else {
                return Err((shell, "there is no `command`"));
            };
            if runtime::program(&command).is_some() {
                let value = self.expression(name, &command, place, at, scope);
                action.put("run", "eval \"$COMMAND\"");
                action.put("env", Map::new().with("COMMAND", cel::whole(&value.expression())));
                self.report.approximated(
                    place,
                    "the command is computed: a script runs what it is, so take care where its parts come from",
                );
            } else {
                let command = self.shell_line(name, &command, place, action, at, scope);
                action.put("run", cel::escape(&command));
            }
            self.surroundings(name, shell, true, action, at, scope);
        } else if let Some(script) = run.get("script") {
            let language = script.get("language").and_then(Node::text).unwrap_or("js");
            let shell = match language {
                "js" | "javascript" | "node" => "node",
                "python" | "py" => "python",
                "sh" | "bash" => language,
                _ => return Err((script, "its language is neither JavaScript nor Python")),
            };
            let Some(code) = script.get("code").and_then(Node::text) else {
                return Err((script, "its source is not in the file"));
            };
            action.put("run", cel::escape(code));
            action.put("shell", shell);
            self.surroundings(name, script, false, action, at, scope);
        } else if let Some(container) = run.get("container") {
            self.container(name, container, action, at, scope);
        } else {
            return Err((run, "it runs neither a shell, a script, a container nor a workflow"));
        }
        Ok(())
    }

    /// A line for a shell with its expressions moved into the environment: a value cannot be taken for commands.
    fn shell_line(
        &mut self,
        name: &str,
        command: &str,
        place: Node<'s>,
        action: &mut Map,
        at: &mut Entry,
        scope: &mut Scope,
    ) -> String {
        let Some(parts) = self.mixed(name, command, place, at, scope) else { return command.to_owned() };
        let (mut env, mut line) = (Map::new(), String::new());
        for part in parts {
            match part {
                Part::Text(text) => line.push_str(&text),
                Part::Expression(value) => {
                    let variable = format!("VALUE_{}", env.keys().count() + 1);
                    let unread = "stands where a shell does not look at variables: in";
                    let why = match Quotes::at_the_end_of(&line) {
                        Quotes::Single => Some(format!("{unread} single quotes; use double quotes")),
                        Quotes::Verbatim(end) => {
                            Some(format!("{unread} a here-document whose end is quoted (`{end}`); take the quotes off"))
                        }
                        Quotes::Unsure => Some("stands where it cannot be told what a shell makes of it: look whether it has its value there, as one word".to_owned()),
                        Quotes::None | Quotes::Double | Quotes::Document => None,
                    };
                    if let Some(why) = why {
                        self.report.approximated(place, format!("`${variable}` {why}"));
                    }
                    line.push_str(&format!("${{{variable}}}"));
                    env.put(&variable, cel::whole(&value));
                }
            }
        }
        action.put("env", env);
        self.report.translated(
            place,
            "expressions of the command are environment variables of the step now: a value cannot be taken for commands",
        );
        line
    }

    /// `environment`, `arguments` and `stdin` of a shell or script.
    fn surroundings(&mut self, name: &str, node: Node<'s>, shell: bool, action: &mut Map, at: &mut Entry, scope: &mut Scope) {
        let mut env = match action.get("env") {
            Some(Yaml::Map(map)) => map.clone(),
            _ => Map::new(),
        };
        if let Some(environment) = node.get("environment") {
            let given = self.template_map(environment, name, at, scope);
            for key in given.keys() {
                env.put(key, given.get(key).map_or_else(|| "".into(), text_of));
            }
        }
        let arguments = node.get("arguments");
        let mut words = Vec::new();
        for (number, argument) in arguments.map(Node::items).unwrap_or_default().into_iter().enumerate() {
            let value = argument.value();
            let template = self.template(&value, name, argument, at, scope);
            let variable = format!("ARGUMENT_{}", number + 1);
            env.put(&variable, text_of(&template));
            words.push(format!("\"${variable}\""));
        }
        for (key, value) in arguments.map(Node::entries).unwrap_or_default() {
            let json = value.value();
            let template = self.template(&json, name, value, at, scope);
            let variable = crate::names::identifier(key);
            env.put(&variable, text_of(&template));
        }
        if let Some(arguments) = arguments {
            if shell && !words.is_empty() {
                let command = match action.get("run") {
                    Some(Yaml::Text(text)) => text.trim_end().to_owned(),
                    _ => String::new(),
                };
                action.put("run", format!("{command} {}", words.join(" ")));
            } else {
                self.report.approximated(
                    arguments,
                    "arguments are environment variables of the script here (`ARGUMENT_1` …, or by their names)",
                );
            }
        }
        action.put_filled("env", env);
        if let Some(stdin) = node.get("stdin") {
            let value = stdin.value();
            let template = self.template(&value, name, stdin, at, scope);
            action.put("stdin", template);
        }
    }

    fn container(&mut self, name: &str, node: Node<'s>, action: &mut Map, at: &mut Entry, scope: &mut Scope) {
        let mut map = Map::new();
        map.put_some("image", node.get("image").and_then(Node::text).map(cel::escape));
        let command = self.container_command(name, node, at, scope);
        if !command.is_empty() {
            map.put("command", command);
        }
        if let Some(environment) = node.get("environment") {
            let env = self.template_map(environment, name, at, scope);
            map.put_filled("env", env);
        }
        if let Some(volumes) = node.get("volumes") {
            let mounts: Vec<Yaml> =
                volumes.entries().into_iter().filter_map(|(from, to)| Some(format!("{from}:{}", to.text()?).into())).collect();
            if !mounts.is_empty() {
                map.put("volumes", mounts);
            }
        }
        for (key, why) in [
            ("name", "containers are named by the engine"),
            ("ports", "containers of steps have no ports"),
            ("lifetime", "a container ends with its step"),
            ("pullPolicy", "images are fetched when they are not there"),
            ("stdin", "put it into a file of a volume"),
        ] {
            self.report.drop_key(node, key, why);
        }
        action.put("container", map);
    }

    /// The command of a container is a line for its shell here, and a list of words in ours; arguments follow it.
    fn container_command(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Vec<Yaml> {
        let mut words: Vec<Yaml> = Vec::new();
        let arguments = node.get("arguments").map(Node::items_or_one).unwrap_or_default();
        if let Some(command) = node.get("command") {
            let line = command.value();
            let text = line.as_str().unwrap_or_default();
            if crate::cel::escape(text) == text && text.chars().all(|c| c.is_ascii_alphanumeric() || " _-./:=,".contains(c)) {
                words.extend(text.split_whitespace().map(Yaml::from));
            } else {
                let line = text_of(&self.template(&line, name, command, at, scope));
                words.extend(["sh".into(), "-c".into(), line]);
                if !arguments.is_empty() {
                    self.report.approximated(command, "the command is a line for a shell: its arguments are `$1`, `$2`, … in it");
                    words.push("sh".into());
                }
            }
        }
        for argument in arguments {
            let value = argument.value();
            words.push(text_of(&self.template(&value, name, argument, at, scope)));
        }
        words
    }

    /// A workflow as a child.
    fn child(&mut self, name: &str, node: Node<'s>, at: &mut Entry, scope: &mut Scope) -> Exits {
        let id = workflow_id(node.get("name").and_then(Node::text).unwrap_or(name));
        self.report.approximated(node, format!("calls the workflow `{id}`: import it too"));
        for key in ["namespace", "version"] {
            self.report.drop_key(node, key, "workflows are called by their id");
        }
        let mut child = Map::new().with("id", id);
        if let Some(input) = node.get("input") {
            let inputs = self.template_map(input, name, at, scope);
            child.put_filled("inputs", inputs);
        }
        let (step, id) = self.open(name, at, scope);
        scope.steps.push(step.with("workflow", child));
        Exits::one(&id, Data::output(&id))
    }
}

/// Values of an environment are texts.
fn text_of(value: &Yaml) -> Yaml {
    match value {
        Yaml::Plain(value) => value.to_string().into(),
        other => other.clone(),
    }
}
