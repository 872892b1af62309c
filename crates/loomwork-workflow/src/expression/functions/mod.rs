//! The functions of expressions, in one table: CEL's own, the standard extensions, and a few for workflows.
//!
//! Invariant: every function charges the meter for what it looks at, and before it makes anything large.

mod convert;
mod format;
mod lists;
mod math;
mod strings;

use super::meter::{EvalError, Meter};
use super::value::Val;
use crate::types::Heads;

pub(crate) use convert::base64_encode;
pub(crate) use lists::sort_pairs;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `f(x)`
    Global,
    /// `x.f()`
    Member,
    /// Either.
    Both,
}

impl Style {
    pub(crate) fn other(self) -> Style {
        if self == Style::Member { Style::Global } else { Style::Member }
    }
}

/// What a function gives back, by what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Bool,
    Int,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Type,
    Ints,
    Texts,
    /// Anything.
    Dyn,
    /// What its first argument is, as far as the function takes it.
    Same,
    /// An element of its first argument.
    Element,
    /// Its first argument, whose elements that are lists are replaced by their elements.
    Flat,
    /// A number.
    Number,
    /// One of its arguments, or of the elements of the only one.
    OneOf,
}

/// A function. The receiver of a member call is its first argument.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) style: Style,
    pub(crate) min: usize,
    pub(crate) max: usize,
    /// Names and types of its arguments; the last one stands for all further ones too.
    pub(crate) takes: &'static [(&'static str, Heads)],
    pub(crate) gives: Gives,
    /// What it does, in a few words.
    pub(crate) help: &'static str,
    pub(crate) call: for<'a> fn(&mut Meter, &[Val<'a>]) -> Result<Val<'a>, EvalError>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! builtins {
    ($($style:ident $name:literal $min:literal..=$max:literal ($($arg:ident: $($head:ident)|+),*) -> $gives:ident $help:literal $call:expr;)*) => {
        const BUILTINS: &[Builtin] = &[$(Builtin {
            name: $name,
            style: Style::$style,
            min: $min,
            max: $max,
            takes: &[$((stringify!($arg), Heads::NONE$(.or(Heads::$head))+)),*],
            gives: Gives::$gives,
            help: $help,
            call: $call,
        }),*];
        /// All names, for suggestions.
        pub(crate) const FUNCTION_NAMES: &[&str] = &["has", "all", "exists", "exists_one", "map", "filter", "sortBy", "cel.bind", $($name),*];
    };
}

