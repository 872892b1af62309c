//! The functions of expressions, in one table: CEL's own, the standard extensions, and a few for workflows.
//!
//! Invariant: every function charges the meter for what it looks at, and before it makes anything large.

mod convert;
mod lists;
mod math;
mod strings;

use super::meter::{EvalError, Meter};
use super::value::Val;

pub(crate) use convert::base64_encode;

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

/// A function. The receiver of a member call is its first argument.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) style: Style,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) call: for<'a> fn(&mut Meter, &[Val<'a>]) -> Result<Val<'a>, EvalError>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! builtins {
    ($($style:ident $name:literal $min:literal..=$max:literal $call:expr;)*) => {
        const BUILTINS: &[Builtin] = &[$(Builtin { name: $name, style: Style::$style, min: $min, max: $max, call: $call }),*];
        /// All names, for suggestions.
        pub(crate) const FUNCTION_NAMES: &[&str] = &["has", "all", "exists", "exists_one", "map", "filter", $($name),*];
    };
}

builtins! {
    Both "size" 1..=1 lists::size;
    Global "type" 1..=1 convert::type_of;
    Global "dyn" 1..=1 convert::dynamic;
    Global "string" 1..=1 convert::string;
    Global "int" 1..=1 convert::int;
    Global "uint" 1..=1 convert::uint;
    Global "double" 1..=1 convert::double;
    Global "bool" 1..=1 convert::bool;
    Global "bytes" 1..=1 convert::bytes;
    Global "timestamp" 1..=1 convert::timestamp;
    Global "duration" 1..=1 convert::duration;
    Both "json" 1..=1 convert::json;
    Both "text" 1..=1 convert::text;
    Both "lines" 1..=1 strings::lines;
    Both "sha256" 1..=1 convert::sha256;
    Global "base64.encode" 1..=1 convert::base64_encode_value;
    Global "base64.decode" 1..=1 convert::base64_decode;
    Member "startsWith" 2..=2 strings::starts_with;
    Member "endsWith" 2..=2 strings::ends_with;
    Member "contains" 2..=2 strings::contains;
    Both "matches" 2..=2 strings::matches;
    Member "charAt" 2..=2 strings::char_at;
    Member "indexOf" 2..=3 strings::index_of;
    Member "lastIndexOf" 2..=3 strings::last_index_of;
    Member "join" 1..=2 strings::join;
    Member "split" 2..=3 strings::split;
    Member "replace" 3..=4 strings::replace;
    Member "substring" 2..=3 strings::substring;
    Member "trim" 1..=1 strings::trim;
    Member "lowerAscii" 1..=1 strings::lower_ascii;
    Member "upperAscii" 1..=1 strings::upper_ascii;
    Global "strings.quote" 1..=1 strings::quote;
    Member "reverse" 1..=1 lists::reverse;
    Member "sort" 1..=1 lists::sort;
    Member "distinct" 1..=1 lists::distinct;
    Member "flatten" 1..=2 lists::flatten;
    Member "slice" 3..=3 lists::slice;
    Member "first" 1..=1 lists::first;
    Member "last" 1..=1 lists::last;
    Global "range" 1..=1 lists::range;
    Global "lists.range" 1..=1 lists::range;
    Both "sum" 1..=1 math::sum;
    Both "avg" 1..=1 math::avg;
    Member "min" 1..=1 math::least;
    Member "max" 1..=1 math::greatest;
    Global "math.greatest" 1..=64 math::greatest;
    Global "math.least" 1..=64 math::least;
    Global "math.abs" 1..=1 math::abs;
    Global "math.sign" 1..=1 math::sign;
    Global "math.ceil" 1..=1 math::ceil;
    Global "math.floor" 1..=1 math::floor;
    Global "math.round" 1..=1 math::round;
    Global "math.trunc" 1..=1 math::trunc;
    Global "math.sqrt" 1..=1 math::sqrt;
    Global "math.isNaN" 1..=1 math::is_nan;
    Global "math.isInf" 1..=1 math::is_inf;
    Global "math.isFinite" 1..=1 math::is_finite;
    Global "sets.contains" 2..=2 lists::sets_contains;
    Global "sets.equivalent" 2..=2 lists::sets_equivalent;
    Global "sets.intersects" 2..=2 lists::sets_intersects;
    Member "getFullYear" 1..=2 |_, a| convert::time_part(a, "getFullYear");
    Member "getMonth" 1..=2 |_, a| convert::time_part(a, "getMonth");
    Member "getDate" 1..=2 |_, a| convert::time_part(a, "getDate");
    Member "getDayOfMonth" 1..=2 |_, a| convert::time_part(a, "getDayOfMonth");
    Member "getDayOfYear" 1..=2 |_, a| convert::time_part(a, "getDayOfYear");
    Member "getDayOfWeek" 1..=2 |_, a| convert::time_part(a, "getDayOfWeek");
    Member "getHours" 1..=2 |_, a| convert::time_part(a, "getHours");
    Member "getMinutes" 1..=2 |_, a| convert::time_part(a, "getMinutes");
    Member "getSeconds" 1..=2 |_, a| convert::time_part(a, "getSeconds");
    Member "getMilliseconds" 1..=2 |_, a| convert::time_part(a, "getMilliseconds");
}

/// The functions of a name that can be called in a style.
pub(crate) fn named(name: &str, style: Style) -> impl Iterator<Item = &'static Builtin> {
    BUILTINS.iter().filter(move |builtin| builtin.name == name && (builtin.style == style || builtin.style == Style::Both))
}

/// Whether a name only prefixes functions: `math` in `math.abs`.
pub(crate) fn is_namespace(name: &str) -> bool {
    matches!(name, "math" | "sets" | "base64" | "lists" | "strings")
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
