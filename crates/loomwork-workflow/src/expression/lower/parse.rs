//! From the text of an expression to its program.

use cel::parser::PrattParser;

use super::Lowering;
use crate::expression::meter::MAX_SOURCE;
use crate::expression::program::{Code, Problem, ProblemKind, Program, Root};

impl Program {
    /// Parses and resolves an expression.
    pub(crate) fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let whole = |kind, message: String| vec![Problem { kind, message, start: 0, end: source.len(), suggestion: None }];
        if source.len() > MAX_SOURCE {
            let message = format!("the expression has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
            return Err(whole(ProblemKind::TooLarge, message));
        }
        if source.trim().is_empty() {
            return Err(whole(ProblemKind::Syntax, "the expression is empty".to_owned()));
        }
        let parser = PrattParser::new().max_recursion_depth(64).error_recovery_limit(4).error_reporting_limit(8);
        let tree = parser.parse(source).map_err(|errors| {
            let first = errors.errors.into_iter().next();
            vec![first.map_or_else(
                || Problem {
                    kind: ProblemKind::Syntax,
                    message: "it is not an expression".to_owned(),
                    start: 0,
                    end: source.len(),
                    suggestion: None,
                },
                |error| syntax_problem(source, error.pos, &error.msg),
            )]
        })?;
        let mut lowering = Lowering {
            source,
            locals: Vec::new(),
            guards: Vec::new(),
            in_has: 0,
            references: Vec::new(),
            roots: Vec::new(),
            problems: Vec::new(),
        };
        let code = lowering.lower(&tree, 0);
        if !matches!(code, Some(Code::Secret(_)))
            && let Some(Root::Secret(name)) = lowering.roots.iter().find(|root| matches!(root, Root::Secret(_)))
        {
            let message = format!("a secret stands alone, its value is not known to expressions: `${{{{ secrets.{name} }}}}`");
            let name = name.clone();
            lowering.problem(ProblemKind::SecretInside, &name, message, None);
        }
        match code {
            Some(code) if lowering.problems.is_empty() => {
                Ok(Self { source: source.to_owned(), code, references: lowering.references, roots: lowering.roots })
            }
            _ if lowering.problems.is_empty() => Err(whole(ProblemKind::Syntax, "it is not an expression".to_owned())),
            _ => Err(lowering.problems),
        }
    }
}

fn syntax_problem(source: &str, (line, column): (isize, isize), message: &str) -> Problem {
    let line_start = usize::try_from(line - 1)
        .ok()
        .and_then(|line| source.split_inclusive('\n').take(line).map(str::len).reduce(|a, b| a + b).or(Some(0)))
        .unwrap_or(0);
    let start = source[line_start..]
        .char_indices()
        .nth(usize::try_from(column - 1).unwrap_or(0))
        .map_or(source.len(), |(at, _)| line_start + at);
    let end = source[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.replace("mismatched input '<EOF>' expecting expression", "something is missing at its end");
    let message = message
        .replace("mismatched input ", "unexpected ")
        .replace("expecting", "where this should stand:")
        .replace("<EOF>", "the end");
    let kind = if message.contains("limit exceeded") { ProblemKind::TooLarge } else { ProblemKind::Syntax };
    Problem { kind, message, start, end, suggestion: None }
}
