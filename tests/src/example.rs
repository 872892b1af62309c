//! The examples of a page of documentation: what is run, what people and servers do meanwhile, and what must come of it.
//!
//! An example begins with a block `yaml run` (or `yaml refused`, `yaml invalid`) and ends with the next block `json outcome`.
//! Between them may stand files, the answers of a server, and what people type. See `docs/language/README.md` for readers.
//!
//! Not here: carrying an example out (`stage`).

use serde_json::Value;

use crate::http::Answer;

/// What is to be seen of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It runs.
    Run,
    /// It is valid, but this version does not run it.
    Refused,
    /// It has errors.
    Invalid,
}

/// One example.
#[derive(Debug, Clone)]
pub struct Example {
    /// Line of the page on which it begins.
    pub line: usize,
    /// What is to be seen of it.
    pub kind: Kind,
    /// The workflow, whole.
    pub workflow: String,
    /// Its id.
    pub id: String,
    /// Inputs, as `NAME=VALUE`.
    pub inputs: Vec<String>,
    /// Other files: path in the workspace and text.
    pub files: Vec<(String, String)>,
    /// Answers of the server.
    pub answers: Vec<Answer>,
    /// What people do while it runs.
    pub deeds: Vec<Deed>,
    /// What must come of it.
    pub outcome: Value,
}

/// Something that a person types once something holds.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// Step (none for the run) and status.
    pub once: Vec<(Option<String>, String)>,
    /// The words of the command.
    pub words: Vec<String>,
    /// Exit code.
    pub exit: i32,
}

/// A fenced block.
struct Block<'a> {
    line: usize,
    head: Vec<&'a str>,
    text: String,
}

/// The examples of a page, in its order.
///
/// # Panics
/// When a block is not written as it must be; the message names its line.
pub fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut open: Option<Example> = None;
    for block in blocks(page) {
        let kind = match block.head[..] {
            ["yaml", "run", ..] => Some(Kind::Run),
            ["yaml", "refused"] => Some(Kind::Refused),
            ["yaml", "invalid"] => Some(Kind::Invalid),
            _ => None,
        };
        if let Some(kind) = kind {
            assert!(open.is_none(), "line {}: the example before has no outcome", block.line);
            open = Some(begin(kind, &block));
            continue;
        }
        let Some(example) = &mut open else { continue };
        match block.head[..] {
            ["json", "outcome"] => {
                example.outcome =
                    serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("line {}: {error}", block.line));
                found.extend(open.take());
            }
            ["http"] => example.answers.extend(block.text.lines().map(|line| answer(line, block.line))),
            ["console"] => example.deeds.extend(deeds(&block)),
            [_, file] if file.starts_with("file=") => example.files.push((file["file=".len()..].to_owned(), block.text)),
            _ => panic!("line {}: what is a block `{}` within an example?", block.line, block.head.join(" ")),
        }
    }
    assert!(open.is_none(), "the last example has no outcome");
    found
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let Some(head) = text.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().map(|(_, text)| text).take_while(|text| !text.starts_with("```")).collect();
        blocks.push(Block { line, head: head.split_whitespace().collect(), text: inside.join("\n") + "\n" });
    }
    blocks
}

fn begin(kind: Kind, block: &Block<'_>) -> Example {
    let whole = block.text.lines().any(|line| line.starts_with("loomwork:"));
    let workflow = if whole { block.text.clone() } else { format!("loomwork: 1\nid: example\n{}", block.text) };
    let id = workflow.lines().find_map(|line| line.strip_prefix("id:")).unwrap_or("example").trim().to_owned();
    Example {
        line: block.line,
        kind,
        workflow,
        id,
        inputs: block.head.iter().skip(2).map(|&input| input.to_owned()).collect(),
        files: Vec::new(),
        answers: Vec::new(),
        deeds: Vec::new(),
        outcome: Value::Null,
    }
}

/// `GET /path → 200 {"json": true}`, with further headers in parentheses before the body: `(Retry-After: 1)`.
fn answer(text: &str, line: usize) -> Answer {
    let parse = || {
        let (request, rest) = text.split_once(" → ")?;
        let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (header, body) = match rest.strip_prefix('(') {
            Some(rest) => rest.split_once(')').map(|(header, body)| (Some(header), body))?,
            None => (None, rest),
        };
        let headers = match header {
            Some(header) => vec![header.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()))?],
            None => Vec::new(),
        };
        Some(Answer { request: request.to_owned(), status: status.parse().ok()?, headers, body: body.trim().to_owned() })
    };
    parse().unwrap_or_else(|| panic!("line {line}: `{text}` is no answer"))
}

/// Lines `# once …`, each before the commands that it is for; lines `$ COMMAND`, with `# exits N` behind those that are refused.
fn deeds(block: &Block<'_>) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let mut once = Vec::new();
    for line in block.text.lines() {
        if let Some(conditions) = line.strip_prefix("# once ") {
            once = conditions.split(" and ").map(|text| condition(text, block.line)).collect();
        } else if let Some(command) = line.strip_prefix("$ ") {
            let (command, exit) = match command.rsplit_once("# exits ") {
                Some((command, code)) => (command, code.trim().parse().expect("an exit code")),
                None => (command, 0),
            };
            deeds.push(Deed { once: std::mem::take(&mut once), words: words(command), exit });
        }
    }
    deeds
}

/// `the run is STATUS`, or a step's path in backquotes and `is STATUS`.
fn condition(text: &str, line: usize) -> (Option<String>, String) {
    let (what, status) = text.split_once(" is ").unwrap_or_else(|| panic!("line {line}: `{text}` is no condition"));
    let step = what.strip_prefix('`').and_then(|what| what.strip_suffix('`')).map(str::to_owned);
    assert!(step.is_some() || what == "the run", "line {line}: `{text}` is no condition");
    (step, status.trim().to_owned())
}

/// The words of a command, as a shell without variables would split them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n```yaml run who=Ada n=1\nsteps: []\n```\nMore.\n```http\nGET /a?b → 429 (Retry-After: 1) {}\n```\n```console\n# once `a.b` is waiting and the run is paused\n$ loomwork send go --data '{\"a\": 1}' # exits 4\n```\n```json outcome\n{\"status\": \"failed\"}\n```\n```sh\nnone\n```\n";

    #[test]
    fn an_example_has_what_stands_between_its_workflow_and_its_outcome() {
        let [example] = &examples(PAGE)[..] else { panic!("one example") };
        assert_eq!(
            (example.line, example.id.as_str(), &example.inputs[..]),
            (2, "example", &["who=Ada".to_owned(), "n=1".to_owned()][..])
        );
        assert_eq!(example.workflow, "loomwork: 1\nid: example\nsteps: []\n");
        assert_eq!((example.answers[0].request.as_str(), example.answers[0].status), ("GET /a?b", 429));
        let deed = &example.deeds[0];
        assert_eq!(deed.words, ["loomwork", "send", "go", "--data", "{\"a\": 1}"]);
        assert_eq!((deed.exit, deed.once.len()), (4, 2));
        assert_eq!(deed.once[0], (Some("a.b".to_owned()), "waiting".to_owned()));
    }
}
