//! Tests of the language, named by rule (`cql_NNN`, `px_NN`) so that a rule finds its evidence, then those that hold for
//! any text.

use proptest::prelude::*;

use super::attributes::{self, AttributeError, Part};
use super::{AttributeValue, EXPRESSION_LENGTH_LIMIT, Expression, Instance, NESTING_LIMIT, QueryError, Subjects};

/// An instance as the worked examples list them.
#[derive(Clone)]
struct Sample {
    name: &'static str,
    attributes: Vec<(&'static str, Option<&'static str>)>,
    connected: bool,
    version: &'static str,
    id: &'static str,
    registered: &'static str,
    running: u64,
    groups: Vec<&'static str>,
}

impl Sample {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            connected: true,
            version: "1.68.2",
            id: "i-00000000",
            registered: "2020-01-01",
            running: 0,
            groups: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.attributes.push((name, Some(value)));
        self
    }

    fn flag(mut self, name: &'static str) -> Self {
        self.attributes.push((name, None));
        self
    }

    fn groups(mut self, groups: &[&'static str]) -> Self {
        self.groups = groups.to_vec();
        self.running = groups.len() as u64;
        self
    }
}

impl Instance for Sample {
    fn attribute(&self, name: &str) -> AttributeValue<'_> {
        match self.attributes.iter().find(|(known, _)| *known == name) {
            None => AttributeValue::Missing,
            Some((_, None)) => AttributeValue::Valueless,
            Some((_, Some(value))) => AttributeValue::Value(value),
        }
    }
    fn agent_connected(&self) -> bool {
        self.connected
    }
    fn agent_version(&self) -> &str {
        self.version
    }
    fn ec2_instance_id(&self) -> &str {
        self.id
    }
    fn registered_at_unix_ms(&self) -> i64 {
        super::value::parse_instant(self.registered).unwrap()
    }
    fn running_tasks_count(&self) -> u64 {
        self.running
    }
    fn any_task_group(&self, each: &mut dyn FnMut(&str) -> bool) -> bool {
        self.groups.iter().any(|group| each(group))
    }
    fn has_live_tasks(&self) -> bool {
        !self.groups.is_empty()
    }
}

fn parse(text: &str) -> Expression {
    match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => panic!("{text}\n{error:?}"),
    }
}

fn error(text: &str) -> QueryError {
    match Expression::parse(text) {
        Ok(expression) => panic!("{text} was accepted as {expression}"),
        Err(error) => error,
    }
}

/// Message and help with the text that the error points at.
fn told(text: &str) -> (String, String, &str) {
    let error = error(text);
    (error.message, error.help.unwrap_or_default(), &text[error.span])
}

/// The names of the instances that match, in order. Canonical text must select the same ones.
fn select(instances: &[Sample], text: &str) -> String {
    let expression = parse(text);
    let again = parse(&expression.to_string());
    assert_eq!(again, expression, "{text} prints as {expression}");
    let names: Vec<_> = instances
        .iter()
        .filter(|instance| {
            let matches = expression.matches(*instance);
            assert_eq!(matches, again.matches(*instance as &dyn Instance));
            matches
        })
        .map(|instance| instance.name)
        .collect();
    names.join(" ")
}

fn check(instances: &[Sample], table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(select(instances, text), *expected, "{text}");
    }
}

/// Whether `pattern`, quoted, matches the whole of `value`.
fn regex(pattern: &str, value: &'static str) -> bool {
    let quote = if pattern.contains('\'') { '"' } else { '\'' };
    parse(&format!("attribute:v =~ {quote}{pattern}{quote}")).matches(&Sample::new("x").with("v", value))
}

/// The table of PX-09.
fn px_09_instances() -> Vec<Sample> {
    let sample = |name, instance_type, zone| {
        Sample::new(name).with("ecs.instance-type", instance_type).with("ecs.availability-zone", zone)
    };
    vec![
        sample("i1", "t2.small", "us-east-1a").with("stack", "prod"),
        sample("i2", "t2.medium", "us-east-1b").with("stack", "dev"),
        sample("i3", "g2.2xlarge", "us-east-1a"),
        sample("i4", "g2.8xlarge", "us-east-1d").with("stack", "prod"),
        sample("i5", "t3.small", "us-east-1c").with("stack", "Prod"),
    ]
}

/// The table of PX-11.
fn px_11_instances() -> Vec<Sample> {
    let sample =
        |name, version, registered, running, id| Sample { version, registered, running, id, ..Sample::new(name) };
    vec![
        sample("k1", "1.9.0", "2017-11-30T10:00:00Z", 0, "i-abcd1234"),
        sample("k2", "1.14.4", "2018-02-12T23:59:59Z", 1, "i-wxyx7890"),
        Sample { connected: false, ..sample("k3", "1.14.5", "2018-02-13T00:00:00Z", 1, "i-00000001") },
        sample("k4", "1.68.2", "2018-06-18T22:28:28Z", 7, "i-00000002"),
    ]
}

/// The table of PX-12; q5's only task is to stop, so none of its tasks is live.
fn px_12_instances() -> Vec<Sample> {
    vec![
        Sample::new("q1").groups(&["database"]),
        Sample::new("q2").groups(&["database", "service:web"]),
        Sample::new("q3").groups(&["service:web"]),
        Sample::new("q4"),
        Sample::new("q5"),
    ]
}

#[test]
fn px_09_cql_on_attributes() {
    check(
        &px_09_instances(),
        &[
            ("attribute:ecs.instance-type == t2.small", "i1"),
            ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", "i1 i2 i3"),
            ("attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d", "i3"),
            ("attribute:stack == prod", "i1 i4"),
            ("attribute:stack != prod", "i2 i5"),
            ("not(attribute:stack == prod)", "i2 i3 i5"),
            ("attribute:stack !exists", "i3"),
            ("attribute:stack exists and attribute:ecs.instance-type =~ t2", ""),
            (r"attribute:ecs.instance-type =~ t[23]\.small", "i1 i5"),
            ("attribute:ecs.availability-zone not_in [us-east-1a, us-east-1d]", "i2 i5"),
            ("attribute:stack not_in [prod, Prod]", "i2"),
            ("attribute:stack !~ [Pp]rod", "i2"),
        ],
    );
}

