//! The action of a step: a script, or a placeholder for an action of somebody else.

use indexmap::IndexSet;
use loomwork_workflow::Quotes;

use super::expression::{self, Piece};
use super::scope::Scope;
use super::{Defaults, Env};
use crate::cel::{self, Part};
use crate::draft;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Files by which scripts of the source talk to its runner, and what to do instead.
const RUNNER_FILES: [(&str, &str); 4] = [
    ("GITHUB_OUTPUT", "write the outputs as one JSON object to the file `$LOOMWORK_OUTPUT`"),
    ("GITHUB_ENV", "give out the values as outputs, and take them into the `env` of the steps that need them"),
    ("GITHUB_PATH", "put the folder into the `PATH` of the steps that need it"),
    ("GITHUB_STEP_SUMMARY", "write to the standard output, or to a file"),
];

/// What names of variables begin with that the runner of the source sets.
const RUNNER_VARIABLES: [&str; 2] = ["GITHUB_", "RUNNER_"];

/// So many different ones are looked at in one script.
const MOST_NAMED: usize = 200;

/// Lines by which scripts of the source give orders to its runner.
const RUNNER_COMMANDS: [&str; 12] = [
    "::set-output",
    "::set-env",
    "::add-path",
    "::save-state",
    "::add-mask",
    "::stop-commands",
    "::group::",
    "::endgroup::",
    "::debug::",
    "::notice",
    "::warning",
    "::error",
];

pub(super) fn put_action(step: &mut Map, node: Node<'_>, env: &Env, defaults: &Defaults, scope: &mut Scope<'_>) {
    if let Some(uses) = node.get("uses") {
        put_uses(step, node, uses, env, scope);
        return;
    }
    let script = node.get("run").and_then(|run| Some((run, run.text()?)));
    let Some((run, script)) = script.filter(|(_, script)| !script.trim().is_empty()) else {
        scope.report.placeholder(node, "the step has neither `run` nor `uses`: give it an action");
        draft::placeholder(step, "This step had nothing to do where it came from. Give it an action.");
        return;
    };
    let shell_node = node.get("shell");
    let shell_word = shell_node.and_then(|shell| draft::text_of(shell, scope.report)).or_else(|| defaults.shell.clone());
    let shell = shell_word.as_deref().map_or(Shell { list: None, quote: Some("") }, shell_of);
    if shell.quote.is_none() && shell.list.is_none() && !matches!(shell_word.as_deref(), Some("python")) {
        scope.report.approximated(
            shell_node.unwrap_or(node),
            format!("the shell `{}` is not known; the script runs in `bash`", shell_word.as_deref().unwrap_or_default()),
        );
    }
    let mut values = env.clone();
    let Some(text) = script_text(script, run, &shell, &mut values, scope) else {
        step.comment.extend(std::iter::once("its script was:".to_owned()).chain(script.lines().map(|line| format!("  {line}"))));
        draft::placeholder(
            step,
            "This script had expressions inside, which cannot be put into its language safely. Write it anew and take the values from `env`.",
        );
        return;
    };
    step.put("run", cel::escape(&text));
    if let Some(list) = shell.list {
        step.put("shell", list);
    } else if let Some("python" | "sh") = shell_word.as_deref() {
        step.put("shell", shell_word.clone().unwrap_or_default());
    }
    put_env(step, &values);
    let workdir = node.get("working-directory").and_then(|node| Some((node, node.text()?.to_owned())));
    let workdir = workdir.or_else(|| defaults.workdir.clone().map(|text| (node, text)));
    if let Some((place, text)) = workdir {
        let parts = scope.open_parts(&text, place);
        step.put("workdir", cel::template(&parts));
    }
    report_runner(&text, run, &values, scope);
}

/// Says what a script uses that only the runner of the source has.
fn report_runner(script: &str, run: Node<'_>, env: &Env, scope: &Scope<'_>) {
    for (file, instead) in RUNNER_FILES {
        if script.contains(file) {
            scope.report.approximated(run, format!("the script uses `${file}`, which is not set here: {instead}"));
        }
    }
    let known = |name: &str| {
        RUNNER_FILES.iter().any(|(file, _)| *file == name)
            || env.contains_key(name)
            || scope.workflow_env.iter().any(|set| set == name)
    };
    let words = script.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let of_runner: IndexSet<&str> = words.filter(|word| RUNNER_VARIABLES.iter().any(|start| word.starts_with(start))).collect();
    let unset: Vec<String> =
        of_runner.into_iter().take(MOST_NAMED).filter(|word| !known(word)).map(|word| format!("${word}")).collect();
    if !unset.is_empty() {
        let message = format!(
            "the script uses `{}`, which only the runner of the source sets: put what it needs into its `env`",
            unset.join("`, `")
        );
        scope.report.approximated(run, message);
    }
    let commands: Vec<&str> = RUNNER_COMMANDS.into_iter().filter(|command| prints(script, command)).collect();
    if !commands.is_empty() {
        let message = format!(
            "the script prints `{}`, which is plain text here: outputs go as one JSON object into the file `$LOOMWORK_OUTPUT`, and no value is masked by it",
            commands.join("`, `")
        );
        scope.report.approximated(run, message);
    }
}

