//! Every problem that a workflow can have, by its stable code.
//!
//! Invariant: a code never changes its meaning and is never used again, and each has a page under `docs/diagnostics` with
//! an example. A new code begins with its page: an example that shows it and a mended one; `tests/pages.rs` writes the rest.

use crate::diagnostic::Severity;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code: `LW0101`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// A paragraph: what it means and how to mend it.
    pub help: &'static str,
    /// Its page, in Markdown: the same, with an example and its mended form.
    pub page: &'static str,
}

/// The code of a name, in capitals or not.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code.eq_ignore_ascii_case(code.trim()))
}

macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $title:literal $help:literal)*) => {
        $(
            #[doc = concat!($code, ": ", $title, ".")]
            pub const $name: Code = Code {
                code: $code,
                severity: Severity::$severity,
                title: $title,
                help: $help,
                page: include_str!(concat!("../../../docs/diagnostics/", $code, ".md")),
            };
        )*
        /// All codes, in order.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    SYNTAX "LW0101" Error "not valid YAML"
        "The text cannot be read as YAML 1.2 from the marked place on. Often a quotation mark is not closed, a colon lacks the space after it, or a line is indented differently from its neighbours. What stands before the place is still shown."
    TAB "LW0102" Error "a tab as indentation"
        "YAML forbids tabs at the beginning of a line, because their width is not defined. Replace them with spaces; the quick fix does it for the line."
    TOO_LARGE "LW0103" Error "too large"
        "A file may have 5 MB, 500,000 values, 128 levels, 10,000 steps and 1,000 aliases that unfold to 100,000 values. Split a larger workflow into several, or make the values with a script."
    DUPLICATE_KEY "LW0104" Error "a key twice in one map"
        "Which of the two values would count is a matter of luck in many tools, so it is an error here. Remove one of them."
    UNSUPPORTED_YAML "LW0105" Error "a feature of YAML that is not used here"
        "Tags, several documents in one file, keys that are not text and aliases within themselves have no meaning in a workflow. Write the value out."
    UNKNOWN_KEY "LW0111" Error "unknown key"
        "The key is not part of the language at this place. Mostly it is misspelt: the quick fix offers the nearest known one. Comments can hold whatever else is to be kept in the file."
    NOT_SUPPORTED "LW0112" Warning "not supported by this version"
        "It belongs to the workflow language and is checked, but this version of the application cannot run it: it refuses to start a run. Remove it, or run the workflow with a version that can."
    MISSING_KEY "LW0113" Error "a required key is missing"
        "A workflow needs `loomwork: 1`, an `id` and `steps`, a step needs an `id`, and some actions have keys without which they mean nothing. The message names the key."
    WRONG_TYPE "LW0114" Error "a value of the wrong type"
        "The value is, for example, a list where text is expected. The message says what is expected. Remember that an unquoted number or `true` is not text: quote it if text is meant."
    UNKNOWN_VALUE "LW0115" Error "a value that is not among the allowed ones"
        "The key takes one of a few words, listed in the message."
    OUT_OF_RANGE "LW0116" Error "a number out of range"
        "The message says the range."
    LANGUAGE_VERSION "LW0117" Error "another version of the language"
        "This version of the application reads `loomwork: 1`."
    BAD_DURATION "LW0118" Error "not a duration"
        "Durations are written like `250ms`, `10s`, `1h30m` or `2d`: whole or decimal numbers with a unit (ms, s, m, h, d, w), larger units first, never negative."
    CONFLICT "LW0119" Error "two things that cannot stand together"
        "Each of the two says how the same thing is done, or they exclude each other, as `for_each` and `loop` on one step do. Keep one; the message says which choices there are."
    BAD_SCHEMA "LW0120" Error "not a JSON Schema"
        "What stands here is to be a JSON Schema (draft 2020-12 unless its `$schema` says otherwise), and is none: the message says why. A `$ref` leads to a place within the same schema, for example `#/$defs/item`; nothing is fetched from elsewhere."
    BAD_ID "LW0121" Error "not a valid id"
        "An id of a step has letters, digits and `_` and does not begin with a digit, because expressions name it (`steps.my_id.output`). The id of a workflow may have hyphens and dots too. The quick fix writes the nearest valid id."
    DUPLICATE_ID "LW0122" Error "an id twice in one scope"
        "Two steps side by side have the same id, so `needs` and expressions could not tell them apart. Rename one."
    RESERVED_ID "LW0123" Error "a reserved word as id"
        "The words of the expression language (`true`, `false`, `null`, `in`, and the reserved ones such as `loop`, `if`, `for`) cannot be names of steps. Choose another id."
    NO_ACTION "LW0131" Error "a step without an action"
        "Every step does exactly one thing. Add one: `run`, `http`, `set`, `choose`, a group of `steps`, …"
    TWO_ACTIONS "LW0132" Error "a step with several actions"
        "Every step does exactly one thing. Make a second step for the other action and connect the two with `needs`."
    MISPLACED_ACTION "LW0133" Error "an action that cannot stand here"
        "A compensation or a fallback does one thing in place of a step. Actions that steer the run (`choose`, `steps`, `wait`, `first_of`, `approve`, `cancel`, `end`, `team`) have a meaning only as steps of their own: make a step of it, and lead to it through a port."
    UNBOUNDED_LOOP "LW0134" Error "a loop without a bound"
        "A condition that never changes would keep the loop going for ever. Say with `max` how many passes it makes at the most."
    UNREACHABLE_RULE "LW0135" Warning "a rule that is never reached"
        "The rules of `on_error` are asked in order, and an earlier one without `classes` and `when` is for every failure. Put that one last."
    DEAD_COMPENSATION "LW0136" Warning "a compensation that is never used"
        "A compensation undoes what a completed step did. This step does nothing outside the run, so there is nothing to undo. Remove the compensation, or move it to the step that does something."
    UNKNOWN_STEP "LW0201" Error "a step that does not exist"
        "`needs`, `cancel` or an expression names a step that is not there. `needs` and `cancel` name steps of their own scope; expressions also see those of the scopes around it, but never into a group. Mostly the name is misspelt or was changed: the quick fix offers the nearest id."
    UNKNOWN_PORT "LW0202" Error "a port that the step does not have"
        "Every step has the port `failed`; `choose` has its cases (and the name under `else`) besides, `first_of` its branches, `approve` has `approved` and `rejected`, and every other action `succeeded`. With `for_each` or `loop` the ports are `succeeded` and `failed` whatever the action."
    DUPLICATE_NEED "LW0203" Error "an edge, or a step to cancel, twice"
        "`needs` lists the same step and port twice, or `cancel` the same step. Remove one."
    CYCLE "LW0204" Error "a cycle"
        "The steps wait for each other in a circle, through `needs` or through expressions that read each other's outputs, so none could ever start. The message names the whole circle; remove one of its edges."
    BAD_JOIN "LW0205" Error "a join that cannot be met"
        "`at_least` asks for more edges than `needs` draws. Lower the number or add edges."
    EXCLUSIVE_JOIN "LW0206" Warning "a join that can never be satisfied"
        "The step waits for two different ports of one step, but a step ends on one port only: the join is never satisfied and the step is always skipped. Use `join: any` when either may lead here. The same is true of a step that reads the output of a branch that excludes its own: what is read is waited for besides the join. Guard such a read with `has()`."
    UNKNOWN_MEMBER "LW0207" Error "an agent or a server that is not declared"
        "Steps name the agents and servers that stand under `agents` and `servers` at the top of the file. Mostly the name is misspelt: the quick fix offers the nearest one."
    UNREACHABLE_STEP "LW0208" Warning "a step that never runs"
        "All ways to the step lead through a step that never runs, or through one that ends the run. Mend the step before it, or remove this one."
    IMPLIED_EDGE "LW0209" Hint "an edge that only an expression draws"
        "The step reads the output of another one, so it waits for it, though its `needs` does not say so; the canvas draws such an edge dashed. Written out, it is seen by whoever reads the file: the quick fix does that, and changes nothing else."
    SOMETIMES_JOIN "LW0210" Hint "a join that is satisfied only sometimes"
        "The step waits for a step of a branch and for one outside of it, and it does not use what the branch gives: whenever the branch is not chosen the step is skipped. If it is to run in any case, use `join: any`, or let it wait for the place where the branches meet again. The same is true of a step with another join than `all` that reads the output of such a step: what is read is waited for besides the join. Guard such a read with `has()`."
    EXPRESSION_SYNTAX "LW0301" Error "an expression that cannot be read"
        "The text between `${{` and `}}` is not a valid expression. The message says where it stops making sense. A literal `${{` is written `$${{`."
    UNKNOWN_NAME "LW0302" Error "an unknown name in an expression"
        "In scope are `inputs`, `steps`, `env`, `run` and `secrets`, and at some places `item`, `index`, `pass` and `event`. Inputs and environment variables must be declared in the file. Text inside an expression stands in quotes."
    UNKNOWN_FUNCTION "LW0303" Error "an unknown function, or the wrong number of arguments"
        "The function does not exist in the expression language, or takes another number of arguments."
    UNKNOWN_FIELD "LW0304" Error "a field that does not exist"
        "A step has `output`, `status`, `error`, `attempts` and `duration`; what its output has is known for many actions: the names that a `set` sets, `status`, `headers` and `body` of `http`, the steps or `outputs` of a group, what a schema says. Name one of these; the quick fix offers the nearest."
    DYNAMIC_STEP "LW0305" Error "a step whose name is computed"
        "Which steps an expression reads must be known before the run starts. Write `steps.name` or `steps['name']`."
    EXPRESSION_IN_SCRIPT "LW0306" Error "an expression inside a script"
        "Pasting values into a script lets whoever controls the value run commands. Put the value into `env` and use the variable; the quick fix does that."
    NOT_AN_EXPRESSION "LW0307" Error "a condition that is not one expression"
        "`when`, the cases of `choose`, the conditions of a `loop` and the `match` of a wait are one whole expression in `${{ }}` that gives true or false; a `for_each` is a list or one whole expression that gives one."
    EXPRESSION_TOO_LARGE "LW0308" Error "an expression that is too large"
        "An expression may have 2,048 bytes and 64 levels. Do the work in several `set` steps, or in a script."
    MAYBE_SKIPPED "LW0309" Warning "a read from a step that may be skipped"
        "When the step that is read was skipped or failed it has no output, and the expression would fail. Guard it: `has(steps.x.output) ? steps.x.output : other`, or connect the steps so that this one runs only after the other succeeded."
    OUT_OF_SCOPE "LW0310" Error "a name that is not in scope here"
        "`item` and `index` are in scope within a step that has a `for_each` (not in its `when`), `pass` within one that has a `loop`, and `event` in the `match` of a wait for an event."
    MISPLACED_SECRET "LW0311" Error "a secret outside the places that take secrets"
        "The value of a secret is put in at the moment it is used and never stored or shown. It may stand in `env` of processes, in headers, auth and body of `http`, and in arguments of tools, as `${{ secrets.NAME }}` alone or with text around it; never inside a larger expression."
    UNKNOWN_SECRET "LW0312" Error "a secret that is not declared"
        "A workflow names the secrets that it may use: `secrets: [NAME]` at the top of the file. Values are kept in the secret store, never in the file."
    NOT_WORKED_OUT "LW0313" Warning "an expression where none is worked out"
        "Titles, descriptions and labels are known before anything runs and are shown as they are written: `${{ }}` in them stays as it is. Say it in words. What belongs to one run can stand in the message of an approval, in an output or in the `set` of a step."
    NEVER_WORKS "LW0321" Error "an operation that can never work"
        "An operator or a function is given a value of a type that it does not take, whatever the run: text and a number are added, say, or the letters of a number are asked for. The message says the types. Convert a value with `text()`, `int()`, `double()` or `json()`, or read another field."
    FAILS_WHEN_REACHED "LW0322" Warning "a part that fails whenever it is reached"
        "A branch of `? :`, one side of `&&` or `||`, or the body of a macro applies an operator or a function to a type that it does not take. The expression works as long as that part is not evaluated, and fails as soon as it is."
    DOUBTFUL_FIELD "LW0323" Warning "a field that is probably misspelt"
        "The value may have other fields than the known ones, but one of those has nearly this name. The quick fix changes to it."
    NEVER_EQUAL "LW0324" Warning "a comparison of what is never equal"
        "Values of different types are never equal, except numbers: `1 == 1.0` is true, `'1' == 1` is always false. Convert one of the two sides."
    NEVER_A_CONDITION "LW0325" Error "a condition that is never true or false"
        "`when`, the cases of `choose`, the conditions of a `loop`, of a rule of `on_error` and of a wait give true or false; anything else fails the step. Compare the value with something: `size(x) > 0`, `x != ''`."
    NEVER_A_LIST "LW0326" Error "a value that is never a list, or never a number"
        "`for_each` goes through a list, and `enough` is a whole number; anything else fails the step. `lines(text)` and `text.split(',')` make lists of text, and `output: { as: lines }` or `{ as: json }` hand a script's output on as one."
    FRACTION "LW0327" Hint "an operation that depends on the fraction of a number"
        "A number without a fraction is an integer, in JSON and in inputs of the type `number`. Between two integers `/` drops the fraction of the result (`7 / 2` is 3), with another number it keeps it (`7.5 / 2` is 3.75), and `%` takes integers only. Write `/ 2.0`, `double(x)` or `int(x)` where the value may be either."
    NULL_WHEN_FAILED "LW0328" Warning "a read from a step whose failure is passed over"
        "With `on_error: [{ do: continue }]` the step that is read succeeds when it fails, and its output is null: null has no fields, and the expression would fail. Ask first: `steps.x.output != null ? steps.x.output.stdout : other`. `has(steps.x.output)` does not help, because null is there; it is false only when the step was skipped."
    BAD_DEFAULT "LW0401" Error "a default that does not fit"
        "The default (or a value of the enum) does not have the input's type, or the default is not one of the enum's values."
    LONG_TIMEOUT "LW0402" Warning "a timeout longer than the one around it"
        "The `timeout` of the workflow, or of a group around the step, ends all of it before the step's own could count. Shorten one or lengthen the other."
    UNUSED_RETRY "LW0403" Warning "a retry that cannot help"
        "`attempts: 1` means a single attempt: nothing is retried, and what else `retry` says is never used. Raise the number or remove the rest."
    BAD_SCHEDULE "LW0404" Error "not a schedule"
        "A schedule is written as five fields, minute, hour, day of the month, month and day of the week (`0 8 * * 1-5`), with the name of a time zone such as `Europe/Berlin`."
    NOT_UTF8 "LW0901" Error "not UTF-8 text"
        "A workflow file is text in UTF-8. At the marked place there are bytes that are none. Save the file as UTF-8; most editors offer that when they save."
    UNREADABLE "LW0902" Error "a file that cannot be read"
        "There is a file of that name among the workflows, but the system does not let it be read, it is too large, or it is a link that leads nowhere or out of the workspace. The message says which. Mend or remove the file."
    ID_TWICE "LW0903" Error "an id of two workflows"
        "Workflows are called and run by their ids, so two files of a workspace cannot have the same one. The message names the other file. Change one of the ids."
    UNKNOWN_WORKFLOW "LW0904" Error "a workflow that does not exist"
        "A step or a trigger names a workflow by its id, and no file of the workspace has that id. Mostly the name is misspelt: the quick fix offers the nearest one. A path is never an id."
    ENDLESS_RECURSION "LW0905" Warning "workflows that call each other without end"
        "A workflow calls itself, through others or directly, and nothing on the way decides whether it does so again: no `when`, no port of a `choose`. Such a run never ends by itself. Let a port or a condition lead to the call. The message names the whole circle."
    RECURSION "LW0906" Hint "workflows that call each other"
        "A workflow calls itself, through others or directly. That is allowed, and a condition stands on the way; see that it becomes false at some time. The message names the whole circle."
    UNKNOWN_INPUT "LW0907" Error "an input that the called workflow does not have"
        "A `workflow` step gives an input that the called workflow does not declare under `inputs`. Mostly the name is misspelt: the quick fix offers the nearest one."
    MISSING_INPUT "LW0908" Error "an input that the called workflow requires"
        "The called workflow declares an input with `required: true`, and the step does not give it. Add it to `inputs` of the step."
    BAD_INPUT "LW0909" Error "an input that the called workflow does not accept"
        "The value that a `workflow` step gives is not of the type that the called workflow declares, or is none of the allowed values. Values of expressions are checked when the step starts."
    UNSET_SECRET "LW0910" Warning "a secret without a value"
        "The workflow names a secret for which nothing is stored on this machine. The step that uses it would fail. Store its value, or set the environment variable `LOOMWORK_SECRET_NAME` for the engine."
    JQ_PROGRAM "LW0911" Error "a jq program that cannot be read"
        "The program of a `jq` step is no jq, or names a filter or a variable that neither it nor jq defines. It would fail each time. The place is that of the first part that does not fit; a program with expressions in it is checked when it runs."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