#[test]
fn px_10_cql_precedence() {
    check(
        &px_09_instances(),
        &[
            (
                "attribute:ecs.availability-zone == us-east-1a or attribute:stack == prod \
                 and attribute:ecs.instance-type =~ g2.*",
                "i1 i3 i4",
            ),
            (
                "(attribute:ecs.availability-zone == us-east-1a or attribute:stack == prod) \
                 and attribute:ecs.instance-type =~ g2.*",
                "i3 i4",
            ),
            ("not attribute:stack exists or attribute:stack == dev", "i2 i3"),
            ("not (attribute:stack exists or attribute:ecs.availability-zone == us-east-1a)", ""),
            ("attribute:stack == dev || attribute:stack == Prod && attribute:ecs.instance-type =~ t3.*", "i2 i5"),
            ("not attribute:stack == prod and attribute:ecs.availability-zone == us-east-1a", "i3"),
        ],
    );
}

#[test]
fn px_11_cql_typed_subjects() {
    check(
        &px_11_instances(),
        &[
            ("agentVersion < 1.14.5", "k1 k2"),
            ("agentVersion >= 1.14.5", "k3 k4"),
            ("registeredAt < 2018-02-13", "k1 k2"),
            ("registeredAt >= 2018-06-18T22:28:28+00:00", "k4"),
            ("runningTasksCount == 1", "k2 k3"),
            ("runningTasksCount < 10", "k1 k2 k3 k4"),
            ("ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']", "k1 k2"),
            ("agentConnected == true", "k1 k2 k4"),
            ("ec2InstanceId =~ i-0{7}.", "k3 k4"),
        ],
    );
}

#[test]
fn px_12_task_group_and_affinity() {
    check(
        &px_12_instances(),
        &[
            ("task:group == database", "q1 q2"),
            ("not(task:group == database)", "q3 q4 q5"),
            ("task:group != database", "q3"),
            ("task:group == service:web", "q2 q3"),
            ("task:group =~ service:.*", "q2 q3"),
        ],
    );
}

/// The `RunTask` of PX-12, with the ranking of `[spread(instanceId)]` written out: fewest tasks of the own group first,
/// then ordinal order. Placement itself is tested where it lives; here the constraint must hold after every task.
#[test]
fn px_12_run_task_with_affinity() {
    let constraint = parse("task:group == database");
    let mut instances = px_12_instances();
    let mut placed = Vec::new();
    for _ in 0..3 {
        let own = |instance: &Sample| instance.groups.iter().filter(|group| **group == "cache").count();
        let target =
            instances.iter_mut().filter(|instance| constraint.matches(*instance)).min_by_key(|i| own(i)).unwrap();
        target.groups.push("cache");
        placed.push(target.name);
    }
    assert_eq!(placed, ["q1", "q2", "q1"]);
}

#[test]
fn plc_044_affinity_looks_at_the_moment_only() {
    let constraint = parse("task:group == database");
    let mut instance = Sample::new("q").groups(&["database", "cache"]);
    assert!(constraint.matches(&instance));
    instance.groups.remove(0);
    assert!(!constraint.matches(&instance));
}

#[test]
fn cql_001_subject_operator_argument_and_grouping() {
    let instances = px_09_instances();
    check(
        &instances,
        &[
            ("(attribute:stack == prod)", "i1 i4"),
            ("((attribute:stack == prod) && (attribute:ecs.instance-type == t2.small))", "i1"),
            ("!attribute:stack exists", "i3"),
            ("! ! attribute:stack exists", "i1 i2 i4 i5"),
            ("!!(attribute:stack exists)", "i1 i2 i4 i5"),
            ("(attribute:stack == prod)and(attribute:ecs.instance-type =~ g.*)", "i4"),
            ("attribute:stack == 'prod'and attribute:ecs.instance-type =~ g.*", "i4"),
            ("\tattribute:stack\n==\r\nprod  ", "i1 i4"),
        ],
    );
    assert_eq!(
        told("attribute:stack"),
        (
            "`attribute:stack` needs an operator such as `==` or `exists`".into(),
            "allowed are `==` `!=` `>` `>=` `<` `<=` `in` `!in` `=~` `!~` `exists` `!exists`".into(),
            "attribute:stack",
        )
    );
    assert_eq!(
        told("runningTasksCount and agentConnected == true").0,
        "`runningTasksCount` needs an operator such as `==`"
    );
    assert_eq!(told("(attribute:stack)").0, "`attribute:stack` needs an operator such as `==` or `exists`");
    assert_eq!(told("attribute:stack ==").0, "operator `==` needs a value");
    assert_eq!(told("attribute:stack == )").2, "==");
    assert_eq!(told("attribute:stack == (prod)").0, "a value without quotes cannot have `(`");
    assert_eq!(told("attribute:stack exists prod").0, "expected `and` or `or` here, found `prod`");
    assert_eq!(told("(attribute:stack exists").0, "`(` is not closed");
    assert_eq!(told("(attribute:stack exists").2, "(");
    assert_eq!(told("attribute:stack exists)").0, "`)` has no `(` before it");
    assert_eq!(told("()").0, "nothing stands between the parentheses");
    assert_eq!(told("attribute:stack exists and").0, "the expression ends where a condition should follow");
    assert_eq!(told("attribute:stack exists and").2, "and");
    assert_eq!(told("and attribute:stack exists").0, "expected a condition here, found `and`");
    assert_eq!(told("== prod").0, "expected a condition here, found `==`");
    assert_eq!(told("  ").0, "the expression is empty");
    assert_eq!(told("").0, "the expression is empty");
}

#[test]
fn cql_002_not_before_and_before_or() {
    let text = |text: &str| parse(text).to_string();
    let (a, b, c) = ("attribute:a exists", "attribute:b exists", "attribute:c exists");
    assert_eq!(parse(&format!("{a} or {b} and {c}")), parse(&format!("{a} or ({b} and {c})")));
    assert_ne!(parse(&format!("{a} or {b} and {c}")), parse(&format!("({a} or {b}) and {c}")));
    assert_eq!(parse(&format!("not {a} and {b}")), parse(&format!("(not {a}) and {b}")));
    assert_eq!(text(&format!("NOT({a}) AND (({b}) OR {c})")), format!("not {a} and ({b} or {c})"));
    assert_eq!(text(&format!("({a} and {b}) and ({c})")), format!("{a} and {b} and {c}"));
    assert_eq!(text(&format!("not({a}||{b}&&not not {c})")), format!("not ({a} or {b} and not not {c})"));
}

#[test]
fn cql_003_at_most_2000_characters() {
    let fill = |length: usize| format!("attribute:stack == {}", "ä".repeat(length - 19));
    assert_eq!(EXPRESSION_LENGTH_LIMIT, 2_000);
    assert!(Expression::parse(&fill(2_000)).is_ok(), "characters count, not bytes");
    let long = fill(2_001);
    let error = error(&long);
    assert_eq!(error.message, "the expression has 2001 characters, more than the 2000 allowed");
    assert_eq!(&long[error.span], "ä");
    assert!(Expression::parse_with_limit(&long, 2_001).is_ok());
    assert!(Expression::parse_with_limit("attribute:a exists", 17).is_err());
}

