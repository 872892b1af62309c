//! Compiling and running a jq program in the present thread.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use loomwork_run::RunError;
use serde_json::Value;

use super::guard::{self, Stop};
use super::invalid;

/// Most bytes of a program.
const MAX_PROGRAM_BYTES: usize = 64 << 10;
/// Most bytes of a result, as JSON.
const MAX_RESULT_BYTES: usize = 16 << 20;
/// Most characters of an error's value in a message.
const MAX_QUOTE_CHARS: usize = 500;

/// The name under which the program itself is defined; it cannot call itself by it.
const MAIN: &str = "loomwork_program";

/// Filters that would let a program see or do more than its input allows, or give another result the next time.
const WITHHELD: [&str; 3] = ["env", "halt", "now"];

/// The one result of a program.
pub(super) fn run(program: &str, input: &Value, stop: Arc<Stop>) -> Result<Value, RunError> {
    guard::obey(stop);
    let filter = compile(program).map_err(|fault| invalid(fault.in_words(program)))?;
    let input = read::parse_single(input.to_string().as_bytes())
        .map_err(|error| invalid(format!("the input of the jq program is too deep or no JSON: {error}")))?;
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = filter.id.run((context, input)).map(unwrap_valr);
    let failed = |error: jaq_core::Error<Val>| invalid(format!("the jq program failed: {}", shortened(&error.to_string())));
    let Some(result) = results.next().transpose().map_err(failed)? else {
        return Err(invalid(
            "the jq program gave no result, and a step has one; write `first(…) // null`, or gather results in [ ]",
        ));
    };
    if results.next().transpose().map_err(failed)?.is_some() {
        return Err(invalid("the jq program gave several results, and a step has one; gather them in [ ]"));
    }
    to_json(&result)
}

/// Why a program can never run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JqFault {
    /// What is wrong, beginning with `the jq program`.
    pub message: String,
    /// Where, in bytes of the program, as far as that is known.
    pub at: Option<Range<usize>>,
}

impl JqFault {
    fn whole(message: String) -> Self {
        Self { message, at: None }
    }

    fn of(program: &str, part: &str, message: String) -> Self {
        let (whole, part) = (program.as_bytes().as_ptr_range(), part.as_bytes().as_ptr_range());
        let within = whole.start <= part.start && part.end <= whole.end;
        let at = within.then(|| part.start.addr() - whole.start.addr()..part.end.addr() - whole.start.addr());
        Self { message, at }
    }

    /// With its line and column.
    fn in_words(&self, program: &str) -> String {
        let Some(at) = &self.at else { return self.message.clone() };
        let before = &program[..at.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{} (line {line}, column {column})", self.message)
    }
}

/// The program with all that comes with jq.
pub(super) fn compile(program: &str) -> Result<Filter<JustLut<Val>>, JqFault> {
    if program.len() > MAX_PROGRAM_BYTES {
        let message = format!("the jq program has {} bytes; at most {MAX_PROGRAM_BYTES} are taken", program.len());
        return Err(JqFault::whole(message));
    }
    let main = Def { name: MAIN, args: Vec::new(), body: parse(program)? };
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let defs = defs.map(as_long_as).chain([main]).map(guard::guarded);
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    // Definitions that come with jq name them, so each stays, and fails.
    let funs = funs.map(|(name, arguments, native)| {
        let native = if WITHHELD.contains(&name) { guard::withheld() } else { native };
        (name, arguments, native)
    });
    let funs = funs.chain([guard::filter()]);
    let arena = Arena::default();
    let modules = Loader::new(defs)
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|_| JqFault::whole("the jq program cannot be loaded".to_owned()))?;
    Compiler::<_, JustLut<Val>>::default().with_funs(funs).compile(modules).map_err(|errors| {
        let unknown: Vec<_> = errors.iter().flat_map(|(_, errors)| errors).collect();
        let names: Vec<String> = unknown.iter().map(|(name, what)| format!("{} `{name}`", what.as_str())).collect();
        let message = format!("the jq program uses what is not defined: {}", names.join(", "));
        unknown.first().map_or_else(|| JqFault::whole(message.clone()), |(name, _)| JqFault::of(program, name, message.clone()))
    })
}

