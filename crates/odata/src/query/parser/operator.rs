//! The operators and how tight they bind.

use crate::query::expr::Comparison;
use crate::query::lexer::Spanned;
use crate::query::typing::Arithmetic;

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

/// The binary operators by name.
const OPERATORS: [(&str, Binary); 14] = [
    ("or", Binary::Or),
    ("and", Binary::And),
    ("eq", Binary::Compare(Comparison::Eq)),
    ("ne", Binary::Compare(Comparison::Ne)),
    ("gt", Binary::Compare(Comparison::Gt)),
    ("ge", Binary::Compare(Comparison::Ge)),
    ("lt", Binary::Compare(Comparison::Lt)),
    ("le", Binary::Compare(Comparison::Le)),
    ("add", Binary::Arithmetic(Arithmetic::Add)),
    ("sub", Binary::Arithmetic(Arithmetic::Sub)),
    ("mul", Binary::Arithmetic(Arithmetic::Mul)),
    ("div", Binary::Arithmetic(Arithmetic::Div)),
    ("divby", Binary::Arithmetic(Arithmetic::DivBy)),
    ("mod", Binary::Arithmetic(Arithmetic::Mod)),
];

impl Binary {
    /// How tight it binds. The unary operators bind tighter than all of these, and `in` tighter
    /// than those.
    pub(super) const fn level(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(Comparison::Eq | Comparison::Ne) => 3,
            Self::Compare(_) => 4,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Sub) => 5,
            Self::Arithmetic(_) => 6,
        }
    }

    /// The operator that a token is, in any case (OData URL Conventions 4.01, 5.1.1).
    pub(super) fn by_token(token: &Spanned<'_>) -> Option<Self> {
        let named = OPERATORS.iter().find(|(name, _)| token.is_word(name));
        named.map(|(_, operator)| *operator)
    }
}

/// A unary operator.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unary {
    Not,
    Negate,
}