#[test]
fn cql_004_operators_per_subject() {
    let all = ["==", "!=", ">", ">=", "<", "<=", "in", "!in", "=~", "!~", "exists", "!exists"];
    let words = [
        "equals",
        "not_equals",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "in",
        "not_in",
        "matches",
        "not_matches",
        "exists",
        "not_exists",
    ];
    let text = "== != in !in =~ !~";
    let ordered = "== != > >= < <=";
    for (subject, argument, allowed) in [
        ("agentConnected", "true", text),
        ("agentVersion", "1.2.3", ordered),
        ("ec2InstanceId", "i-1", text),
        ("registeredAt", "2018-02-13", ordered),
        ("runningTasksCount", "1", ordered),
        ("attribute:name", "x", &all.join(" ")),
        ("task:group", "g", "== != in !in =~ !~ exists !exists"),
    ] {
        for (operator, word) in all.iter().zip(words) {
            let argument = if operator.ends_with("exists") { "" } else { argument };
            let outcome = Expression::parse(&format!("{subject} {operator} {argument}"));
            assert_eq!(outcome.is_ok(), allowed.split(' ').any(|known| known == *operator), "{subject} {operator}");
            let same = Expression::parse(&format!("{subject} {word} {argument}"));
            assert_eq!(same.ok(), outcome.ok(), "{subject} {word}");
        }
    }
}

#[test]
fn cql_004_attributes_order_as_numbers_or_as_text() {
    let holds = |value: &'static str, test: &str| {
        parse(&format!("attribute:v {test}")).matches(&Sample::new("x").with("v", value))
    };
    for (value, test, expected) in [
        ("10", "> 9", true),
        ("10", "< 9", false),
        ("10a", "> 9", false),
        ("10", "> 9a", false),
        ("-2", "< -1", true),
        ("-2", "< 1", true),
        ("0", ">= -0.0", true),
        ("1.50", "<= 1.5", true),
        ("1.50", ">= 1.5", true),
        ("007", ">= 7", true),
        (".5", "< 0.6", true),
        ("0.05", "< .5", true),
        ("1e3", "> 999", true),
        ("1e-3", "< 0.0011", true),
        ("9007199254740993", "> 9007199254740992", true),
        ("0.1000000000000000000001", "> 0.1", true),
        ("inf", "> 5", true),
        ("nan", "< zzz", true),
        ("b", "> a", true),
        ("B", "> a", false),
        ("abc", "> ab", true),
        ("", "< a", true),
        // Equality stays that of strings.
        ("1.0", "== 1", false),
        ("1.0", "!= 1", true),
    ] {
        assert_eq!(holds(value, test), expected, "{value} {test}");
    }
}

#[test]
fn cql_005_what_is_refused_and_what_would_be_right() {
    assert_eq!(
        told("agentconnected == true"),
        ("unknown subject `agentconnected`; did you mean `agentConnected`?".into(), String::new(), "agentconnected")
    );
    for (text, meant) in [
        ("taskgroup == x", "task:group"),
        ("task:Group == x", "task:group"),
        ("instanceId == i-1", "ec2InstanceId"),
        ("runningTaskCount == 1", "runningTasksCount"),
        ("registeredat < 2018-01-01", "registeredAt"),
        ("Attribute:stack == x", "attribute:stack"),
        ("attributes:stack == x", "attribute:stack"),
        ("atribute:stack == x", "attribute:stack"),
    ] {
        assert!(told(text).0.ends_with(&format!("did you mean `{meant}`?")), "{:?}", told(text));
    }
    assert_eq!(told("stack == prod").1, "if it is an attribute, write `attribute:stack`");
    assert!(told("foo:bar == prod").1.starts_with("subjects are `agentConnected`"));
    assert_eq!(
        told("runningTasksCount exists"),
        (
            "operator `exists` is not allowed for `runningTasksCount`".into(),
            "allowed are `==` `!=` `>` `>=` `<` `<=`".into(),
            "exists"
        )
    );
    assert_eq!(told("task:group > a").0, "operator `>` is not allowed for `task:group`");
    assert_eq!(told("agentConnected EXISTS").0, "operator `EXISTS` is not allowed for `agentConnected`");
    for (text, wrong, meant) in [
        ("attribute:stack = prod", "=", "=="),
        ("attribute:stack=prod", "=", "=="),
        ("attribute:stack === prod", "===", "=="),
        ("attribute:stack <> prod", "<>", "!="),
        ("attribute:stack => 1", "=>", ">="),
        ("attribute:stack ~= a", "~=", "=~"),
        ("attribute:stack equal prod", "equal", "equals"),
        ("attribute:stack is prod", "is", "=="),
        ("attribute:stack not in [a]", "not in", "not_in"),
        ("attribute:stack NOT exists", "NOT exists", "not_exists"),
        ("attribute:stack ! exists", "! exists", "not_exists"),
        ("attribute:stack !exist", "!exist", "not_exists"),
        ("attribute:stack !matches a", "!matches", "not_matches"),
    ] {
        let (message, help, place) = told(text);
        assert_eq!(
            (message, help),
            (format!("unknown operator `{wrong}`"), format!("did you mean `{meant}`?")),
            "{text}"
        );
        assert_eq!(place, wrong);
    }
    assert_eq!(told("attribute:stack 'prod'").0, "`attribute:stack` needs an operator such as `==` or `exists`");
    assert_eq!(told("attribute: stack == a").0, "`attribute:` needs a name right after it");
    assert_eq!(told("attribute:a:b == a").0, "an attribute name cannot have `:`");
    assert_eq!(told("attribute:a:b == a").2, ":");
    assert_eq!(told("runningTasksCount == one").0, "`one` is not a whole number");
    assert_eq!(told("runningTasksCount == 1.5").2, "1.5");
    assert_eq!(told("attribute:a == b attribute:c exists").0, "expected `and` or `or` here, found `attribute:c`");
    assert_eq!(told("attribute:a == b attribute:c exists").1, "");
    assert_eq!(told("attribute:a == b c").1, "a value that contains spaces needs quotes: `'b c'`");
    assert!(told("attribute:a == and attribute:c exists").1.starts_with("`and` was read as the value of `==`"));
    assert!(told("attribute:a == b||attribute:c exists").1.starts_with("`||` was read as part of the value"));
    assert_eq!(told("exists attribute:a").0, "expected a condition here, found `exists`");
}

