//! Translation of Java's regular expression dialect (CQL-009) into that of the engine, because the two read several
//! constructs differently without complaint: `\h`, `\v`, `\d`, `[a--b]`, `[[:alpha:]]`, `x{,3}`, `\Q..\E` and more.
//!
//! Every construct is read the way `java.util.regex.Pattern` reads it and written in a form that means the same to the
//! engine; what has no such form is refused with a message, never passed on. The translation was compared with OpenJDK 17
//! on some hundred thousand random patterns.

use std::ops::Range;

/// A mistake in a pattern, with its place in bytes from the start of the pattern.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Groups within groups that a pattern may have; the engine itself stops a little beyond.
const GROUP_DEPTH_LIMIT: usize = 24;
/// The greatest repetition count; no value that could be matched is longer.
const COUNT_LIMIT: u32 = 1000;

/// Java's line terminators and vertical whitespace, as members of a class.
const LINE_END: &str = r"\x{A}\x{D}\x{85}\x{2028}\x{2029}";
const VERTICAL: &str = r"\x{A}-\x{D}\x{85}\x{2028}\x{2029}";
const HORIZONTAL: &str = r"\x{20}\x{9}\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const SPACE: &str = r"\x{9}-\x{D}\x{20}";

/// Java's POSIX properties, which cover ASCII only, as members of a class.
const POSIX: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x{0}-\x{7F}"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", r"\x{21}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{60}\x{7B}-\x{7E}"),
    ("Graph", r"\x{21}-\x{7E}"),
    ("Print", r"\x{20}-\x{7E}"),
    ("Blank", r"\x{20}\x{9}"),
    ("Cntrl", r"\x{0}-\x{1F}\x{7F}"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", SPACE),
];

/// The Unicode general categories that both dialects name the same.
const CATEGORIES: [&str; 36] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
];

/// Java's binary Unicode properties without their `Is`, in capitals, with the engine's name.
const BINARY: [(&str, &str); 10] = [
    ("ALPHABETIC", "Alphabetic"),
    ("IDEOGRAPHIC", "Ideographic"),
    ("LETTER", "L"),
    ("LOWERCASE", "Lowercase"),
    ("UPPERCASE", "Uppercase"),
    ("TITLECASE", "Lt"),
    ("PUNCTUATION", "P"),
    ("CONTROL", "Cc"),
    ("WHITE_SPACE", "White_Space"),
    ("DIGIT", "Nd"),
];

/// Translates a pattern. The result has the same capturing groups, so that back-references keep their numbers.
pub(super) fn translate(source: &str) -> Result<String, Fault> {
    let mut translator = Translator {
        units: unquote(source),
        length: source.len(),
        at: 0,
        groups: 0,
        names: Vec::new(),
        references: Vec::new(),
        depth: 0,
        flags: Flags::default(),
        out: String::with_capacity(source.len() * 2),
    };
    translator.alternation()?;
    if translator.at < translator.units.len() {
        // Only a `)` ends the outermost alternation early.
        return Err(translator.fault_here(
            1,
            "the pattern has a `)` without its `(`",
            Some("write `\\)` for the character"),
        ));
    }
    if let Some((number, span)) = translator.references.iter().find(|(number, _)| *number > translator.groups) {
        let message = format!("the pattern refers to group {number} but has {}", count_of_groups(translator.groups));
        return Err(Fault { span: span.clone(), message, help: None });
    }
    Ok(translator.out)
}

fn count_of_groups(groups: usize) -> String {
    match groups {
        0 => "no group".into(),
        1 => "only one".into(),
        _ => format!("only {groups}"),
    }
}