builtins! {
    Both "size" 1..=1 (value: TEXT | BYTES | LIST | MAP) -> Int "How many characters, bytes, elements or entries it has." lists::size;
    Global "type" 1..=1 (value: ANY) -> Type "Its type." convert::type_of;
    Global "dyn" 1..=1 (value: ANY) -> Dyn "The value itself, of any type." convert::dynamic;
    Global "string" 1..=1 (value: BOOL | INT | DOUBLE | TEXT | BYTES | TIMESTAMP | DURATION) -> Text "The value as text; `text` writes any value." convert::string;
    Global "int" 1..=1 (value: INT | DOUBLE | TEXT | TIMESTAMP) -> Int "A whole number; seconds since 1970 of a timestamp." convert::int;
    Global "uint" 1..=1 (value: INT | DOUBLE | TEXT) -> Int "An unsigned whole number." convert::uint;
    Global "double" 1..=1 (value: INT | DOUBLE | TEXT) -> Double "A number with a fraction." convert::double;
    Global "bool" 1..=1 (value: BOOL | TEXT) -> Bool "True or false, also from text." convert::bool;
    Global "bytes" 1..=1 (value: BYTES | TEXT) -> Bytes "The bytes of a text in UTF-8." convert::bytes;
    Global "timestamp" 1..=1 (value: TIMESTAMP | TEXT | INT) -> Timestamp "A moment, from RFC 3339 text or seconds since 1970." convert::timestamp;
    Global "duration" 1..=1 (value: DURATION | TEXT) -> Duration "A duration, from text such as `1h30m`." convert::duration;
    Both "json" 1..=1 (text: TEXT) -> Dyn "The value that a text says in JSON." convert::json;
    Both "text" 1..=1 (value: ANY) -> Text "Text as it is, everything else as JSON." convert::text;
    Both "lines" 1..=1 (text: TEXT) -> Texts "The lines of a text." strings::lines;
    Both "sha256" 1..=1 (value: TEXT | BYTES) -> Text "The SHA-256 of text or bytes, in hex." convert::sha256;
    Global "base64.encode" 1..=1 (value: BYTES | TEXT) -> Text "Base64 of bytes or text." convert::base64_encode_value;
    Global "base64.decode" 1..=1 (text: TEXT) -> Bytes "The bytes that a base64 text says." convert::base64_decode;
    Member "startsWith" 2..=2 (text: TEXT, prefix: TEXT) -> Bool "Whether the text begins with another." strings::starts_with;
    Member "endsWith" 2..=2 (text: TEXT, suffix: TEXT) -> Bool "Whether the text ends with another." strings::ends_with;
    Member "contains" 2..=2 (text: TEXT, part: TEXT) -> Bool "Whether the text has another in it." strings::contains;
    Both "matches" 2..=2 (text: TEXT, pattern: TEXT) -> Bool "Whether a regular expression (RE2) is found in the text." strings::matches;
    Member "charAt" 2..=2 (text: TEXT, index: INT) -> Text "The character at a position, from 0." strings::char_at;
    Member "indexOf" 2..=3 (text: TEXT, part: TEXT, from: INT) -> Int "Where a text is found, from 0; -1 when it is not." strings::index_of;
    Member "lastIndexOf" 2..=3 (text: TEXT, part: TEXT, from: INT) -> Int "Where a text is found last; -1 when it is not." strings::last_index_of;
    Member "join" 1..=2 (list: LIST, separator: TEXT) -> Text "The texts of a list as one." strings::join;
    Member "split" 2..=3 (text: TEXT, separator: TEXT, limit: INT) -> Texts "The parts of a text between separators." strings::split;
    Member "replace" 3..=4 (text: TEXT, part: TEXT, by: TEXT, limit: INT) -> Text "The text with a part replaced." strings::replace;
    Member "substring" 2..=3 (text: TEXT, start: INT, end: INT) -> Text "The text from one position to before another." strings::substring;
    Member "trim" 1..=1 (text: TEXT) -> Text "The text without white space around it." strings::trim;
    Member "lowerAscii" 1..=1 (text: TEXT) -> Text "The text in small letters (ASCII)." strings::lower_ascii;
    Member "upperAscii" 1..=1 (text: TEXT) -> Text "The text in capital letters (ASCII)." strings::upper_ascii;
    Member "format" 2..=2 (text: TEXT, values: LIST) -> Text "The text with values at its places: %s, %d, %.2f, %e, %b, %o, %x." format::format;
    Global "strings.quote" 1..=1 (text: TEXT) -> Text "The text in quotes, with escapes." strings::quote;
    Member "reverse" 1..=1 (value: TEXT | LIST) -> Same "The list or text from its end to its beginning." lists::reverse;
    Member "sort" 1..=1 (list: LIST) -> Same "The list in ascending order." lists::sort;
    Member "distinct" 1..=1 (list: LIST) -> Same "The list with each value once." lists::distinct;
    Member "flatten" 1..=2 (list: LIST, depth: INT) -> Flat "The list with its lists unfolded, one level or several." lists::flatten;
    Member "slice" 3..=3 (list: LIST, start: INT, end: INT) -> Same "The elements from one position to before another." lists::slice;
    Member "first" 1..=1 (list: LIST) -> Element "The first element." lists::first;
    Member "last" 1..=1 (list: LIST) -> Element "The last element." lists::last;
    Global "range" 1..=1 (count: INT) -> Ints "The numbers from 0 to below the count." lists::range;
    Global "lists.range" 1..=1 (count: INT) -> Ints "The numbers from 0 to below the count." lists::range;
    Both "sum" 1..=1 (list: LIST) -> Number "The sum of a list of numbers." math::sum;
    Both "avg" 1..=1 (list: LIST) -> Double "The mean of a list of numbers." math::avg;
    Member "min" 1..=1 (list: LIST | INT | DOUBLE) -> OneOf "The smallest number of a list." math::least;
    Member "max" 1..=1 (list: LIST | INT | DOUBLE) -> OneOf "The largest number of a list." math::greatest;
    Global "math.greatest" 1..=64 (value: LIST | INT | DOUBLE) -> OneOf "The largest of several numbers, or of a list." math::greatest;
    Global "math.least" 1..=64 (value: LIST | INT | DOUBLE) -> OneOf "The smallest of several numbers, or of a list." math::least;
    Global "math.abs" 1..=1 (value: INT | DOUBLE) -> Same "The number without its sign." math::abs;
    Global "math.sign" 1..=1 (value: INT | DOUBLE) -> Same "-1, 0 or 1." math::sign;
    Global "math.ceil" 1..=1 (value: INT | DOUBLE) -> Same "The next whole number above." math::ceil;
    Global "math.floor" 1..=1 (value: INT | DOUBLE) -> Same "The next whole number below." math::floor;
    Global "math.round" 1..=1 (value: INT | DOUBLE) -> Same "The nearest whole number." math::round;
    Global "math.trunc" 1..=1 (value: INT | DOUBLE) -> Same "The number without its fraction." math::trunc;
    Global "math.sqrt" 1..=1 (value: INT | DOUBLE) -> Double "The square root." math::sqrt;
    Global "math.bitAnd" 2..=2 (value: INT, other: INT) -> Int "The bits that both whole numbers have." math::bit_and;
    Global "math.bitOr" 2..=2 (value: INT, other: INT) -> Int "The bits that one of two whole numbers has." math::bit_or;
    Global "math.bitXor" 2..=2 (value: INT, other: INT) -> Int "The bits that exactly one of two whole numbers has." math::bit_xor;
    Global "math.bitNot" 1..=1 (value: INT) -> Int "The bits that a whole number does not have." math::bit_not;
    Global "math.bitShiftLeft" 2..=2 (value: INT, count: INT) -> Int "The bits of a whole number, moved to the left." math::bit_shift_left;
    Global "math.bitShiftRight" 2..=2 (value: INT, count: INT) -> Int "The bits of a whole number, moved to the right; no sign comes in." math::bit_shift_right;
    Global "math.isNaN" 1..=1 (value: INT | DOUBLE) -> Bool "Whether it is not a number." math::is_nan;
    Global "math.isInf" 1..=1 (value: INT | DOUBLE) -> Bool "Whether it is infinite." math::is_inf;
    Global "math.isFinite" 1..=1 (value: INT | DOUBLE) -> Bool "Whether it is finite." math::is_finite;
    Global "sets.contains" 2..=2 (list: LIST, part: LIST) -> Bool "Whether a list has every element of another." lists::sets_contains;
    Global "sets.equivalent" 2..=2 (list: LIST, other: LIST) -> Bool "Whether two lists have the same elements." lists::sets_equivalent;
    Global "sets.intersects" 2..=2 (list: LIST, other: LIST) -> Bool "Whether two lists have an element in common." lists::sets_intersects;
    Member "getFullYear" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The year." |_, a| convert::time_part(a, "getFullYear");
    Member "getMonth" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The month, from 0." |_, a| convert::time_part(a, "getMonth");
    Member "getDate" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The day of the month, from 1." |_, a| convert::time_part(a, "getDate");
    Member "getDayOfMonth" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The day of the month, from 0." |_, a| convert::time_part(a, "getDayOfMonth");
    Member "getDayOfYear" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The day of the year, from 0." |_, a| convert::time_part(a, "getDayOfYear");
    Member "getDayOfWeek" 1..=2 (time: TIMESTAMP, zone: TEXT) -> Int "The day of the week, from 0 for Sunday." |_, a| convert::time_part(a, "getDayOfWeek");
    Member "getHours" 1..=2 (time: TIMESTAMP | DURATION, zone: TEXT) -> Int "The hour of a moment; all hours of a duration." |_, a| convert::time_part(a, "getHours");
    Member "getMinutes" 1..=2 (time: TIMESTAMP | DURATION, zone: TEXT) -> Int "The minute of a moment; all minutes of a duration." |_, a| convert::time_part(a, "getMinutes");
    Member "getSeconds" 1..=2 (time: TIMESTAMP | DURATION, zone: TEXT) -> Int "The second of a moment; all seconds of a duration." |_, a| convert::time_part(a, "getSeconds");
    Member "getMilliseconds" 1..=2 (time: TIMESTAMP | DURATION, zone: TEXT) -> Int "The millisecond within the second." |_, a| convert::time_part(a, "getMilliseconds");
}