#[test]
fn cql_006_case_counts_for_values_and_names_only() {
    check(
        &px_09_instances(),
        &[
            ("attribute:stack == Prod", "i5"),
            ("attribute:Stack == prod", ""),
            ("attribute:stack EQUALS prod AND NoT attribute:ecs.instance-type MATCHES t.*", "i4"),
            ("attribute:stack Not_Exists Or attribute:stack IN [dev]", "i2 i3"),
            ("attribute:stack !EXISTS || attribute:stack !IN [prod, Prod]", "i2 i3"),
            ("attribute:ecs.instance-type == T2.small", ""),
        ],
    );
    check(&px_11_instances(), &[("agentConnected == True", ""), ("agentConnected != True", "k1 k2 k3 k4")]);
}

#[test]
fn cql_007_a_missing_attribute_satisfies_not_exists_only() {
    let bare = Sample::new("x");
    for operator in ["==", "!=", ">", ">=", "<", "<=", "in", "!in", "=~", "!~"] {
        assert!(!parse(&format!("attribute:stack {operator} prod")).matches(&bare), "{operator}");
        assert!(parse(&format!("not attribute:stack {operator} prod")).matches(&bare), "{operator}");
    }
    assert!(!parse("attribute:stack exists").matches(&bare));
    assert!(parse("attribute:stack not_exists").matches(&bare));
}

#[test]
fn cql_008_a_valueless_attribute_is_present_and_equals_nothing() {
    let flagged = Sample::new("x").flag("ecs.capability.external");
    for (test, expected) in [
        ("exists", true),
        ("!exists", false),
        ("== a", false),
        ("== ''", false),
        ("in [a, '']", false),
        ("=~ .*", false),
        ("!= a", true),
        ("!in [a]", true),
        ("!~ .*", true),
        ("> a", false),
        (">= 0", false),
        ("< a", false),
        ("<= 0", false),
    ] {
        assert_eq!(parse(&format!("attribute:ecs.capability.external {test}")).matches(&flagged), expected, "{test}");
    }
}

#[test]
fn cql_009_java_patterns_match_the_whole_value() {
    for (pattern, value, expected) in [
        ("t2.*", "t2.small", true),
        ("t2", "t2", true),
        ("t2", "t2.small", false),
        ("c5.*", "c5d.large", true),
        (r"c5\..*", "c5d.large", false),
        ("a|ab", "ab", true),
        ("^t2.*$", "t2.small", true),
        ("", "", true),
        ("", "a", false),
        // Look-around, back-references, lazy and possessive quantifiers, atomic groups.
        ("(?!t2).*", "t2.small", false),
        ("(?!t2).*", "t3.small", true),
        (".*(?<=small)", "t2.small", true),
        (".*(?<!small|large)", "t2.large", false),
        (r"(\w)\1", "aa", true),
        (r"(\w)\1", "ab", false),
        (r"(?<x>\w)-\k<x>", "a-a", true),
        (r"(a)\10", "aa0", true),
        ("a*?b", "aab", true),
        ("a*+a", "aaa", false),
        ("a++b", "aab", true),
        ("a{1,2}+a", "aa", false),
        ("a{2,}", "aaa", true),
        ("(?>a|ab)c", "abc", false),
        // Flags and their scope.
        ("(?i)T2.SMALL", "t2.small", true),
        ("T(?i)2.SMALL", "t2.small", false),
        ("((?i)a)b", "AB", false),
        ("((?i)a)b", "Ab", true),
        ("(?i:a)b", "Ab", true),
        ("(?i)a(?-i)b", "AB", false),
        ("(?i)[a-c]+", "ABC", true),
        (r"(?i)(a)\1", "aA", true),
        // What the engine would read differently.
        (r"\Qt2.small\E", "t2.small", true),
        (r"\Qt2.small\E", "t2xsmall", false),
        (r"\Qa+\E+", "a+++", true),
        (r"\Qa(", "a(", true),
        (r"\\Q", r"\Q", true),
        (r"[\Q^-]\E]+", "^-]", true),
        ("[a-z&&[^b]]", "b", false),
        ("[a-z&&[^b]]", "c", true),
        ("[a-z&&def]+", "fed", true),
        ("[a-z&&def]+", "abc", false),
        ("[^a-c&&b]", "a", true),
        ("[a-c[x-z]]+", "axz", true),
        ("[[:alpha:]]+", "alpha:", true),
        ("[[:alpha:]]", "b", false),
        ("[+--]+", "+,-", true),
        ("[a~~b]+", "~ab", true),
        ("[&a]+", "a&", true),
        ("[]a]+", "]a", true),
        ("[^]a]", "]", false),
        ("[a-]+", "-a", true),
        ("[-a]+", "-a", true),
        ("[a^]+", "^a", true),
        (r"[\]\[\\]+", r"\[]", true),
        (r"[\w-]+", "a-b_1", true),
        (r"[^\d\s]+", "ab", true),
        (r"[^\d\s]+", "a b", false),
        (r"[\D]+", "ab", true),
        (r"[\p{Upper}\d]+", "A1", true),
        (r"\d+", "12", true),
        (r"\d+", "٣", false),
        (r"\w+", "é", false),
        (r"\h", "a", false),
        (r"\h", "\t", true),
        (r"\v", "\n", true),
        (r"a\Rb", "a\r\nb", true),
        (r"a.b", "a\nb", false),
        (r"(?s)a.b", "a\nb", true),
        (r"\p{Lower}+\p{Punct}\P{Alpha}", "ab.1", true),
        (r"\pL\p{Lu}\p{IsAlphabetic}", "aBc", true),
        (r"\x41\x{42}\u0043\0104\cA", "ABCD\u{1}", true),
        (r"\uD83D\uDE00", "\u{1F600}", true),
        (r"a\-b\/c\@d\<\>", "a-b/c@d<>", true),
        ("a}]", "a}]", true),
        ("a#b ~&", "a#b ~&", true),
        ("it's", "it's", true),
        (r"\ba\b-\b.+", "a-b", true),
    ] {
        assert_eq!(regex(pattern, value), expected, "{pattern} on {value}");
    }
}

