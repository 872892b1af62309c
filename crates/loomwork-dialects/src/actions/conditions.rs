//! `if:` of jobs and steps.
//!
//! A step of the source runs when nothing before it failed, unless its condition asks for `always()` or `failure()`; a step
//! that was skipped does not hold up the next. In our language a skipped step makes its edges dead, so steps after a
//! conditional one read its status, which waits for it whatever came of it.

use super::expression::{self, Piece};
use super::scope::{Scope, and};
use crate::cel;
use crate::source::Node;
use crate::yaml::Map;

/// What a step waits for.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// The condition itself, without what is before it.
    pub(super) when: Option<String>,
    /// Whether it runs whatever happened before.
    pub(super) always: bool,
}

/// Reads an `if:`; one that cannot be translated is never true, and reported.
pub(super) fn read(node: Option<Node<'_>>, scope: &mut Scope<'_>, step: &mut Map) -> Condition {
    let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return Condition::default() };
    scope.asked_status = false;
    let source = match expression::split(text)[..] {
        [Piece::Expression(inner)] => inner,
        _ => text,
    };
    let translated = expression::parse(source).and_then(|parsed| scope.condition(&parsed));
    scope.report_remarks(node);
    match translated {
        Ok(when) if when.len() <= cel::LONGEST && !cel::reads_secret(&when) => {
            let always = scope.asked_status;
            if always && source.contains("cancelled") {
                scope.report.approximated(node, "`cancelled()` is never true here: after a cancelled run no step starts");
            }
            Condition { when: (when != "true").then_some(when), always }
        }
        other => {
            let reason = other.err().unwrap_or_else(|| "it is too long, or reads a secret, which conditions cannot".to_owned());
            scope.report.placeholder(
                node,
                format!(
                    "the condition `{}` cannot be translated: {reason}. The step does not run until you write its `when`.",
                    text.trim()
                ),
            );
            step.comment.push(format!("if: {text}"));
            Condition { when: Some("false".to_owned()), always: false }
        }
    }
}

/// Puts `needs` and `when`: `sure` are edges that must be taken, `maybe` are steps that may have been skipped.
pub(super) fn put(step: &mut Map, condition: &Condition, sure: &[String], maybe: &[String]) {
    let mut when = String::from("true");
    if condition.always {
        // Reading a status waits until the step has ended, whatever came of it; a status is never empty.
        let all: Vec<String> = sure.iter().chain(maybe).map(|id| format!("steps.{id}.status != ''")).collect();
        if !condition
            .when
            .as_ref()
            .is_some_and(|own| sure.iter().chain(maybe).all(|id| own.contains(&format!("steps.{id}.status"))))
        {
            when = all.into_iter().fold(when, |when, one| and(&when, &one));
        }
    } else {
        if !sure.is_empty() {
            step.put("needs", sure.to_vec());
        }
        let passed = maybe.iter().map(|id| format!("steps.{id}.status in ['succeeded', 'skipped']"));
        when = passed.fold(when, |when, one| and(&when, &one));
    }
    if let Some(own) = &condition.when {
        when = and(&when, own);
    }
    if when != "true" {
        step.put("when", cel::whole(&when));
    }
}
