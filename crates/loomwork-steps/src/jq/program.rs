//! Compiling and running a jq program in the present thread.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::data::JustLut;
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{Def, Expect, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use loomwork_run::RunError;
use serde_json::Value;

use super::guard::{self, Stop};
use super::invalid;

/// What other implementations of jq define besides.
const MORE: &str = include_str!("more.jq");

/// Most bytes of a program.
const MAX_PROGRAM_BYTES: usize = 64 << 10;
/// Most opening brackets of a program: deeper than this no program is nested.
const MAX_OPENING: usize = 4_000;
/// Most words and signs of a program. Each may be a level of its nesting (`- - - 1`), so this bounds the stack that reading takes.
const MAX_TOKENS: usize = 10_000;
/// Most names that a message says.
const MOST_NAMES: usize = 5;
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
        Self { message, at: within(program, part) }
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
fn compile(program: &str) -> Result<Filter<JustLut<Val>>, JqFault> {
    let main = Def { name: MAIN, args: Vec::new(), body: parse(program)? };
    load(&Arena::default(), vec![main], MAIN).map_err(|unknown| undefined(program, &unknown))
}

/// What is wrong with each of some programs, before any of them runs. All of them are compiled as one, because what comes with jq is
/// most of the work.
pub(super) fn check(programs: &[String]) -> Vec<Option<JqFault>> {
    // No program can say these names.
    let names: Vec<String> = (0..programs.len()).map(|at| format!("program {at}")).collect();
    let mut faults = vec![None; programs.len()];
    let mut mains = Vec::new();
    for ((program, name), fault) in programs.iter().zip(&names).zip(&mut faults) {
        match parse(program) {
            Ok(body) => mains.push(Def { name: name.as_str(), args: Vec::new(), body }),
            Err(found) => *fault = Some(found),
        }
    }
    let arena = Arena::default();
    if let Err(unknown) = load(&arena, mains, ".") {
        for (program, fault) in programs.iter().zip(&mut faults) {
            let own: Vec<Unknown<'_>> = unknown.iter().filter(|(name, _)| within(program, name).is_some()).cloned().collect();
            if !own.is_empty() {
                *fault = Some(undefined(program, &own));
            }
        }
    }
    faults
}

/// A name that is not defined, as it stands in the program, and in words.
type Unknown<'p> = (&'p str, String);

fn load<'p>(arena: &'p Arena, mains: Vec<Def<&'p str>>, code: &'p str) -> Result<Filter<JustLut<Val>>, Vec<Unknown<'p>>> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let more = jaq_core::load::parse(MORE, |parser| parser.defs()).unwrap_or_default();
    let defs = defs.chain(more).map(as_long_as).chain(mains).map(guard::guarded);
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    // Definitions that come with jq name them, so each stays, and fails.
    let funs = funs.map(|(name, arguments, native)| {
        let native = if WITHHELD.contains(&name) { guard::withheld() } else { native };
        (name, arguments, native)
    });
    let funs = funs.chain([guard::filter()]);
    // Nothing that is loaded here names another file.
    let modules = Loader::new(defs).load(arena, File { code, path: () }).map_err(|_| Vec::new())?;
    Compiler::<_, JustLut<Val>>::default().with_funs(funs).compile(modules).map_err(|errors| {
        let words = |(name, what): (&'p str, Undefined)| match what {
            Undefined::Filter(0) => (name, format!("filter `{name}` without arguments")),
            Undefined::Filter(1) => (name, format!("filter `{name}` with one argument")),
            Undefined::Filter(arguments) => (name, format!("filter `{name}` with {arguments} arguments")),
            what => (name, format!("{} `{name}`", what.as_str())),
        };
        errors.into_iter().flat_map(|(_, errors)| errors).map(words).collect()
    })
}

fn undefined(program: &str, unknown: &[Unknown<'_>]) -> JqFault {
    let Some((first, _)) = unknown.first() else { return JqFault::whole("the jq program cannot be loaded".to_owned()) };
    let mut names: Vec<&str> = unknown.iter().take(MOST_NAMES).map(|(_, words)| words.as_str()).collect();
    let more = format!("{} more", unknown.len() - names.len());
    if unknown.len() > names.len() {
        names.push(&more);
    }
    JqFault::of(program, first, format!("the jq program uses what is not defined: {}", names.join(", ")))
}

fn parse(program: &str) -> Result<Term<&str>, JqFault> {
    // Reading goes as deep as a program is nested, and each level takes a part of the stack.
    let opening = program.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count();
    if program.len() > MAX_PROGRAM_BYTES || opening > MAX_OPENING {
        let message = format!(
            "the jq program has {} bytes and {opening} opening brackets; at most {MAX_PROGRAM_BYTES} and {MAX_OPENING} are taken. Divide it into several steps",
            program.len()
        );
        return Err(JqFault::whole(message));
    }
    let wanted = |what: &str| format!("the jq program cannot be read: {what} is expected here");
    let tokens = Lexer::new(program).lex().map_err(|errors| match errors.first() {
        Some((expected, rest)) => {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            JqFault::of(program, &rest[..length], wanted(expected.as_str()))
        }
        None => JqFault::whole("the jq program cannot be read".to_owned()),
    })?;
    let count = count(&tokens);
    if count > MAX_TOKENS {
        let message =
            format!("the jq program has {count} words and signs; at most {MAX_TOKENS} are taken. Divide it into several steps");
        return Err(JqFault::whole(message));
    }
    let wanted = |expected: &Expect<&str>| match expected {
        Expect::Nothing => "the jq program cannot be read: what begins here does not belong to it".to_owned(),
        other => wanted(other.as_str()),
    };
    Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| match errors.first() {
        Some((expected, Some(found))) => JqFault::of(program, found.0, wanted(expected)),
        Some((expected, None)) => JqFault::of(program, &program[program.len()..], wanted(expected)),
        None => JqFault::whole("the jq program cannot be read".to_owned()),
    })
}