/// The functions of a name that can be called in a style.
pub(crate) fn named(name: &str, style: Style) -> impl Iterator<Item = &'static Builtin> {
    BUILTINS.iter().filter(move |builtin| builtin.name == name && (builtin.style == style || builtin.style == Style::Both))
}

/// All functions.
pub(crate) fn all() -> &'static [Builtin] {
    BUILTINS
}

/// The macros: `has` and `cel.bind`, then those over lists and maps; how they are written, and what they do.
pub(crate) const MACROS: [(&str, &str, &str); 8] = [
    ("has", "has(value.field) -> bool", "Whether a field is there."),
    ("cel.bind", "cel.bind(x, value, expression)", "What an expression gives in which a name stands for a value."),
    ("all", "list.all(x, condition) -> bool", "Whether a condition holds for every element."),
    ("exists", "list.exists(x, condition) -> bool", "Whether a condition holds for an element."),
    ("exists_one", "list.exists_one(x, condition) -> bool", "Whether a condition holds for exactly one element."),
    ("map", "list.map(x, value) -> list", "A list of what an expression gives for every element."),
    ("filter", "list.filter(x, condition) -> list", "The elements for which a condition holds."),
    ("sortBy", "list.sortBy(x, key) -> list", "The list in the order of what an expression gives for every element."),
];