/// Where a bare pattern at the start of `text` ends: at whitespace or at a `)` that no `(` of the pattern opened
/// (CQL-010). Escaped and quoted parentheses and those in a character class open and close nothing.
pub(super) fn bare_end(text: &str) -> usize {
    let mut groups = 0_usize;
    let mut classes = 0_usize;
    let mut quoted = false;
    let mut class_start = false;
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if character.is_whitespace() {
            return at;
        }
        let at_class_start = std::mem::take(&mut class_start);
        match character {
            _ if quoted => quoted = character != '\\' || rest.next_if(|(_, next)| *next == 'E').is_none(),
            '\\' => quoted = rest.next_if(|(_, next)| !next.is_whitespace()).is_some_and(|(_, next)| next == 'Q'),
            '[' => {
                classes += 1;
                class_start = true;
                rest.next_if(|(_, next)| *next == '^');
            }
            ']' if classes > 0 && !at_class_start => classes -= 1,
            '(' if classes == 0 => groups += 1,
            ')' if classes == 0 && groups == 0 => return at,
            ')' if classes == 0 => groups -= 1,
            _ => {}
        }
    }
    text.len()
}

/// A character of the pattern after Java's first pass, which resolves `\Q..\E`.
#[derive(Clone, Copy)]
struct Unit {
    at: usize,
    character: char,
    /// Whether it stood between `\Q` and `\E` and so means nothing but itself.
    quoted: bool,
}

fn unquote(source: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(source.len());
    let mut quoted = false;
    let mut rest = source.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        let toggle = if quoted { 'E' } else { 'Q' };
        if character == '\\' && rest.next_if(|(_, next)| *next == toggle).is_some() {
            quoted = !quoted;
            continue;
        }
        units.push(Unit { at, character, quoted });
        if character == '\\' && !quoted {
            // The escaped character, so that the `\Q` of `\\Q` is not taken for a quotation.
            units.extend(rest.next().map(|(at, character)| Unit { at, character, quoted }));
        }
    }
    units
}

#[derive(Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    dot_all: bool,
    multi_line: bool,
    unix_lines: bool,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    /// The members of a class.
    Members(String),
    /// The members of a class that is negated.
    Others(String),
}

struct Translator {
    units: Vec<Unit>,
    /// Of the source, in bytes.
    length: usize,
    at: usize,
    /// Capturing groups opened so far.
    groups: usize,
    names: Vec<(String, usize)>,
    /// Groups referred to, and where; checked at the end, since Java allows a reference before its group.
    references: Vec<(usize, Range<usize>)>,
    depth: usize,
    flags: Flags,
    out: String,
}

impl Translator {
    /// The byte offset of the unit at `index`.
    fn offset(&self, index: usize) -> usize {
        self.units.get(index).map_or(self.length, |unit| unit.at)
    }

    fn fault(&self, units: Range<usize>, message: impl Into<String>, help: Option<&str>) -> Fault {
        let span = self.offset(units.start)..self.offset(units.end);
        Fault { span, message: message.into(), help: help.map(Into::into) }
    }

    fn fault_here(&self, units: usize, message: impl Into<String>, help: Option<&str>) -> Fault {
        self.fault(self.at..self.at + units, message, help)
    }