fn count(tokens: &[Token<&str>]) -> usize {
    let inside = |token: &Token<&str>| match &token.1 {
        Tok::Block(tokens) => count(tokens),
        Tok::Str(parts) => {
            parts.iter().map(|part| if let StrPart::Term(token) = part { count(std::slice::from_ref(token)) } else { 0 }).sum()
        }
        _ => 0,
    };
    tokens.iter().map(|token| 1 + inside(token)).sum()
}

/// Where a part of a program stands in it, if it is one.
fn within(program: &str, part: &str) -> Option<Range<usize>> {
    let (whole, part) = (program.as_bytes().as_ptr_range(), part.as_bytes().as_ptr_range());
    let inside = whole.start <= part.start && part.end <= whole.end;
    inside.then(|| part.start.addr() - whole.start.addr()..part.end.addr() - whole.start.addr())
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
    fn filters_of_other_implementations_are_there() {
        let rows = json!([["a \"b\"", 1.5, null, true], ["t\tn\n\\", 2, false, ""]]);
        assert_eq!(run("map(@csv)", rows.clone()).unwrap(), json!(["\"a \"\"b\"\"\",1.5,,true", "\"t\tn\n\\\",2,false,\"\""]));
        assert_eq!(run("map(@tsv)", rows).unwrap(), json!(["a \"b\"\t1.5\t\ttrue", "t\\tn\\n\\\\\t2\tfalse\t"]));
        assert!(refused("@csv", json!([[1]])).contains("array is no value of a row"));
        assert_eq!(run("@csv \"n: \\(.)\"", json!([1, "x"])).unwrap(), json!("n: 1,\"x\""));
        assert_eq!(
            run("[INDEX(.id)[\"2\"].v, (.[0].id | IN(1, 5)), IN(.[].id; 7)]", json!([{"id": 1}, {"id": 2, "v": "x"}])).unwrap(),
            json!(["x", true, false])
        );
        let events = json!([[["a", 0], 1], [["a", 1, "b"], 2], [["a", 1, "b"]], [["a", 1]], [["a"]]]);
        assert_eq!(run("[tostream]", json!({"a": [1, {"b": 2}]})).unwrap(), events);
        for value in [json!({"a": [1, {"b": 2}], "c": []}), json!([]), json!(7), json!([[1], {"x": {}}])] {
            assert_eq!(run("fromstream(tostream)", value.clone()).unwrap(), value);
        }
        assert_eq!(
            run("[(1 | toarray), ([1] | toarray), (\"xax\" | trimstr(\"x\"))]", json!(null)).unwrap(),
            json!([[1], [1], "a"])
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
    fn a_program_is_read_within_the_stack_however_it_is_nested() {
        for (open, close, levels) in [
            ("(", ")", 32_000),
            ("[", "]", 20_000),
            ("-", "", 60_000),
            (".[", "]", 16_000),
            ("f(", "", 16_000),
            ("[", "", 60_000),
        ] {
            let program = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            assert!(refused(&program, json!(1)).contains("at most"), "{open}");
        }
        // What is just within the bounds is read, in every way that nests.
        for (open, close, levels) in [
            ("(", ")", 3_999),
            ("[", "]", 3_999),
            ("-", "", 9_998),
            (".[", "]", 3_300),
            ("try ", "", 9_998),
            ("def f: ", "; f", 1_600),
            ("if 1 then ", " end", 2_400),
            (". as $x | ", "", 1_900),
            ("1 | ", "", 4_900),
            ("1 + ", "", 4_900),
            ("\"\\(", ")\"", 3_300),
            ("{a: ", "}", 2_400),
            ("first(", ")", 2_400),
        ] {
            let program = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let work = move || super::check(&[program]);
            let thread = std::thread::Builder::new().stack_size(guard::STACK_BYTES).spawn(work).unwrap();
            assert_eq!(thread.join().unwrap(), [None], "{open}");
        }
    }

    #[test]
    fn each_of_several_programs_has_its_own_fault() {
        let programs = ["map(.a)", "no_such", "map(", "def f: 1; f(1)", "f", "$x"].map(str::to_owned);
        let faults = check(&programs);
        let said: Vec<&str> = faults.iter().map(|fault| fault.as_ref().map_or("", |fault| fault.message.as_str())).collect();
        assert_eq!(said[0], "");
        assert!(said[1].ends_with("not defined: filter `no_such` without arguments"), "{}", said[1]);
        assert!(said[2].contains("cannot be read"), "{}", said[2]);
        assert!(said[3].ends_with("filter `f` with one argument"), "{}", said[3]);
        assert!(said[4].ends_with("filter `f` without arguments"), "{}", said[4]);
        assert!(said[5].ends_with("variable `$x`"), "{}", said[5]);
        assert_eq!(faults[3].as_ref().unwrap().at, Some(10..11));
        let many = (0..50).map(|at| format!("f{at}")).collect::<Vec<_>>().join("|");
        assert!(check(&[many])[0].as_ref().unwrap().message.ends_with("`f4` without arguments, 45 more"));
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
