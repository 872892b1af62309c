//! What a `has()` guards: a read behind it needs no more than that its step has settled.

use cel::common::ast::{Expr, IdedExpr, SelectExpr, operators};

use super::Lowering;
use crate::expression::meter::MAX_DEPTH;
use crate::expression::program::{Code, StepField};

impl Lowering<'_> {
    /// The operators under which a `has()` guards what stands behind it.
    pub(super) fn branching(&mut self, name: &str, args: &[IdedExpr], depth: usize) -> Option<Code> {
        let first = self.lower_box(args.first()?, depth);
        let (when_true, when_false) = self.guarded_by(args.first()?, depth);
        match (name, args) {
            (operators::CONDITIONAL, [_, then, otherwise]) => {
                let then = self.under(when_true, then, depth);
                let otherwise = self.under(when_false, otherwise, depth);
                Some(Code::If(first?, then?, otherwise?))
            }
            (operators::LOGICAL_AND, [_, right]) => {
                let right = self.under(when_true, right, depth);
                Some(Code::And(first?, right?))
            }
            (_, [_, right]) => {
                let right = self.under(when_false, right, depth);
                Some(Code::Or(first?, right?))
            }
            _ => None,
        }
    }

    fn under(&mut self, guards: Vec<String>, node: &IdedExpr, depth: usize) -> Option<Box<Code>> {
        let before = self.guards.len();
        self.guards.extend(guards);
        let code = self.lower_box(node, depth);
        self.guards.truncate(before);
        code
    }

    /// The steps whose output is there when a condition is true, and when it is false.
    fn guarded_by(&mut self, node: &IdedExpr, depth: usize) -> (Vec<String>, Vec<String>) {
        if depth > MAX_DEPTH {
            return (Vec::new(), Vec::new());
        }
        match &node.expr {
            Expr::Select(select) if select.test => (self.steps_read_by(select), Vec::new()),
            Expr::Call(call) if call.func_name == operators::LOGICAL_NOT => match call.args.first() {
                Some(operand) => {
                    let (when_true, when_false) = self.guarded_by(operand, depth + 1);
                    (when_false, when_true)
                }
                None => (Vec::new(), Vec::new()),
            },
            Expr::Call(call) if matches!(call.func_name.as_str(), operators::LOGICAL_AND | operators::LOGICAL_OR) => {
                let mut both = (Vec::new(), Vec::new());
                for operand in &call.args {
                    let (when_true, when_false) = self.guarded_by(operand, depth + 1);
                    if call.func_name == operators::LOGICAL_AND {
                        both.0.extend(when_true);
                    } else {
                        both.1.extend(when_false);
                    }
                }
                both
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The step whose output a `has()` asks for.
    fn steps_read_by(&mut self, select: &SelectExpr) -> Vec<String> {
        if select.field == "output"
            && let Some(step) = self.step_of(&select.operand)
        {
            return vec![step.to_owned()];
        }
        let mut node = &*select.operand;
        for _ in 0..MAX_DEPTH {
            if let Some((step, StepField::Output)) = self.step_read(node) {
                return vec![step.to_owned()];
            }
            match &node.expr {
                Expr::Select(inner) => node = &inner.operand,
                _ => break,
            }
        }
        Vec::new()
    }
}