impl Builtin {
    /// How it is called and what it gives: `string.split(separator: string, limit?: int) -> list<string>`.
    pub(crate) fn signature(&self) -> String {
        let receiver = usize::from(self.style == Style::Member);
        let argument = |(at, (name, heads)): (usize, &(&str, Heads))| {
            let optional = if at >= self.min { "?" } else { "" };
            format!("{name}{optional}: {heads}")
        };
        let mut arguments: Vec<String> = self.takes.iter().enumerate().skip(receiver).map(argument).collect();
        if self.max > self.takes.len() {
            arguments.push("…".to_owned());
        }
        let before = if receiver == 1 { format!("{}.", self.takes[0].0) } else { String::new() };
        format!("{before}{}({}) -> {}", self.name, arguments.join(", "), self.gives.word())
    }
}

impl Gives {
    fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Type => "type",
            Self::Ints => "list<int>",
            Self::Texts => "list<string>",
            Self::Dyn => "dyn",
            Self::Same => "the same type",
            Self::Element => "element",
            Self::Flat => "list",
            Self::Number | Self::OneOf => "int | double",
        }
    }
}

/// Whether a name only prefixes functions: `math` in `math.abs`.
pub(crate) fn is_namespace(name: &str) -> bool {
    matches!(name, "math" | "sets" | "base64" | "lists" | "strings" | "cel")
}

/// A regular expression (RE2 syntax: linear in the text).
pub(crate) fn regex(pattern: &str) -> Result<regex::Regex, EvalError> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(64)
        .build()
        .map_err(|_| EvalError::invalid(format!("`{pattern}` is not a regular expression that can be used")))
}

/// What a function says of an argument that it does not take.
fn unfit(function: &str, wanted: &str, got: &Val<'_>) -> EvalError {
    EvalError::invalid(format!("`{function}` takes {wanted}, not {}", got.type_name()))
}
