//! Classes of characters: what no name may hold, which letters pass for one another.

/// What is wrong with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCharacter {
    /// A control character (Cc), NUL and line feed among them.
    Control,
    /// It turns the direction of the text (bidirectional control).
    Bidi,
    /// It cannot be seen: zero-width, soft hyphen, variation selector, filler, tag.
    Invisible,
    /// A line or paragraph separator.
    Separator,
    /// A space other than U+0020.
    Space,
    /// Private use (Co): every font may show something else.
    PrivateUse,
    /// No character at all: a noncharacter, a plane that is not in use, or the sign of a broken conversion.
    NoCharacter,
    /// It has a meaning in HTML, shells, queries or distinguished names and in no registered name.
    Syntax,
}

impl BadCharacter {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Control => "name.control",
            Self::Bidi => "name.bidi",
            Self::Invisible => "name.invisible",
            Self::Separator => "name.separator",
            Self::Space => "name.space",
            Self::PrivateUse => "name.private-use",
            Self::NoCharacter => "name.no-character",
            Self::Syntax => "name.syntax",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Control => "is a control character",
            Self::Bidi => "turns the direction of the text",
            Self::Invisible => "cannot be seen",
            Self::Separator => "separates lines",
            Self::Space => "is a space other than U+0020",
            Self::PrivateUse => "is for private use and has no agreed shape",
            Self::NoCharacter => "is no character",
            Self::Syntax => "has a meaning in other programs and stands in no registered name",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Greek,
}

/// The three scripts whose letters pass for one another; every other letter has none here. Blocks of Unicode 15.1.
pub(super) fn script(ch: char) -> Option<Script> {
    match ch {
        'a'..='z' | 'A'..='Z' => Some(Script::Latin),
        '\u{C0}'..='\u{24F}' | '\u{250}'..='\u{2AF}' | '\u{1E00}'..='\u{1EFF}' if ch.is_alphabetic() => {
            Some(Script::Latin)
        }
        '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' => Some(Script::Cyrillic),
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' if ch.is_alphabetic() => Some(Script::Greek),
        _ => None,
    }
}

/// Dots that stand between the parts of a name in other standards and input methods; U+00B7 is the one of ours.
pub(super) const fn is_middle_dot(ch: char) -> bool {
    matches!(ch, '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{30FB}' | '\u{2E31}' | '\u{A78F}' | '\u{16EB}')
}

/// What forbids a character in a name. Sources: Unicode 15.1 `DerivedGeneralCategory.txt` (Cc, Cf, Co, Zs, Zl, Zp) and
/// `DerivedCoreProperties.txt` (Default_Ignorable_Code_Point), `PropList.txt` (Bidi_Control). Surrogates (Cs) cannot
/// occur in a `str`.
pub(super) fn bad_character(ch: char) -> Option<BadCharacter> {
    use BadCharacter::{Bidi, Control, Invisible, NoCharacter, PrivateUse, Separator, Space, Syntax};
    match ch {
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Some(Control),
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some(Bidi),
        '\u{2028}' | '\u{2029}' => Some(Separator),
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(Space),
        // Cf and the default ignorables: soft hyphen, joiners, fillers, variation selectors, shorthand and music
        // controls, tags. U+2800 is a Braille cell without a dot: it is a symbol, but nothing can be seen.
        '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}' => {
            Some(Invisible)
        }
        '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' => Some(Invisible),
        '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{2800}' => Some(Invisible),
        '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' => Some(Invisible),
        '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' => Some(Invisible),
        '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' => Some(Invisible),
        '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}' => Some(PrivateUse),
        // The replacement characters of a broken conversion, noncharacters, and the planes that hold nothing.
        '\u{FFFC}' | '\u{FFFD}' | '\u{FDD0}'..='\u{FDEF}' | '\u{40000}'..='\u{DFFFF}' => Some(NoCharacter),
        _ if u32::from(ch) & 0xFFFE == 0xFFFE => Some(NoCharacter),
        '<' | '>' | '=' | '"' | '\\' | '`' | '|' | ';' | '{' | '}' => Some(Syntax),
        _ => None,
    }
}
