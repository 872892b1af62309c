//! Looking, within a jq program, whether to stop.
//!
//! Invariant: a program that goes on for ever calls a definition, gathers values or folds them again and again, and each of
//! these looks. The look is a native filter that gives its input, written into the program's terms before they are compiled.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::native::v;
use jaq_core::path::{Part, Path};
use jaq_core::{DataT, Error, Exn, Native, native};
use jaq_json::Val;

/// Stack of a thread for a program; only what is used of it takes memory.
pub(super) const STACK_BYTES: usize = 256 << 20;

/// Most of the stack that calls may use; the rest is for what happens between two looks.
const MAX_DEPTH_BYTES: usize = 192 << 20;

/// Most values that a program may gather, and calls that it may make, in all.
const MAX_LOOKS: u64 = 200_000_000;

/// The name of the look; no program can say it, because a name has no blank.
const LOOK: &str = "look whether to stop";

/// Tells a program to stop.
#[derive(Debug, Default)]
pub(super) struct Stop(AtomicBool);

impl Stop {
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Watch {
    stop: Arc<Stop>,
    base: usize,
    looks: u64,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Lets the looks in this thread, from here on, obey `stop`.
pub(super) fn obey(stop: Arc<Stop>) {
    WATCH.set(Some(Watch { stop, base: here(), looks: 0 }));
}

/// Why this thread has to stop, if it has to.
pub(super) fn look() -> Result<(), &'static str> {
    WATCH.with_borrow_mut(|watch| {
        let Some(watch) = watch else { return Ok(()) };
        watch.looks += 1;
        if watch.stop.0.load(Ordering::Relaxed) {
            Err("the program was stopped")
        } else if watch.base.abs_diff(here()) > MAX_DEPTH_BYTES {
            Err("the program calls itself too deeply")
        } else if watch.looks > MAX_LOOKS {
            Err("the program takes too many steps")
        } else {
            Ok(())
        }
    })
}

/// Roughly where the top of the stack is.
#[inline(never)]
fn here() -> usize {
    let place = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&place)).addr()
}

fn looked<V>() -> Result<(), Exn<'static, V>>
where
    V: From<String>,
{
    look().map_err(|reason| Exn::from(Error::new(V::from(reason.to_owned()))))
}

/// The look as a native filter.
pub(super) fn filter<D: for<'a> DataT<V<'a> = Val>>() -> native::Fun<D> {
    let native = Native::new(|cv| Box::new(std::iter::once(looked::<Val>().map(|()| cv.1))))
        .with_paths(|cv| Box::new(std::iter::once(looked::<Val>().map(|()| cv.1))))
        .with_update(|cv, update| match looked::<Val>() {
            Ok(()) => update(cv.1),
            Err(stop) => Box::new(std::iter::once(Err(stop))),
        });
    (LOOK, v(0), native)
}

/// A native filter in place of one that a program may not use.
pub(super) fn withheld<D: for<'a> DataT<V<'a> = Val>>() -> Native<D> {
    Native::new(|_| {
        let reason = "this filter is not available in a step, which sees its input only".to_owned();
        Box::new(std::iter::once(Err(Exn::from(Error::new(Val::from(reason))))))
    })
}

/// A definition that looks on every call.
pub(super) fn guarded(def: Def<&str>) -> Def<&str> {
    let Def { name, args, body } = def;
    Def { name, args, body: piped(Term::Call(LOOK, Vec::new()), guard(body)) }
}

fn piped<'s>(first: Term<&'s str>, then: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(first), BinaryOp::Pipe(None), Box::new(then))
}

/// A term that looks for every value it gives.
fn each(term: Term<&str>) -> Term<&str> {
    piped(guard(term), Term::Call(LOOK, Vec::new()))
}

#[expect(clippy::boxed_local, reason = "the terms of a program come in boxes")]
fn boxed(term: Box<Term<&str>>) -> Box<Term<&str>> {
    Box::new(guard(*term))
}

fn guard(term: Term<&str>) -> Term<&str> {
    match term {
        Term::Arr(Some(items)) => Term::Arr(Some(Box::new(each(*items)))),
        Term::Fold(name, source, pattern, terms) => {
            Term::Fold(name, Box::new(each(*source)), pattern, terms.into_iter().map(guard).collect())
        }
        Term::Def(defs, body) => Term::Def(defs.into_iter().map(guarded).collect(), boxed(body)),
        // Native filters may take what their arguments give for as long as they like.
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(each).collect()),
        Term::Str(format, parts) => {
            let part = |part| match part {
                StrPart::Term(term) => StrPart::Term(guard(term)),
                other => other,
            };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Obj(fields) => Term::Obj(fields.into_iter().map(|(key, value)| (guard(key), value.map(guard))).collect()),
        Term::Neg(term) => Term::Neg(boxed(term)),
        Term::BinOp(left, operation, right) => Term::BinOp(boxed(left), operation, boxed(right)),
        Term::Label(name, body) => Term::Label(name, boxed(body)),
        Term::TryCatch(body, catch) => Term::TryCatch(boxed(body), catch.map(boxed)),
        Term::IfThenElse(cases, otherwise) => {
            Term::IfThenElse(cases.into_iter().map(|(when, then)| (guard(when), guard(then))).collect(), otherwise.map(boxed))
        }
        Term::Path(start, Path(parts)) => {
            let part = |part| match part {
                Part::Index(index) => Part::Index(guard(index)),
                Part::Range(from, until) => Part::Range(from.map(guard), until.map(guard)),
            };
            Term::Path(boxed(start), Path(parts.into_iter().map(|(step, opt)| (part(step), opt)).collect()))
        }
        plain @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Var(_)) => plain,
    }
}