fn parse(program: &str) -> Result<Term<&str>, JqFault> {
    let wanted = |what: &str| format!("the jq program cannot be read: {what} is expected here");
    let tokens = Lexer::new(program).lex().map_err(|errors| match errors.first() {
        Some((expected, rest)) => {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            JqFault::of(program, &rest[..length], wanted(expected.as_str()))
        }
        None => JqFault::whole("the jq program cannot be read".to_owned()),
    })?;
    Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| match errors.first() {
        Some((expected, Some(found))) => JqFault::of(program, found.0, wanted(expected.as_str())),
        Some((expected, None)) => JqFault::of(program, &program[program.len()..], wanted(expected.as_str())),
        None => JqFault::whole("the jq program cannot be read".to_owned()),
    })
}

/// The program lives shorter than the definitions that come with jq.
fn as_long_as<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

fn to_json(result: &Val) -> Result<Value, RunError> {
    let mut text = Bounded(String::new());
    write!(text, "{result}").map_err(|_| {
        invalid(format!(
            "the result of the jq program is larger than {} MiB, the most that may be handed on",
            MAX_RESULT_BYTES >> 20
        ))
    })?;
    serde_json::from_str(&text.0).map_err(|error| {
        invalid(format!("the result of the jq program cannot be written as JSON (a number that is none, or too deep): {error}"))
    })
}

/// A text that refuses to grow beyond the bound.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > MAX_RESULT_BYTES {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use loomwork_run::ErrorClass;
    use serde_json::json;

    use super::*;

    /// In a thread like that of an attempt, because depth is measured against its stack.
    fn run(program: &str, input: Value) -> Result<Value, RunError> {
        let program = program.to_owned();
        let work = move || super::run(&program, &input, Arc::default());
        std::thread::Builder::new().stack_size(guard::STACK_BYTES).spawn(work).unwrap().join().unwrap()
    }

    fn refused(program: &str, input: Value) -> String {
        let error = run(program, input).unwrap_err();
        assert_eq!(error.class, ErrorClass::Validation, "{program}");
        error.message
    }

    #[test]
    fn the_one_result_is_the_output() {
        assert_eq!(run("map(.n) | add", json!([{"n": 3}, {"n": 4}])).unwrap(), json!(7));
        assert_eq!(
            run("{a: .x, b: [.l[] | select(. > 1)]}", json!({"x": "ü", "l": [1, 2.5]})).unwrap(),
            json!({"a": "ü", "b": [2.5]})
        );
        assert_eq!(run("def f: if . > 0 then . - 1 | f else \"end\" end; f", json!(100_000)).unwrap(), json!("end"));
        assert_eq!(run(".a[] |= . + 1 | [paths] | length", json!({"a": [1, 2]})).unwrap(), json!(3));
        assert_eq!(run("reduce range(10) as $i (0; . + $i)", json!(null)).unwrap(), json!(45));
        assert_eq!(
            run("(.. | select(type == \"number\")) |= . * 2 | to_entries", json!({"a": 2})).unwrap(),
            json!([{"key": "a", "value": 4}])
        );
    }

    #[test]
    fn no_result_and_several_are_refused_with_what_to_do() {
        assert!(refused("empty", json!(1)).contains("no result"));
        assert!(refused(".[]", json!([1, 2])).contains("several results"));
    }

    #[test]
    fn a_program_that_cannot_be_read_or_fails_says_so() {
        assert!(refused("map(", json!(1)).contains("cannot be read"));
        assert!(refused("no_such_filter(1)", json!(1)).contains("`no_such_filter`"));
        assert!(refused(".a", json!([1])).contains("failed"));
        assert!(refused("error(\"mine\")", json!(1)).contains("mine"));
    }

    #[test]
    fn a_program_sees_nothing_but_its_input() {
        for program in ["env", "now", "halt(1)", "halt"] {
            assert!(refused(program, json!(1)).contains("not available"), "{program}");
        }
        for program in ["input", "[inputs]", "$ENV"] {
            assert!(refused(program, json!(1)).contains("not defined"), "{program}");
        }
    }

    #[test]
    fn a_program_that_calls_itself_too_deeply_is_stopped() {
        assert!(refused("def f: 1 + f; f", json!(1)).contains("too deeply"));
        assert!(refused("def f: [f]; f", json!(1)).contains("too deeply"));
    }

    #[test]
    fn a_program_that_goes_on_for_ever_obeys() {
        let stop = Arc::new(Stop::default());
        stop.now();
        for program in ["[repeat(1)]", "last(range(1e18))", "reduce range(1e18) as $i (0; . + 1)", "def f: f; f"] {
            let error = super::run(program, &json!(1), Arc::clone(&stop)).unwrap_err();
            assert!(error.message.contains("stopped"), "{program}: {}", error.message);
        }
    }
}