#[test]
fn cql_009_every_unicode_category_is_known() {
    for category in [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Ps",
        "Pe",
        "Pi",
        "Pf",
        "Po",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "Z",
        "Zs",
        "Zl",
        "Zp",
        "C",
        "Cc",
        "Cf",
        "Co",
        "Cn",
        "IsAlphabetic",
        "IsIdeographic",
        "IsLetter",
        "IsLowercase",
        "IsUppercase",
        "IsTitlecase",
        "IsPunctuation",
        "IsControl",
        "IsWhite_Space",
        "IsDigit",
        "IsLu",
    ] {
        parse(&format!(r"attribute:a =~ \p{{{category}}}[^x\P{{{category}}}]"));
    }
}

#[test]
fn cql_009_bad_patterns_are_refused_with_their_place() {
    for (pattern, message, place) in [
        ("*.small", "the pattern has nothing that `*` could repeat", "*"),
        ("a**", "the pattern repeats a repetition", "*"),
        ("a{2}{3}", "the pattern repeats a repetition", "{"),
        ("a{,3}", "`{` in the pattern begins a repetition count", "{"),
        ("a{x}", "`{` in the pattern begins a repetition count", "{"),
        ("{a", "`{` in the pattern begins a repetition count", "{"),
        ("a{2", "the pattern has a repetition count without its `}`", "{2"),
        ("a{3,2}", "the pattern has a repetition count from 3 down to 2", "{3,2}"),
        ("a{99999999999}", "the pattern has a repetition count above 1000", "{99999999999}"),
        ("x[a-", "the pattern has a `[` without its `]`", "["),
        ("[", "the pattern has a `[` without its `]`", "["),
        ("[]", "the pattern has a `[` without its `]`", "["),
        ("[z-a]", "the pattern has a character range that runs backwards", "z-a"),
        (r"[a-\d]", "the pattern has a character range that ends in a class", r"a-\d"),
        ("[&&a]", "`&&` in the pattern has nothing before it", "&&"),
        ("[a&&&b]", "`&&&` in the pattern is ambiguous", "&&&"),
        ("[a&&]", "`&&` in the pattern has nothing after it", "&&"),
        ("a(b", "the pattern has a `(` without its `)`", "("),
        ("a)b", "the pattern has a `)` without its `(`", ")"),
        (r"a\", r"the pattern ends in a `\` that escapes nothing", r"\"),
        (r"\y", r"the pattern has an unknown escape `\y`", r"\y"),
        (r"a\E", r"the pattern has an unknown escape `\E`", r"\E"),
        (r"\G", r"`\G` in the pattern is not supported", r"\G"),
        (r"\N{DIGIT ONE}", r"`\N` in the pattern is not supported", r"\N"),
        (r"a\1", "the pattern refers to group 1 but has no group", r"\1"),
        (r"(a)\2", "the pattern refers to group 2 but has only one", r"\2"),
        (r"\k<a>", "the pattern has no group named `a` before this place", r"\k<a>"),
        ("(?<a>x)(?<a>y)", "the pattern has two groups named `a`", "a"),
        ("(?P<a>x)", "the pattern has an unknown kind of group `(?P`", "(?P"),
        ("(?x)a", "the pattern flag `x` is not supported", "x"),
        ("(?", "the pattern has an unknown kind of group", "(?"),
        (r"\p{InGreek}", "the pattern has a property `InGreek` that is not supported", r"\p{InGreek}"),
        (r"\p{L", "the pattern has a property without its `}`", r"\p{L"),
        (r"\x4", r"`\x` in the pattern needs the number of a character after it", r"\x4"),
        (r"\uD83D", r"`\u` in the pattern needs the number of a character after it", r"\uD83D"),
        (r"\08", r"`\0` in the pattern needs octal digits after it", r"\0"),
        ("^*", "`*` in the pattern repeats something that is always empty", "^*"),
    ] {
        let text = format!("attribute:v =~ '{pattern}'");
        let error = error(&text);
        assert_eq!(error.message, message, "{pattern}");
        assert_eq!(&text[error.span], place, "{pattern}");
    }
    assert_eq!(
        told("attribute:v =~ '(((a{1000}){1000}){1000}){1000}'").0,
        "the pattern is too large; its repetition counts multiply"
    );
    assert_eq!(
        told("attribute:v =~ '(?:(?=a)(?:ab{999}){999}){999}'").0,
        "the pattern is too large; its repetition counts multiply"
    );
    let deep = format!("attribute:v =~ {}a{}", "(".repeat(900), ")".repeat(900));
    assert_eq!(error(&deep).message, "the pattern has groups more than 24 deep");
    let deep = format!("attribute:v =~ {}a{}", "[".repeat(900), "]".repeat(900));
    assert_eq!(error(&deep).message, "the pattern has classes more than 24 deep");
}

#[test]
fn cql_009_a_pattern_that_backtracks_too_much_is_no_match() {
    let value = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    assert!(!regex(r"(?=a)(a|a|aa)*\1c", value));
    let negative = parse(r"attribute:v !~ (?=a)(a|a|aa)*\1c");
    assert!(negative.matches(&Sample::new("x").with("v", value)));
    assert!(regex("(a|a|aa)*b", value), "patterns without look-around never backtrack");
}

#[test]
fn cql_010_where_arguments_end_and_what_quotes_do() {
    let instance = Sample::new("x")
        .with("type", "t2.small")
        .with("spaced", "a b")
        .with("list", "a,b")
        .with("n", "5")
        .with("arn", "arn:aws:x/y@z");
    for (text, expected) in [
        ("attribute:type==t2.small", true),
        ("attribute:type!=t2.small", false),
        ("attribute:type=~t2.*", true),
        ("attribute:type!~t2.*", false),
        ("attribute:n>=5", true),
        ("attribute:n>5", false),
        ("attribute:n exists&&attribute:n<=5", true),
        ("attribute:n <= 5 && attribute:n>4", true),
        ("attribute:type!exists", false),
        ("attribute:none!exists&&attribute:none not_exists", true),
        ("attribute:type!in[a,b]", true),
        ("attribute:type in[a,t2.small]", true),
        ("attribute:type in[ 'a' , \"t2.small\" ]", true),
        ("attribute:type in t2.small", true),
        ("attribute:type !in t2.small", false),
        ("attribute:spaced == 'a b'", true),
        ("attribute:spaced == \"a b\"", true),
        ("attribute:spaced =~ 'a .'", true),
        ("attribute:list == 'a,b'", true),
        ("attribute:list in ['a,b', c]", true),
        ("attribute:list =~ a,b", true),
        ("(attribute:list =~ [a],b)", true),
        ("attribute:arn == arn:aws:x/y@z", true),
        ("(attribute:type == t2.small)", true),
        ("(attribute:type =~ t(2|3).*)", true),
        ("(attribute:type =~ t(2|3)[.)(]small)", true),
        (r"(attribute:type =~ t2.small\)?)", true),
        (r"(attribute:type =~ (\Qt2.\E|\)\())", false),
        ("(attribute:type =~ (t2.*)) and (attribute:n == 5)", true),
        ("attribute:type matches 't2.*' and attribute:n equals \"5\"", true),
    ] {
        assert_eq!(parse(text).matches(&instance), expected, "{text}");
        assert_eq!(parse(&parse(text).to_string()), parse(text));
    }
    assert_eq!(told("attribute:n<=5&&attribute:n exists").0, "expected `and` or `or` here, found `exists`");
    assert_eq!(told("attribute:a == 'b").0, "`'` is not closed");
    assert_eq!(told("attribute:a == 'b").2, "'b");
    assert_eq!(told("attribute:a in [b, c").0, "`[` is not closed");
    assert_eq!(told("(attribute:a in [b, c)").2, "[");
    assert_eq!(told("attribute:a in [b c]").0, "expected `,` or `]` here, found `c`");
    assert_eq!(told("attribute:a in []").0, "the list is empty");
    assert_eq!(told("attribute:a in [b,]").0, "expected a value here, found `]`");
    assert_eq!(told("attribute:a in [,b]").0, "expected a value here, found `,`");
    assert_eq!(told("attribute:a in [[b]]").0, "a list cannot contain a list");
    assert_eq!(told("attribute:a == [b]").0, "operator `==` takes a single value, not a list");
    assert_eq!(told("attribute:a == b, c").0, "`,` separates values only within `[` and `]`");
    assert_eq!(told("attribute:a == b]").0, "`]` has no `[` before it");
    assert_eq!(told("attribute:a == 'b' c").0, "expected `and` or `or` here, found `c`");
    assert_eq!(told("attribute:a in").0, "operator `in` needs a value");
}

#[test]
fn cql_011_task_group_is_a_set() {
    check(
        &px_12_instances(),
        &[
            ("task:group in [database, cache]", "q1 q2"),
            ("task:group not_in [database, cache]", "q3"),
            ("task:group !in [database, service:web]", ""),
            ("task:group !~ service:.*", "q1"),
            ("task:group != cache", "q1 q2 q3"),
            ("not(task:group =~ service:.*)", "q1 q4 q5"),
            ("task:group exists", "q1 q2 q3"),
            ("task:group !exists", "q4 q5"),
            ("task:group == Database", ""),
        ],
    );
}

#[test]
fn cql_012_running_tasks_count_is_a_whole_number() {
    check(
        &px_11_instances(),
        &[
            ("runningTasksCount != 1", "k1 k4"),
            ("runningTasksCount > 1", "k4"),
            ("runningTasksCount >= '1'", "k2 k3 k4"),
            ("runningTasksCount <= 0", "k1"),
            ("runningTasksCount > -1", "k1 k2 k3 k4"),
            ("runningTasksCount < 99999999999999999999", "k1 k2 k3 k4"),
        ],
    );
}

#[test]
fn cql_013_registered_at_in_four_formats() {
    let at = |registered| Sample { registered, ..Sample::new("x") };
    for (text, same) in [
        ("2018-06-18T22:28:28+00:00", "2018-06-18T22:28:28Z"),
        ("2018-06-18T22:28:28", "2018-06-18T22:28:28Z"),
        ("2018-06-18", "2018-06-18T00:00:00Z"),
        ("2018-06-19T00:28:28+02:00", "2018-06-18T22:28:28Z"),
        ("2018-06-18T16:58:28-05:30", "2018-06-18T22:28:28Z"),
        ("2000-02-29", "2000-02-29T00:00:00Z"),
        ("'2018-06-18'", "2018-06-18T00:00:00Z"),
    ] {
        assert!(parse(&format!("registeredAt == {text}")).matches(&at(same)), "{text}");
        assert!(!parse(&format!("registeredAt != {text}")).matches(&at(same)), "{text}");
        assert!(parse(&format!("registeredAt <= {text}")).matches(&at(same)), "{text}");
        assert!(!parse(&format!("registeredAt > {text}")).matches(&at(same)), "{text}");
    }
    assert_eq!(super::value::parse_instant("1970-01-01"), Ok(0));
    assert_eq!(super::value::parse_instant("1969-12-31T23:59:59Z"), Ok(-1000));
    assert_eq!(super::value::parse_instant("2018-06-18T22:28:28Z"), Ok(1_529_360_908_000));
    assert_eq!(super::value::parse_instant("2024-02-29"), Ok(1_709_164_800_000));
    for bad in [
        "yesterday",
        "2018-02-30",
        "1900-02-29",
        "2018-13-01",
        "2018-00-10",
        "2018-06-00",
        "2018-6-18",
        "2018-06-18T24:00:00",
        "2018-06-18T22:60:00Z",
        "2018-06-18T22:28",
        "2018-06-18T22:28:28.5Z",
        "2018-06-18t22:28:28z",
        "2018-06-18T22:28:28+0000",
        "2018-06-18T22:28:28+19:00",
        "'2018-06-18 22:28:28'",
        "1529360908",
        "+018-06-18",
        "ä018-06-18",
    ] {
        let error = error(&format!("registeredAt < {bad}"));
        let help = error.help.unwrap();
        for format in ["2018-06-18T22:28:28+00:00", "2018-06-18T22:28:28Z", "2018-06-18T22:28:28 ", "or 2018-06-18;"] {
            assert!(help.contains(format), "{bad}: {help}");
        }
    }
    assert_eq!(told("registeredAt < 2018-02-30").0, "`2018-02-30` names a day that does not exist");
}

#[test]
fn cql_014_agent_versions_compare_part_by_part() {
    let holds =
        |version, test: &str| parse(&format!("agentVersion {test}")).matches(&Sample { version, ..Sample::new("x") });
    for (version, test, expected) in [
        ("1.9.0", "< 1.14.5", true),
        ("1.14.5", "< 1.100.0", true),
        ("1.100.0", "> 1.14.5", true),
        ("1.14.5", "== 1.14.5", true),
        ("1.14.5", "!= 1.14.5", false),
        ("1.14.0", "== 1.14", true),
        ("1.14", ">= 1.14.0", true),
        ("1.14.1", "> 1.14", true),
        ("2.0.0", "<= 1.99.99", false),
        ("01.2", "== 1.2", true),
        ("", "!= 1.2", false),
        ("dev", "< 1.2", false),
        ("1.0.x", "< 2", false),
    ] {
        assert_eq!(holds(version, test), expected, "{version} {test}");
    }
    assert_eq!(told("agentVersion < v1.2").0, "`v1.2` is not an agent version");
    assert_eq!(told("agentVersion < 1..2").2, "1..2");
    assert_eq!(told("agentVersion < 1.+2").2, "1.+2");
}

#[test]
fn cql_015_built_in_attributes() {
    for name in attributes::BUILT_IN {
        assert!(attributes::is_built_in(name));
        assert!(parse(&format!("attribute:{name} exists")).is_static());
        assert_eq!(attributes::validate_name(name), Ok(()));
    }
    assert_eq!(attributes::BUILT_IN.len(), 8);
    assert!(!attributes::is_built_in("stack"));
    assert!(attributes::MANAGED_INSTANCES_BUILT_IN.iter().all(|name| attributes::is_built_in(name)));
    for family in attributes::OS_FAMILIES {
        let instance = Sample::new("x").with("ecs.os-family", family);
        assert!(parse(&format!("attribute:ecs.os-family == {family}")).matches(&instance));
    }
}

#[test]
fn cql_016_capability_flags_are_tested_with_exists() {
    for name in
        ["ecs.capability.task-eni", "com.amazonaws.ecs.capability.docker-remote-api.1.18", "ecs.capability.external"]
    {
        assert!(attributes::is_capability(name));
        assert!(parse(&format!("attribute:{name} exists")).matches(&Sample::new("x").flag(name)));
    }
    assert!(!attributes::is_capability("ecs.capability."));
    assert!(!attributes::is_capability(attributes::OUTPOST_ARN));
    assert_eq!(attributes::OPTIONAL.len(), 3);
}

#[test]
fn cql_017_custom_attributes() {
    use attributes::{validate_name, validate_value};
    let part = Part::Name;
    assert_eq!(validate_name(r"Az09-_/\."), Ok(()));
    assert_eq!(validate_name(&"a".repeat(128)), Ok(()));
    assert_eq!(validate_name(&"a".repeat(129)), Err(AttributeError::TooLong { part, length: 129, limit: 128 }));
    assert_eq!(validate_name(""), Err(AttributeError::Empty { part }));
    assert_eq!(validate_name("a:b"), Err(AttributeError::Character { part, character: ':', offset: 1 }));
    assert_eq!(validate_name("a b"), Err(AttributeError::Character { part, character: ' ', offset: 1 }));
    assert_eq!(validate_name("ä"), Err(AttributeError::Character { part, character: 'ä', offset: 0 }));
    let part = Part::Value;
    assert_eq!(validate_value(r"Az09-_.@/\: x"), Ok(()));
    assert_eq!(validate_value(&"a".repeat(128)), Ok(()));
    assert_eq!(validate_value(&"a".repeat(129)), Err(AttributeError::TooLong { part, length: 129, limit: 128 }));
    assert_eq!(validate_value(""), Err(AttributeError::Empty { part }));
    assert_eq!(validate_value("a,b"), Err(AttributeError::Character { part, character: ',', offset: 1 }));
    assert_eq!(validate_value(" a"), Err(AttributeError::OuterSpace));
    assert_eq!(validate_value("a "), Err(AttributeError::OuterSpace));
    assert_eq!(
        validate_value("a\n").unwrap_err().to_string(),
        "an attribute value cannot have `\\n`; allowed are letters, digits, `-`, `_`, `.`, `@`, `/`, `\\`, `:` and spaces \
         between them"
    );
    assert_eq!((attributes::ATTRIBUTES_PER_RESOURCE_LIMIT, attributes::ATTRIBUTES_PER_CALL_LIMIT), (10, 10));
}

#[test]
fn cql_018_every_documented_expression() {
    check(
        &px_09_instances(),
        &[
            ("attribute:ecs.instance-type == t2.small", "i1"),
            ("attribute:ecs.instance-type == g2.2xlarge", "i3"),
            ("attribute:ecs.instance-type in [t2.small, t2.medium]", "i1 i2"),
            ("attribute:ecs.instance-type =~ t2.*", "i1 i2"),
            ("attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone == us-east-1a", "i1"),
            ("attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d", "i3"),
            ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", "i1 i2 i3"),
            ("attribute:stack == prod", "i1 i4"),
            ("attribute:stack != prod", "i2 i5"),
            (
                "(attribute:stack == prod or attribute:stack == dev) and attribute:ecs.availability-zone == us-east-1a",
                "i1",
            ),
        ],
    );
    let types = ["p2.xlarge", "inf1.xlarge", "dl1.24xlarge", "vt1.3xlarge", "vt1.6xlarge", "vt1.24xlarge"];
    let instances = types.map(|name| Sample::new(name).with("ecs.instance-type", name));
    for name in types {
        assert_eq!(select(&instances, &format!("attribute:ecs.instance-type == {name}")), name);
    }
    let instances = [
        Sample::new("l").with("ecs.os-type", "linux").with("ecs.os-family", "LINUX"),
        Sample::new("f").with("ecs.os-type", "windows").with("ecs.os-family", "WINDOWS_SERVER_2022_FULL"),
        Sample::new("c").with("ecs.os-type", "windows").with("ecs.os-family", "WINDOWS_SERVER_2019_CORE"),
    ];
    check(
        &instances,
        &[
            ("attribute:ecs.os-type == linux", "l"),
            ("attribute:ecs.os-family == WINDOWS_SERVER_2022_FULL", "f"),
            ("attribute:ecs.os-family == WINDOWS_SERVER_2019_CORE", "c"),
        ],
    );
    let instances = [
        Sample::new("p").groups(&["service:production"]),
        Sample::new("d").groups(&["databases", "x"]),
        Sample::new("e").groups(&["database"]),
        Sample::new("n"),
    ];
    check(
        &instances,
        &[
            ("task:group == service:production", "p"),
            ("task:group == databases", "d"),
            ("not(task:group == database)", "p d n"),
            ("runningTasksCount == 1", "p e"),
        ],
    );
    check(
        &px_11_instances(),
        &[
            ("runningTasksCount == 1", "k2 k3"),
            ("agentVersion < 1.14.5", "k1 k2"),
            ("registeredAt < 2018-02-13", "k1 k2"),
            ("ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']", "k1 k2"),
            ("(agentVersion < 1.14.5 or agentConnected == false) and runningTasksCount == 1", "k2 k3"),
        ],
    );
}

#[test]
fn display_is_canonical() {
    for (text, canonical) in [
        ("attribute:a EQUALS 'b'", "attribute:a == b"),
        ("attribute:a not_equals \"b c\"", "attribute:a != 'b c'"),
        ("attribute:a == \"it's b\"", "attribute:a == \"it's b\""),
        ("attribute:a == ''", "attribute:a == ''"),
        ("attribute:a in ['a',\"b,c\" , d]", "attribute:a in [a, 'b,c', d]"),
        ("attribute:a not_in a", "attribute:a !in [a]"),
        ("attribute:a matches '[Pp]rod,x]'", "attribute:a =~ [Pp]rod,x]"),
        (r"attribute:a =~ '\Qa('", r"attribute:a =~ '\Qa('"),
        ("attribute:a =~ 'a b'", "attribute:a =~ 'a b'"),
        ("attribute:a == '[x'", "attribute:a == '[x'"),
        ("attribute:a == 'f(x)'", "attribute:a == 'f(x)'"),
        ("attribute:a == a'b\"c", "attribute:a == a'b\"c"),
        ("attribute:a not_exists", "attribute:a !exists"),
        ("((registeredAt greater_than 2018-01-01))", "registeredAt > 2018-01-01"),
    ] {
        assert_eq!(parse(text).to_string(), canonical);
        assert_eq!(parse(canonical), parse(text));
    }
}

#[test]
fn accessors_name_what_an_expression_depends_on() {
    let expression = parse(
        "attribute:b exists and (attribute:a == x or not task:group == g) and attribute:b == y and runningTasksCount < 3",
    );
    assert_eq!(expression.uses_attribute().collect::<Vec<_>>(), ["b", "a"]);
    assert!(!expression.is_static());
    let dynamic = Subjects { task_group: true, running_tasks_count: true, ..Subjects::default() };
    assert_eq!(expression.dynamic_subjects(), dynamic);
    assert_eq!(expression.subjects(), Subjects { attributes: true, ..dynamic });
    let parts: Vec<_> = expression.split_conjunction().iter().map(ToString::to_string).collect();
    assert_eq!(
        parts,
        ["attribute:b exists", "attribute:a == x or not task:group == g", "attribute:b == y", "runningTasksCount < 3"]
    );
    assert!(parts.iter().all(|part| parse(part).split_conjunction().len() == 1));
    assert!(parse("attribute:a exists").is_static());
    for text in ["agentConnected == true", "agentVersion == 1", "ec2InstanceId == i", "registeredAt > 2018-01-01"] {
        assert!(!parse(text).is_static(), "{text}");
    }
    assert_eq!("attribute:a exists".parse(), Ok(parse("attribute:a exists")));
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}attribute:a exists{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&nested(NESTING_LIMIT)).is_ok());
    assert_eq!(error(&nested(NESTING_LIMIT + 1)).message, "more than 100 parentheses and `not`s are nested here");
    for unit in ["(", "!", "not ", "not(", "!("] {
        assert!(Expression::parse_with_limit(&unit.repeat(100_000), usize::MAX).is_err());
        assert!(Expression::parse(&unit.repeat(2_000 / unit.len())).is_err());
    }
    let deepest = format!("{}attribute:a exists", "not ".repeat(NESTING_LIMIT));
    assert!(parse(&deepest).matches(&Sample::new("x").with("a", "")));
}