    /// The next character, if it is not quoted.
    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.units.get(self.at + ahead).filter(|unit| !unit.quoted).map(|unit| unit.character)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(ahead, character)| self.peek_at(ahead) == Some(character));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn eat_number(&mut self) -> Option<u32> {
        let start = self.at;
        let mut value = 0_u32;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            value = value.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    fn alternation(&mut self) -> Result<(), Fault> {
        loop {
            while self.at < self.units.len() && !matches!(self.peek(), Some('|' | ')')) {
                let start = self.at;
                let repeatable = self.atom()?;
                self.quantifier(start, repeatable)?;
            }
            if !self.eat("|") {
                return Ok(());
            }
            self.out.push('|');
        }
    }

    /// Translates one atom and says whether it can be repeated.
    fn atom(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        let unit = self.units[self.at];
        self.at += 1;
        if unit.quoted {
            self.literal(unit.character);
            return Ok(true);
        }
        match unit.character {
            '(' => return self.group(start),
            '[' => {
                let open = self.out.len();
                self.class(start)?;
                self.fold_case(open);
            }
            '.' => self.out.push_str(&match self.flags {
                Flags { dot_all: true, .. } => "(?s:.)".to_owned(),
                Flags { unix_lines: true, .. } => r"[^\x{A}]".to_owned(),
                _ => format!("[^{LINE_END}]"),
            }),
            '^' => {
                self.out.push_str(if self.flags.multi_line { "(?m:^)" } else { r"\A" });
                return Ok(false);
            }
            '$' => {
                // Java's `$` and `\Z` also match before a line end that ends the value; no attribute or group has one.
                self.out.push_str(if self.flags.multi_line { "(?m:$)" } else { r"\z" });
                return Ok(false);
            }
            '\\' => return self.escape(start),
            repeat @ ('*' | '+' | '?') => {
                let help = format!("write `.{repeat}` for any text, or `\\{repeat}` for the character");
                return Err(self.fault(
                    start..start + 1,
                    format!("the pattern has nothing that `{repeat}` could repeat"),
                    Some(&help),
                ));
            }
            '{' => {
                let message = "`{` in the pattern begins a repetition count";
                return Err(self.fault(start..start + 1, message, Some("write `\\{` for the character")));
            }
            character => self.literal(character),
        }
        Ok(true)
    }

    fn quantifier(&mut self, start: usize, repeatable: bool) -> Result<(), Fault> {
        let from = self.at;
        let Some(repeat @ ('*' | '+' | '?' | '{')) = self.peek() else { return Ok(()) };
        if !repeatable {
            return Err(self.fault(
                start..from + 1,
                format!("`{repeat}` in the pattern repeats something that is always empty"),
                None,
            ));
        }
        self.at += 1;
        if repeat == '{' {
            let Some(least) = self.eat_number() else {
                let help = "write a count such as `{2}`, `{2,}` or `{2,5}`, or `\\{` for the character";
                return Err(self.fault(from..from + 1, "`{` in the pattern begins a repetition count", Some(help)));
            };
            let most = if self.eat(",") { self.eat_number() } else { Some(least) };
            if !self.eat("}") {
                return Err(self.fault(from..self.at, "the pattern has a repetition count without its `}`", None));
            }
            if least.max(most.unwrap_or(0)) > COUNT_LIMIT {
                let message = format!("the pattern has a repetition count above {COUNT_LIMIT}");
                return Err(self.fault(from..self.at, message, None));
            }
            self.out.push_str(&match most {
                None => format!("{{{least},}}"),
                Some(most) if most < least => {
                    let message = format!("the pattern has a repetition count from {least} down to {most}");
                    return Err(self.fault(from..self.at, message, None));
                }
                Some(most) => format!("{{{least},{most}}}"),
            });
        } else {
            self.out.push(repeat);
        }
        if let Some(kind @ ('?' | '+')) = self.peek() {
            // Lazy or possessive; the engine writes both the same.
            self.at += 1;
            self.out.push(kind);
        }
        match self.peek() {
            Some('*' | '+' | '?' | '{') => {
                let help = "put the repeated part in parentheses to repeat it again";
                Err(self.fault_here(1, "the pattern repeats a repetition", Some(help)))
            }
            _ => Ok(()),
        }
    }

    /// Translates a group whose `(` was read at `start`.
    fn group(&mut self, start: usize) -> Result<bool, Fault> {
        if self.depth == GROUP_DEPTH_LIMIT {
            let message = format!("the pattern has groups more than {GROUP_DEPTH_LIMIT} deep");
            return Err(self.fault(start..start + 1, message, None));
        }
        let outer = self.flags;
        let mut repeatable = true;
        if self.eat("?") {
            match self.peek() {
                Some(kind @ (':' | '>')) => {
                    self.at += 1;
                    self.out.push_str(if kind == ':' { "(?:" } else { "(?>" });
                }
                Some(kind @ ('=' | '!')) => {
                    self.at += 1;
                    self.out.push_str(if kind == '=' { "(?=" } else { "(?!" });
                    repeatable = false;
                }
                Some('<') if matches!(self.peek_at(1), Some('=' | '!')) => {
                    self.out.push_str(if self.peek_at(1) == Some('=') { "(?<=" } else { "(?<!" });
                    self.at += 2;
                    repeatable = false;
                }
                Some('<') => {
                    self.at += 1;
                    let from = self.at;
                    let name = self.group_name()?;
                    if self.names.iter().any(|(known, _)| *known == name) {
                        let message = format!("the pattern has two groups named `{name}`");
                        return Err(self.fault(from..self.at - 1, message, None));
                    }
                    self.groups += 1;
                    self.names.push((name, self.groups));
                    self.out.push('(');
                }
                Some('P') => {
                    let help = "Java writes a named group as `(?<name>...)`";
                    return Err(self.fault(
                        start..self.at + 1,
                        "the pattern has an unknown kind of group `(?P`",
                        Some(help),
                    ));
                }
                _ => {
                    self.read_flags(start)?;
                    if self.eat(")") {
                        // The flags hold to the end of the group around, which restores its own.
                        return Ok(false);
                    }
                    self.at += 1;
                    self.out.push_str("(?:");
                }
            }
        } else {
            self.groups += 1;
            self.out.push('(');
        }
        self.depth += 1;
        self.alternation()?;
        self.depth -= 1;
        if !self.eat(")") {
            let help = "close it, or write `\\(` for the character";
            return Err(self.fault(start..start + 1, "the pattern has a `(` without its `)`", Some(help)));
        }
        self.out.push(')');
        self.flags = outer;
        Ok(repeatable)
    }

    /// Reads `NAME>` of `(?<NAME>` or `\k<NAME>`.
    fn group_name(&mut self) -> Result<String, Fault> {
        let from = self.at;
        let mut name = String::new();
        while let Some(character) = self.peek().filter(char::is_ascii_alphanumeric) {
            name.push(character);
            self.at += 1;
        }
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !self.eat(">") {
            let message = "the pattern has a group name that Java does not allow";
            return Err(self.fault(from..self.at, message, Some("write a letter, then letters and digits, then `>`")));
        }
        Ok(name)
    }

    /// Reads the flags of `(?flags)` or `(?flags:`, up to its last character.
    fn read_flags(&mut self, start: usize) -> Result<(), Fault> {
        let mut on = true;
        let from = self.at;
        loop {
            match self.peek() {
                Some(')' | ':') if self.at > from => return Ok(()),
                Some('-') if on => on = false,
                Some('i') => self.flags.ignore_case = on,
                Some('s') => self.flags.dot_all = on,
                Some('m') => self.flags.multi_line = on,
                Some('d') => self.flags.unix_lines = on,
                // Unicode-aware case folding is what the engine always does.
                Some('u') => {}
                Some(flag @ ('x' | 'U')) => {
                    let message = format!("the pattern flag `{flag}` is not supported");
                    return Err(self.fault_here(1, message, Some("supported flags are `i`, `s`, `m`, `d` and `u`")));
                }
                _ => {
                    let end = (self.at + 1).min(self.units.len());
                    let help =
                        "Java has `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!`, `(?>`, `(?<name>` and flags such as `(?i)`";
                    return Err(self.fault(start..end, "the pattern has an unknown kind of group", Some(help)));
                }
            }
            self.at += 1;
        }
    }

    /// Translates an escape whose `\` was read at `start`, outside a class.
    fn escape(&mut self, start: usize) -> Result<bool, Fault> {
        match self.peek() {
            Some(digit @ '1'..='9') => {
                self.at += 1;
                let mut number = digit as usize - '0' as usize;
                // Java takes a further digit into the number only while so many groups exist.
                while let Some(next) = self.peek().and_then(|character| character.to_digit(10)) {
                    let longer = number * 10 + next as usize;
                    if longer > self.groups {
                        break;
                    }
                    number = longer;
                    self.at += 1;
                }
                self.reference(number, start);
                return Ok(true);
            }
            Some('k') => {
                self.at += 1;
                if !self.eat("<") {
                    let message = "`\\k` in the pattern needs the name of a group";
                    return Err(self.fault(start..self.at, message, Some("write `\\k<name>`")));
                }
                let name = self.group_name()?;
                let Some((_, number)) = self.names.iter().find(|(known, _)| *known == name) else {
                    let message = format!("the pattern has no group named `{name}` before this place");
                    return Err(self.fault(start..self.at, message, None));
                };
                self.reference(*number, start);
                return Ok(true);
            }
            Some('b') if self.peek_at(1) == Some('{') => {
                return Err(self.unsupported(start, "\\b{g}"));
            }
            Some(boundary @ ('b' | 'B' | 'A' | 'z' | 'Z')) => {
                self.at += 1;
                self.out.push('\\');
                self.out.push(if boundary == 'Z' { 'z' } else { boundary });
                return Ok(false);
            }
            Some(kind @ ('G' | 'X')) => return Err(self.unsupported(start, &format!("\\{kind}"))),
            Some('R') => {
                self.at += 1;
                self.out.push_str(&format!(r"(?:\x{{D}}\x{{A}}|[{VERTICAL}])"));
                return Ok(true);
            }
            _ => {}
        }
        let open = self.out.len();
        match self.class_escape(start)? {
            Escape::Character(character) => self.literal(character),
            Escape::Members(members) => self.out.push_str(&format!("[{members}]")),
            Escape::Others(members) => self.out.push_str(&format!("[^{members}]")),
        }
        if self.out[open..].starts_with('[') {
            self.fold_case(open);
        }
        Ok(true)
    }

    fn reference(&mut self, number: usize, start: usize) {
        self.references.push((number, self.offset(start)..self.offset(self.at)));
        let open = self.out.len();
        // In a group of its own, so that a digit after it stays a digit.
        self.out.push_str(&format!(r"(?:\{number})"));
        self.fold_case(open);
    }

    fn unsupported(&self, start: usize, what: &str) -> Fault {
        self.fault(start..self.at + 1, format!("`{what}` in the pattern is not supported"), None)
    }

    /// Reads an escape that may also stand in a class; its `\` was read at `start`.
    fn class_escape(&mut self, start: usize) -> Result<Escape, Fault> {
        let Some(unit) = self.units.get(self.at).copied() else {
            let help = "write `\\\\` for the character";
            return Err(self.fault(start..start + 1, "the pattern ends in a `\\` that escapes nothing", Some(help)));
        };
        self.at += 1;
        Ok(match unit.character {
            'd' => Escape::Members("0-9".into()),
            'D' => Escape::Others("0-9".into()),
            'w' => Escape::Members("a-zA-Z_0-9".into()),
            'W' => Escape::Others("a-zA-Z_0-9".into()),
            's' => Escape::Members(SPACE.into()),
            'S' => Escape::Others(SPACE.into()),
            'h' => Escape::Members(HORIZONTAL.into()),
            'H' => Escape::Others(HORIZONTAL.into()),
            'v' => Escape::Members(VERTICAL.into()),
            'V' => Escape::Others(VERTICAL.into()),
            'p' => Escape::Members(self.property(start)?),
            'P' => Escape::Others(self.property(start)?),
            't' => Escape::Character('\t'),
            'n' => Escape::Character('\n'),
            'r' => Escape::Character('\r'),
            'f' => Escape::Character('\x0C'),
            'a' => Escape::Character('\x07'),
            'e' => Escape::Character('\x1B'),
            '0' => Escape::Character(self.octal(start)?),
            'x' => Escape::Character(self.hexadecimal(start)?),
            'u' => Escape::Character(self.unicode(start)?),
            'c' => match self.units.get(self.at).map(|unit| unit.character).filter(char::is_ascii) {
                Some(character) => {
                    self.at += 1;
                    Escape::Character((character as u8 ^ 64) as char)
                }
                None => {
                    return Err(self.fault(start..self.at, "`\\c` in the pattern needs a character after it", None));
                }
            },
            'N' => return Err(self.fault(start..self.at, "`\\N` in the pattern is not supported", None)),
            letter if letter.is_ascii_alphanumeric() => {
                let message = format!("the pattern has an unknown escape `\\{letter}`");
                let help = format!("write `{letter}` for the character, or `\\\\{letter}` for a backslash before it");
                return Err(self.fault(start..self.at, message, Some(&help)));
            }
            character => Escape::Character(character),
        })
    }

    /// `\0n`, `\0nn` or `\0mnn` with m at most 3.
    fn octal(&mut self, start: usize) -> Result<char, Fault> {
        let mut value = 0;
        let mut read = 0;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(8)) {
            if read == 3 || value * 8 + digit > 0o377 {
                break;
            }
            value = value * 8 + digit;
            read += 1;
            self.at += 1;
        }
        match char::from_u32(value) {
            Some(character) if read > 0 => Ok(character),
            _ => Err(self.fault(start..self.at, "`\\0` in the pattern needs octal digits after it", None)),
        }
    }

    fn hex_digits(&mut self, most: usize) -> (usize, u32) {
        let mut value = 0_u32;
        let mut read = 0;
        while let Some(digit) = self.peek().filter(|_| read < most).and_then(|character| character.to_digit(16)) {
            value = value * 16 + digit;
            read += 1;
            self.at += 1;
        }
        (read, value)
    }

    /// `\xhh` or `\x{h...}`.
    fn hexadecimal(&mut self, start: usize) -> Result<char, Fault> {
        let braced = self.eat("{");
        let (read, value) = self.hex_digits(if braced { 6 } else { 2 });
        let complete = if braced { read > 0 && self.eat("}") } else { read == 2 };
        char::from_u32(value).filter(|_| complete).ok_or_else(|| {
            let message = "`\\x` in the pattern needs the number of a character after it";
            self.fault(
                start..self.at,
                message,
                Some("write two hexadecimal digits, or some in braces, such as `\\x{1F600}`"),
            )
        })
    }

    /// `\uhhhh`, or two of them for a character that Java holds as a surrogate pair.
    fn unicode(&mut self, start: usize) -> Result<char, Fault> {
        let (mut complete, mut value) = (false, 0);
        if let (4, first) = self.hex_digits(4) {
            (complete, value) = (true, first);
            if (0xD800..0xDC00).contains(&first) && self.eat("\\u") {
                let (read, second) = self.hex_digits(4);
                complete = read == 4 && (0xDC00..0xE000).contains(&second);
                value = 0x1_0000 + ((first - 0xD800) << 10) + (second & 0x3FF);
            }
        }
        char::from_u32(value).filter(|_| complete).ok_or_else(|| {
            let message = "`\\u` in the pattern needs the number of a character after it";
            self.fault(start..self.at, message, Some("write four hexadecimal digits, such as `\\u0041`"))
        })
    }

    /// The members of `\pN` or `\p{Name}`, whose `p` was just read.
    fn property(&mut self, start: usize) -> Result<String, Fault> {
        let mut name = String::new();
        if self.eat("{") {
            while let Some(character) = self.peek().filter(|character| *character != '}') {
                name.push(character);
                self.at += 1;
            }
            if !self.eat("}") {
                return Err(self.fault(start..self.at, "the pattern has a property without its `}`", None));
            }
        } else if let Some(character) = self.peek() {
            name.push(character);
            self.at += 1;
        }
        if let Some((_, members)) = POSIX.iter().find(|(posix, _)| *posix == name) {
            return Ok((*members).to_owned());
        }
        let bare = name.strip_prefix("Is").unwrap_or(&name);
        if CATEGORIES.contains(&bare) {
            return Ok(format!("\\p{{{bare}}}"));
        }
        if name.len() > bare.len()
            && let Some((_, property)) = BINARY.iter().find(|(java, _)| *java == bare.to_ascii_uppercase())
        {
            return Ok(format!("\\p{{{property}}}"));
        }
        let message = format!("the pattern has a property `{name}` that is not supported");
        let help = "supported are Java's POSIX names such as `\\p{Lower}`, and Unicode categories such as `\\p{Lu}`";
        Err(self.fault(start..self.at, message, Some(help)))
    }

    /// Translates a class whose `[` was read at `start`, operands of `&&` and nested classes included.
    fn class(&mut self, start: usize) -> Result<(), Fault> {
        if self.depth == GROUP_DEPTH_LIMIT {
            let message = format!("the pattern has classes more than {GROUP_DEPTH_LIMIT} deep");
            return Err(self.fault(start..start + 1, message, None));
        }
        self.depth += 1;
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut empty = true;
        let mut operands = 1;
        loop {
            let from = self.at;
            let Some(unit) = self.units.get(self.at).copied() else {
                let help = "close it, or write `\\[` for the character";
                return Err(self.fault(start..start + 1, "the pattern has a `[` without its `]`", Some(help)));
            };
            let special = if unit.quoted { None } else { Some(unit.character) };
            match special {
                // First in a class, `]` is a character.
                Some(']') if !empty || operands > 1 => {
                    if empty {
                        return Err(self.fault(from - 2..from, "`&&` in the pattern has nothing after it", None));
                    }
                    self.at += 1;
                    self.out.push(']');
                    self.depth -= 1;
                    return Ok(());
                }
                Some('[') => {
                    self.at += 1;
                    self.class(from)?;
                }
                Some('&') if self.peek_at(1) == Some('&') => {
                    if empty {
                        return Err(self.fault_here(2, "`&&` in the pattern has nothing before it", None));
                    }
                    if self.peek_at(2) == Some('&') {
                        // What Java reads here depends on what follows, and for some patterns it fails while matching.
                        let help = "write `\\&` for the character";
                        return Err(self.fault_here(3, "`&&&` in the pattern is ambiguous", Some(help)));
                    }
                    self.at += 2;
                    self.out.push_str("&&");
                    operands += 1;
                    empty = true;
                    continue;
                }
                _ => match self.class_member()? {
                    Escape::Character(first) => self.class_range(first, from)?,
                    Escape::Members(members) => self.out.push_str(&members),
                    Escape::Others(members) => self.out.push_str(&format!("[^{members}]")),
                },
            }
            empty = false;
        }
    }

    /// Reads one character or escape of a class.
    fn class_member(&mut self) -> Result<Escape, Fault> {
        let unit = self.units[self.at];
        self.at += 1;
        if unit.quoted || unit.character != '\\' {
            return Ok(Escape::Character(unit.character));
        }
        self.class_escape(self.at - 1)
    }

    /// Writes `first`, or the range that it begins; `first` was read at `from`.
    fn class_range(&mut self, first: char, from: usize) -> Result<(), Fault> {
        let range =
            self.peek() == Some('-') && !matches!(self.peek_at(1), Some('[' | ']')) && self.at + 1 < self.units.len();
        if !range {
            // A colon as a range, since the engine would take `[:` for the start of a POSIX name and Java does not.
            self.out.push_str(&if first == ':' { r"\x{3A}-\x{3A}".to_owned() } else { written(first) });
            return Ok(());
        }
        self.at += 1;
        match self.class_member()? {
            Escape::Character(last) if first <= last => {
                self.out.push_str(&format!("{}-{}", written(first), written(last)));
                Ok(())
            }
            Escape::Character(_) => {
                Err(self.fault(from..self.at, "the pattern has a character range that runs backwards", None))
            }
            _ => {
                let help = "write `\\-` for the character `-`";
                Err(self.fault(from..self.at, "the pattern has a character range that ends in a class", Some(help)))
            }
        }
    }

    fn literal(&mut self, character: char) {
        let open = self.out.len();
        self.out.push_str(&written(character));
        if character.is_alphabetic() {
            self.fold_case(open);
        }
    }

    /// Makes what was written since `open` ignore case if the flag says so. The scope of flags is kept here, atom by
    /// atom, because the engine's own differs from Java's.
    fn fold_case(&mut self, open: usize) {
        if self.flags.ignore_case {
            self.out.insert_str(open, "(?i:");
            self.out.push(')');
        }
    }
}

/// A character as the engine reads it, inside and outside a class.
fn written(character: char) -> String {
    if character.is_ascii_alphanumeric() || character == '_' {
        character.to_string()
    } else {
        format!("\\x{{{:X}}}", u32::from(character))
    }
}