/// Whether a script has a text that stands at the beginning of a line or of a word.
fn prints(script: &str, text: &str) -> bool {
    script
        .match_indices(text)
        .any(|(at, _)| !script[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '>')))
}

fn put_env(step: &mut Map, env: &Env) {
    let mut map = Map::new();
    for (key, parts) in env {
        map.put(key, cel::template(parts));
    }
    step.put_filled("env", map);
}

/// An action of somebody else.
fn put_uses(step: &mut Map, node: Node<'_>, uses: Node<'_>, env: &Env, scope: &mut Scope<'_>) {
    let name = uses.text().unwrap_or_default().to_owned();
    for (key, value) in node.get("with").map(Node::entries).unwrap_or_default() {
        let value = value.value();
        step.comment.push(format!("with {key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    for (key, parts) in env {
        let text: String = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Expression(expression) => cel::whole(expression),
            })
            .collect();
        step.comment.push(format!("env {key}: {text}"));
    }
    let hint = match name.split('@').next().unwrap_or_default() {
        "actions/checkout" => " If the workspace is the checkout already, remove the step.",
        "actions/cache" => " Nothing is lost by removing it but time.",
        "actions/upload-artifact" | "actions/download-artifact" => {
            " `artifacts` of a step, or a folder of the workspace, can take its place."
        }
        _ if name.split('@').next().is_some_and(|name| name.starts_with("actions/setup-")) => {
            " If the tool is installed on this machine, remove the step."
        }
        _ => "",
    };
    scope.report.placeholder(uses, format!("the action `{name}` is code of somebody else and cannot be translated. Its step fails until you replace it by commands.{hint}"));
    draft::placeholder(
        step,
        &format!("The action {name} cannot be translated. Replace this step by commands that do the same.{hint}"),
    );
}

/// A shell, and how its scripts read an environment variable.
struct Shell {
    list: Option<Yaml>,
    /// Before the name of a variable; none: not known.
    quote: Option<&'static str>,
}

fn shell_of(word: &str) -> Shell {
    let list = |words: &[&str]| Some(Yaml::from(words.to_vec()));
    match word {
        // The source runs an explicit `bash` with `pipefail`, a default one without.
        "bash" => Shell { list: list(&["bash", "-eo", "pipefail", "{0}"]), quote: Some("") },
        "sh" => Shell { list: None, quote: Some("") },
        "python" => Shell { list: None, quote: None },
        "pwsh" | "powershell" => Shell { list: list(&[word, "-NoProfile", "-Command", ". '{0}'"]), quote: Some("env:") },
        custom if custom.contains("{0}") => {
            let posix = custom.starts_with("bash") || custom.starts_with("sh ");
            Shell { list: list(&custom.split_whitespace().collect::<Vec<_>>()), quote: posix.then_some("") }
        }
        _ => Shell { list: None, quote: None },
    }
}

/// The script with its expressions moved into the environment; none when its language has no known way to read them.
fn script_text(script: &str, run: Node<'_>, shell: &Shell, env: &mut Env, scope: &mut Scope<'_>) -> Option<String> {
    let pieces = expression::split(script);
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        return Some(script.to_owned());
    }
    let Some(prefix) = shell.quote else {
        scope.report.placeholder(run, "the script has expressions inside and is not written for a shell that could read them from its environment; its step fails until you write it anew");
        return None;
    };
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Expression(source) => {
                let parts = scope.parts(&format!("${{{{{source}}}}}"), run);
                let name = free_name(&Scope::variable_name(source), &parts, env);
                match Quotes::at_the_end_of(&text) {
                    Quotes::Single => scope.report.approximated(run, format!("`${{{{{source}}}}}` stands in single quotes, where a shell does not look at variables: use double quotes around `${name}`")),
                    Quotes::Verbatim(end) => scope.report.approximated(run, format!("`${{{{{source}}}}}` stands in a here-document whose end is quoted (`{end}`), where a shell does not look at variables: take the quotes off, and write `\\$` for what is to stay as it is")),
                    Quotes::Unsure if prefix.is_empty() => scope.report.approximated(run, format!("it cannot be told what a shell makes of `${name}` where `${{{{{source}}}}}` stood: look whether it has the value there, as one word")),
                    Quotes::None | Quotes::Double | Quotes::Document | Quotes::Unsure => {}
                }
                env.insert(name.clone(), parts);
                text.push_str(&if prefix.is_empty() { format!("${{{name}}}") } else { format!("${prefix}{name}") });
            }
        }
    }
    scope.report.translated(
        run,
        "expressions of the script are environment variables of the step now: a value cannot be taken for commands",
    );
    Some(text)
}

fn free_name(base: &str, parts: &[Part], env: &Env) -> String {
    let free = |name: &String| env.get(name).is_none_or(|known| known == parts);
    let numbered = (2..1_000).map(|number| format!("{base}_{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(free).unwrap_or_else(|| base.to_owned())
}