/// Whatever the text, an error points into it, and an expression prints as itself and can be evaluated.
fn holds_for_any(text: &str) {
    match Expression::parse(text) {
        Ok(expression) => {
            let canonical = expression.to_string();
            let again = Expression::parse_with_limit(&canonical, usize::MAX);
            assert_eq!(again.as_ref(), Ok(&expression), "{text:?} prints as {canonical:?}");
            assert_eq!(again.unwrap().to_string(), canonical);
            for instance in px_09_instances().iter().chain(&px_12_instances()) {
                expression.matches(instance);
            }
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{text:?}: {error:?}");
            assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{error:?}");
        }
    }
}

/// Pieces of the language, whole and broken, in any order.
const PIECES: &[&str] = &[
    "attribute:",
    "attribute:a",
    "attribute:ecs.os-type",
    "task:group",
    "agentVersion",
    "registeredAt",
    "runningTasksCount",
    "agentConnected",
    "ec2InstanceId",
    "==",
    "!=",
    ">",
    "<=",
    "=~",
    "!~",
    "in",
    "!in",
    "not_in",
    "exists",
    "!exists",
    "and",
    "or",
    "not",
    "&&",
    "||",
    "!",
    "(",
    ")",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "a",
    "1.2",
    "2018-06-18",
    "t2.*",
    "=",
    "\\",
    "ä",
    "\u{2028}",
    "😀",
];

