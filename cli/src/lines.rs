//! Text on a terminal: how many columns it takes and where a line may end.

use std::io::IsTerminal;

/// How many columns the terminal behind `stream` has; none when it is no terminal.
pub(crate) fn terminal(stream: &impl IsTerminal) -> Option<usize> {
    // Elsewhere lines are as long as they need to be: no program that reads them should meet a broken one.
    if !stream.is_terminal() {
        return None;
    }
    // Standard output may be a file while errors go to the terminal.
    let mut by_stderr = comfy_table::Table::new();
    by_stderr.use_stderr();
    comfy_table::Table::new().width().or_else(|| by_stderr.width()).map(usize::from)
}

/// How many columns `text` takes: two for each Chinese character or full-width sign, one for the rest.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Unicode Standard Annex 11, "wide" and "fullwidth": the blocks that can occur in names and messages.
const fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{303E}' | '\u{3041}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// Signs that no line may begin with.
const fn closes(c: char) -> bool {
    matches!(c, '，' | '。' | '；' | '：' | '、' | '）' | '”' | '？' | '！' | '》')
}

/// Breaks `text` into lines of at most `room` columns. Lines end at spaces, and between Chinese characters; what stands
/// between backticks, and a word longer than a line, stays whole, so that it can be copied.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for piece in pieces(paragraph) {
            if !line.is_empty() && width(&line) + width(piece.trim_end()) > room {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            line.push_str(if line.is_empty() { piece.trim_start() } else { piece });
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Wraps the prose of `text`; indented lines are commands to be copied and stay as they are.
pub(crate) fn prose(text: &str, room: Option<usize>) -> String {
    let Some(room) = room else { return text.to_owned() };
    let line = |line: &str| if line.starts_with(' ') { line.to_owned() } else { wrap(line, room).join("\n") };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The smallest parts that stay together; a space belongs to the part before it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut quoted) = (0, false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        quoted ^= c == '`';
        let next = chars.peek().map(|(_, n)| *n);
        let breaks = match next {
            None => true,
            Some(n) if quoted || closes(n) || n == ' ' => false,
            Some(n) => c == ' ' || is_wide(c) || is_wide(n),
        };
        if breaks {
            let end = at + c.len_utf8();
            pieces.extend(text.get(from..end));
            from = end;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("张三，ab"), 8);
        assert_eq!(width("— ← …"), 5);
    }

    #[test]
    fn lines_end_at_words_and_between_chinese_characters() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("签名与任何密钥都不符，内容已被改动", 10), ["签名与任何", "密钥都不", "符，内容已", "被改动"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("a\nb", 10), ["a", "b"]);
    }

    #[test]
    fn commands_of_a_note_are_not_broken() {
        let note = "Next, look at it:\n  hufu cert show 0101a20f3e0ff9950a65c80933ccec23f3981e";
        assert_eq!(
            prose(note, Some(10)),
            "Next, look\nat it:\n  hufu cert show 0101a20f3e0ff9950a65c80933ccec23f3981e"
        );
        assert_eq!(prose(note, None), note);
    }

    #[test]
    fn commands_and_long_words_stay_whole() {
        let long = "0101a20f3e0ff9950a65c80933ccec23f3981e";
        assert_eq!(wrap(&format!("see {long} there"), 10), ["see", long, "there"]);
        assert_eq!(wrap("then `hufu org list` shows all", 12), ["then", "`hufu org list`", "shows all"]);
    }
}
