//! The one way an enum gets its stable text form.

/// Gives an enum with `ALL` and `code()` its `Display` and `FromStr`.
#[macro_export]
#[doc(hidden)]
macro_rules! code_enum {
    ($name:ident, $what:literal, $rule:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ident::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::ident::IdError> {
                Self::ALL.into_iter().find(|v| v.code() == text).ok_or_else(|| $crate::ident::IdError {
                    what: $what,
                    text: text.chars().take(80).collect(),
                    rule: concat!("one of ", $rule),
                })
            }
        }
    };
}