/// Pieces of patterns, whole and broken.
const PATTERN_PIECES: &[&str] = &[
    "a",
    "b",
    "(",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?>",
    "(?<n>",
    "(?i)",
    "(?s-i:",
    "[",
    "[^",
    "]",
    "-",
    "&&",
    "&",
    ":",
    "^",
    "$",
    ".",
    "*",
    "+",
    "?",
    "{2}",
    "{0,3}",
    "{",
    "}",
    "|",
    "\\d",
    "\\W",
    "\\b",
    "\\1",
    "\\2",
    "\\k<n>",
    "\\Q",
    "\\E",
    "\\x41",
    "\\p{Lu}",
    "\\P{Punct}",
    "\\h",
    "\\R",
    "\\Z",
    "\\",
    "ä",
    "#",
    "~",
    "\"",
];

fn pieces(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(from), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        holds_for_any(&text);
    }

    #[test]
    fn any_mixture_of_pieces_is_parsed_or_refused(parts in pieces(PIECES, 14), spaced in any::<bool>()) {
        holds_for_any(&parts.join(if spaced { " " } else { "" }));
    }

    #[test]
    fn any_pattern_is_compiled_or_refused(parts in pieces(PATTERN_PIECES, 14)) {
        let pattern = parts.concat();
        holds_for_any(&format!("attribute:ecs.instance-type =~ '{pattern}'"));
        holds_for_any(&format!("(task:group !~ {pattern}) and attribute:a exists"));
    }

    #[test]
    fn decimals_compare_as_integers_do(left in -2_000_i64..2_000, right in -2_000_i64..2_000, shift in 0_usize..4) {
        let text = |number: i64| {
            let scale = 10_i64.pow(shift as u32);
            let sign = if number < 0 { "-" } else { "" };
            format!("{sign}{}.{:0shift$}", number.abs() / scale, number.abs() % scale)
        };
        let decimal = super::value::Decimal::parse(&text(right)).unwrap();
        prop_assert_eq!(decimal.compare_from(&text(left)), Some(left.cmp(&right)));
        prop_assert_eq!(decimal.compare_from(&format!("{left}e-{shift}")), Some(left.cmp(&right)));
    }
}
