//! The functions of CloudFormation: `Ref`, `Fn::Sub`, `Fn::If` and the others, worked out on the values of a template.
//!
//! What only a deployed stack knows (the value of an export, of an SSM parameter, of a parameter without a default) gets a
//! stand-in that is told as an assumption.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use super::node::{as_text, list, number, text};
use super::places::Places;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, shown};
use crate::document::{Entry, Map, Node, NodeKind};
use crate::validate::{list_of, nearest};

/// How deep functions may lead to each other before that is a circle.
const DEEPEST: usize = 64;
/// How long a text may become: a template that doubles a text again and again is a trap.
const LONGEST_TEXT: usize = 1 << 20;

/// Everything that functions can look at.
pub(super) struct Evaluator<'a> {
    /// The sections of the template.
    pub(super) root: &'a Node,
    /// Values of parameters from the command line, by name.
    pub(super) given: &'a BTreeMap<String, String>,
    pub(super) places: &'a mut Places,
    pub(super) findings: &'a mut Findings,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// The name of the stack: that of the file.
    pub(super) stack: String,
    /// Values of parameters, worked out once.
    parameters: BTreeMap<String, Node>,
    conditions: BTreeMap<String, bool>,
    /// Names and properties of resources, worked out once: names made of names would take for ever otherwise.
    texts: BTreeMap<String, Option<String>>,
    /// Conditions and resources being worked out, to see a circle.
    open: BTreeSet<String>,
    depth: usize,
}

/// The account in ARNs that stand in for real ones.
pub(super) const ACCOUNT: &str = "111122223333";

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        root: &'a Node,
        stack: &str,
        given: &'a BTreeMap<String, String>,
        places: &'a mut Places,
        findings: &'a mut Findings,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            root,
            given,
            places,
            findings,
            diagnostics,
            stack: stack.to_owned(),
            parameters: BTreeMap::new(),
            conditions: BTreeMap::new(),
            texts: BTreeMap::new(),
            open: BTreeSet::new(),
            depth: 0,
        }
    }

    /// A section of the template.
    fn section(&self, name: &str) -> Option<&'a Map> {
        self.root.get(name)?.as_map()
    }

    pub(super) fn resource(&self, name: &str) -> Option<&'a Entry> {
        self.section("Resources")?.get(name)
    }

    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.diagnostics.push(Diagnostic::error("E412", message).label(span, "here").help_if(help));
    }

    /// The value with all functions worked out; nothing for `AWS::NoValue`, and after a problem, which is told.
    pub(super) fn value(&mut self, node: &Node) -> Option<Node> {
        if self.depth >= DEEPEST {
            self.wrong(node.span, "the functions of the template lead in a circle, or are nested too deep", None);
            return None;
        }
        self.depth += 1;
        let value = self.value_within(node);
        self.depth -= 1;
        value
    }

    fn value_within(&mut self, node: &Node) -> Option<Node> {
        let span = node.span;
        match &node.kind {
            NodeKind::Map(map) => {
                if let Some(call) = map.iter().next().filter(|entry| map.len() == 1 && is_function(&entry.key)) {
                    return self.call(&call.key, &call.value, span);
                }
                let mut worked = Map::default();
                for entry in map.iter() {
                    if let Some(value) = self.value(&entry.value) {
                        // The keys of the map were unique, and so they are here.
                        let _ = worked.insert(Entry { value, ..entry.clone() });
                    }
                }
                Some(Node::new(NodeKind::Map(worked), span))
            }
            NodeKind::List(values) => {
                let worked: Vec<Node> = values.iter().filter_map(|value| self.value(value)).collect();
                Some(list(worked, span))
            }
            NodeKind::String(written) if written.contains("{{resolve:") => {
                self.findings.assumed(
                    format!("`{}` is looked up when a stack is made; here it stays a text", shown(written)),
                    Some(span),
                );
                Some(node.clone())
            }
            _ => Some(node.clone()),
        }
    }

    fn call(&mut self, function: &str, given: &Node, span: Span) -> Option<Node> {
        match function {
            "Ref" => {
                let name = as_text(given)?.to_owned();
                self.reference(&name, span)
            }
            "Fn::GetAtt" => self.attribute_of(given, span),
            "Fn::Sub" => self.substitute(given, span),
            "Fn::If" => {
                let parts = self.parts(given, 3, "Fn::If", "[condition, value, other value]")?;
                let name = as_text(&parts[0]).unwrap_or_default().to_owned();
                let holds = self.condition(&name, parts[0].span)?;
                self.value(&parts[if holds { 1 } else { 2 }])
            }
            "Fn::Join" => {
                let parts = self.parts(given, 2, "Fn::Join", "[delimiter, [values]]")?;
                let delimiter = as_text(&parts[0]).unwrap_or_default().to_owned();
                let values = self.value(&parts[1])?;
                let words: Vec<String> = super::node::elements(Some(&values))
                    .iter()
                    .filter_map(|value| as_text(value))
                    .map(str::to_owned)
                    .collect();
                self.long_text(words.join(&delimiter), span)
            }
            "Fn::Split" => {
                let parts = self.parts(given, 2, "Fn::Split", "[delimiter, text]")?;
                let delimiter = as_text(&parts[0]).unwrap_or_default().to_owned();
                let whole = self.value(&parts[1])?;
                let whole = as_text(&whole)?;
                if delimiter.is_empty() {
                    return Some(list(vec![text(whole, span)], span));
                }
                Some(list(whole.split(delimiter.as_str()).map(|part| text(part, span)).collect(), span))
            }
            "Fn::Select" => {
                let parts = self.parts(given, 2, "Fn::Select", "[index, [values]]")?;
                let index = self.value(&parts[0])?;
                let values = self.value(&parts[1])?;
                let index: Option<usize> = as_text(&index).and_then(|index| index.trim().parse().ok());
                let values = super::node::elements(Some(&values));
                match index.and_then(|index| values.get(index)) {
                    Some(value) => Some(Node { span, ..(*value).clone() }),
                    None => {
                        let count = values.len();
                        let help =
                            Some("give the list with --parameter NAME=a,b,c if it comes from a parameter".into());
                        self.wrong(
                            span,
                            format!("`Fn::Select` picks what is not there: the list has {count} values"),
                            help,
                        );
                        None
                    }
                }
            }
            "Fn::FindInMap" => self.find_in_map(given, span),
            "Fn::Base64" => self.value(given),
            "Fn::GetAZs" => {
                let zones = self.places.zones();
                Some(list(zones.into_iter().map(|zone| text(zone, span)).collect(), span))
            }
            "Fn::Length" => {
                let values = self.value(given)?;
                Some(number(super::node::elements(Some(&values)).len() as u64, span))
            }
            "Fn::ToJsonString" => {
                let value = self.value(given)?;
                self.long_text(value.to_value().to_string(), span)
            }
            "Fn::Cidr" => {
                self.findings.assumed("`Fn::Cidr` gives the same made-up block six times", Some(span));
                Some(list(vec![text("10.0.0.0/24", span); 6], span))
            }
            "Fn::ImportValue" | "Fn::GetStackOutput" => {
                let name = self.value(given)?;
                let name = as_text(&name).unwrap_or("export").to_owned();
                // The export of another stack is most often the name of a thing: its last word says which.
                let last = name.rsplit([':', '-', '/']).next().filter(|word| !word.is_empty()).unwrap_or("export");
                self.findings.export(&name, last, span);
                Some(text(last, span))
            }
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" | "Condition" => {
                let holds = self.holds(function, given, span)?;
                Some(Node::new(NodeKind::Bool(holds), span))
            }
            other => {
                self.findings.lost(
                    format!(
                        "`{}` is not worked out: a macro or a function that only CloudFormation has; what it would make \
                         is left out",
                        shown(other)
                    ),
                    Some(span),
                );
                None
            }
        }
    }

    /// The elements of the list that a function takes.
    fn parts<'n>(&mut self, given: &'n Node, count: usize, function: &str, form: &str) -> Option<&'n [Node]> {
        match given.as_list().filter(|parts| parts.len() == count) {
            Some(parts) => Some(parts),
            None => {
                self.wrong(given.span, format!("`{function}` takes {form}"), None);
                None
            }
        }
    }

    fn long_text(&mut self, value: String, span: Span) -> Option<Node> {
        if value.len() > LONGEST_TEXT {
            self.wrong(span, "the text that this function makes is longer than 1 MiB", None);
            return None;
        }
        Some(text(value, span))
    }

    fn reference(&mut self, name: &str, span: Span) -> Option<Node> {
        if let Some(pseudo) = self.pseudo(name, span) {
            return pseudo;
        }
        if self.section("Parameters").is_some_and(|parameters| parameters.get(name).is_some()) {
            let value = self.parameter(name)?;
            return Some(Node { span, ..value });
        }
        if let Some(entry) = self.resource(name) {
            return Some(text(self.resource_ref(entry), span));
        }
        self.unknown(name, span);
        None
    }

    fn unknown(&mut self, name: &str, span: Span) {
        let sections = [self.section("Parameters"), self.section("Resources")];
        let known = sections.into_iter().flatten().flat_map(|section| section.iter()).map(|entry| entry.key.as_str());
        let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        self.wrong(span, format!("the template has no parameter and no resource `{}`", shown(name)), help);
    }

    /// A pseudo parameter; `Some(None)` is `AWS::NoValue`.
    #[expect(clippy::option_option, reason = "no pseudo parameter, and one without a value, are two answers")]
    fn pseudo(&mut self, name: &str, span: Span) -> Option<Option<Node>> {
        if let Some(value) = self.given.get(name).filter(|_| name.starts_with("AWS::")) {
            return Some(Some(text(value.clone(), span)));
        }
        let region = self.places.region().to_owned();
        let value = match name {
            "AWS::NoValue" => return Some(None),
            "AWS::Region" => region,
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" if region.starts_with("cn-") => "aws-cn".to_owned(),
            "AWS::Partition" if region.starts_with("us-gov-") => "aws-us-gov".to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" if region.starts_with("cn-") => "amazonaws.com.cn".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => self.stack.clone(),
            "AWS::StackId" => format!("arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{}/1", self.stack),
            "AWS::NotificationARNs" => return Some(Some(list(Vec::new(), span))),
            _ => return None,
        };
        Some(Some(text(value, span)))
    }

    /// The value of a parameter: given, the default, or a stand-in.
    fn parameter(&mut self, name: &str) -> Option<Node> {
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone());
        }
        let entry = self.section("Parameters")?.get(name)?;
        let span = entry.key_span;
        let kind = entry.value.get("Type").and_then(as_text).unwrap_or("String").to_owned();
        let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList" || kind.contains("::Value<List<");
        let of_text = |value: &str| match is_list {
            true => list(value.split(',').map(|part| text(part.trim(), span)).collect(), span),
            false => text(value, span),
        };
        let value = if let Some(given) = self.given.get(name).cloned() {
            self.check_allowed(&entry.value, name, &given, span);
            of_text(&given)
        } else if let Some(default) = entry.value.get("Default").filter(|default| default.kind != NodeKind::Null) {
            match as_text(default) {
                Some(default) if kind.contains("SSM::Parameter::Value") => of_text(&format!("resolve:ssm:{default}")),
                // An empty list of subnets is a placeholder, not a choice.
                Some("") if kind.starts_with("List<AWS::") => self.stand_in(name, &kind, &entry.value, span),
                Some(default) => of_text(default),
                None => default.clone(),
            }
        } else {
            self.stand_in(name, &kind, &entry.value, span)
        };
        self.parameters.insert(name.to_owned(), value.clone());
        Some(value)
    }

    fn check_allowed(&mut self, parameter: &Node, name: &str, given: &str, span: Span) {
        let allowed: Vec<&str> =
            super::node::elements(parameter.get("AllowedValues")).into_iter().filter_map(as_text).collect();
        if !allowed.is_empty() && !allowed.contains(&given) {
            let help = match nearest(given, allowed.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the template allows {}", list_of(&allowed)),
            };
            let message = format!("`{}` is no value that the parameter `{name}` allows", shown(given));
            self.wrong(span, message, Some(help));
        }
    }

    /// What stands in for a parameter that has neither a value nor a default.
    fn stand_in(&mut self, name: &str, kind: &str, parameter: &Node, span: Span) -> Node {
        let allowed = super::node::elements(parameter.get("AllowedValues")).into_iter().find_map(as_text);
        let lower = name.to_ascii_lowercase();
        let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList";
        let is_subnet = kind.contains("EC2::Subnet::Id") || lower.contains("subnet");
        let is_zone = kind.contains("AvailabilityZone");
        let zones = self.places.zones();
        let (values, said): (Vec<String>, String) = if let Some(allowed) = allowed {
            (vec![allowed.to_owned()], format!("the first value that it allows, `{}`, stands in", shown(allowed)))
        } else if is_zone {
            let values = if is_list { zones } else { zones.into_iter().take(1).collect() };
            let said = format!("{} stand in", values.join(", "));
            (values, said)
        } else if is_subnet && (is_list || lower.ends_with('s')) {
            let subnets: Vec<String> = (1..=zones.len()).map(|at| format!("{name}-{at}")).collect();
            for (subnet, zone) in subnets.iter().zip(&zones) {
                self.places.stand_in_subnet(subnet, zone);
            }
            let said = format!("{} made-up subnets in {} stand in", subnets.len(), zones.join(", "));
            (subnets, said)
        } else if is_subnet {
            let zone = self.places.zone_of(name);
            (vec![name.to_owned()], format!("a made-up subnet in {zone} stands in"))
        } else if kind == "Number" {
            let least = parameter.get("MinValue").and_then(as_text).unwrap_or("1").to_owned();
            let said = format!("{least} stands in");
            (vec![least], said)
        } else {
            self.findings.named_after_itself(name, span);
            let value = text(name, span);
            return if is_list { list(vec![value], span) } else { value };
        };
        self.findings.assumed(
            format!("the parameter `{name}` has no default: {said}; give it with --parameter {name}=VALUE"),
            Some(span),
        );
        if is_list || values.len() > 1 {
            list(values.into_iter().map(|value| text(value, span)).collect(), span)
        } else {
            text(values.into_iter().next().unwrap_or_default(), span)
        }
    }

    fn find_in_map(&mut self, given: &Node, span: Span) -> Option<Node> {
        let parts = given.as_list().unwrap_or_default();
        if !(3..=4).contains(&parts.len()) {
            self.wrong(given.span, "`Fn::FindInMap` takes [map, first key, second key]", None);
            return None;
        }
        let mut keys = Vec::new();
        for part in &parts[..3] {
            let value = self.value(part)?;
            keys.push(as_text(&value).unwrap_or_default().to_owned());
        }
        let found = self
            .section("Mappings")
            .and_then(|maps| maps.get(&keys[0]))
            .and_then(|map| map.value.get(&keys[1]))
            .and_then(|inner| inner.get(&keys[2]));
        if let Some(found) = found {
            return Some(Node { span, ..found.clone() });
        }
        if let Some(default) = parts.get(3).and_then(|options| options.get("DefaultValue")) {
            return self.value(default);
        }
        let message =
            format!("the mapping `{}` has no `{}` with `{}`", shown(&keys[0]), shown(&keys[1]), shown(&keys[2]));
        self.wrong(span, message, Some("if it is a Region, choose another with --region".into()));
        None
    }

    /// `Fn::Sub`: `${Name}`, `${Name.Attribute}`, and `${!Text}` for `${Text}`.
    fn substitute(&mut self, given: &Node, span: Span) -> Option<Node> {
        let (pattern, own) = match given.as_list() {
            Some([pattern, own]) => (as_text(pattern)?.to_owned(), own.as_map()),
            Some(_) => {
                self.wrong(given.span, "`Fn::Sub` takes a text, or [text, map of values]", None);
                return None;
            }
            None => (as_text(given)?.to_owned(), None),
        };
        let mut whole = String::new();
        let mut rest = pattern.as_str();
        while let Some(at) = rest.find("${") {
            whole.push_str(&rest[..at]);
            rest = &rest[at + 2..];
            let Some(end) = rest.find('}') else {
                whole.push_str("${");
                break;
            };
            let name = rest[..end].trim();
            let raw = &rest[..end];
            rest = &rest[end + 1..];
            if let Some(literal) = raw.strip_prefix('!') {
                whole.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = if let Some(own) = own.and_then(|own| own.get(name)) {
                self.value(&own.value)
            } else if let Some((resource, attribute)) = name.split_once('.').filter(|_| !name.starts_with("AWS::")) {
                self.attribute(resource, attribute, span)
            } else {
                self.reference(name, span)
            };
            let value = value?;
            let words: Vec<&str> = super::node::elements(Some(&value)).into_iter().filter_map(as_text).collect();
            whole.push_str(&words.join(","));
            if whole.len() > LONGEST_TEXT {
                break;
            }
        }
        whole.push_str(rest);
        self.long_text(whole, span)
    }

    fn attribute_of(&mut self, given: &Node, span: Span) -> Option<Node> {
        let words: Vec<String> = match given.as_list() {
            Some(parts) => {
                let mut words = Vec::new();
                for part in parts {
                    let part = self.value(part)?;
                    words.push(as_text(&part).unwrap_or_default().to_owned());
                }
                words
            }
            None => as_text(given)?.splitn(2, '.').map(str::to_owned).collect(),
        };
        match words.as_slice() {
            [resource, attribute] => self.attribute(resource, attribute, span),
            [resource, attribute @ ..] if !attribute.is_empty() => self.attribute(resource, &attribute.join("."), span),
            _ => {
                self.wrong(given.span, "`Fn::GetAtt` takes a resource and an attribute: `Name.Attribute`", None);
                None
            }
        }
    }

    fn attribute(&mut self, resource: &str, attribute: &str, span: Span) -> Option<Node> {
        match self.resource(resource) {
            Some(entry) => Some(text(self.resource_attribute(entry, attribute), span)),
            None => {
                self.unknown(resource, span);
                None
            }
        }
    }

    /// Whether a condition of the template holds.
    pub(super) fn condition(&mut self, name: &str, span: Span) -> Option<bool> {
        if let Some(known) = self.conditions.get(name) {
            return Some(*known);
        }
        let Some(entry) = self.section("Conditions").and_then(|conditions| conditions.get(name)) else {
            let known =
                self.section("Conditions").into_iter().flat_map(|map| map.iter()).map(|entry| entry.key.as_str());
            let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            self.wrong(span, format!("the template has no condition `{}`", shown(name)), help);
            return None;
        };
        if !self.open.insert(format!("condition {name}")) {
            self.wrong(entry.key_span, format!("the condition `{}` depends on itself", shown(name)), None);
            return None;
        }
        let holds = self.truth(&entry.value);
        self.open.remove(&format!("condition {name}"));
        self.conditions.insert(name.to_owned(), holds?);
        holds
    }

    fn truth(&mut self, node: &Node) -> Option<bool> {
        let value = self.value(node)?;
        match as_text(&value) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong(node.span, "a condition is true or false", None);
                None
            }
        }
    }

    fn holds(&mut self, function: &str, given: &Node, span: Span) -> Option<bool> {
        if function == "Condition" {
            let name = as_text(given)?.to_owned();
            return self.condition(&name, span);
        }
        let parts = given.as_list().unwrap_or_default();
        match (function, parts) {
            ("Fn::Equals", [one, other]) => {
                let (one, other) = (self.value(one), self.value(other));
                Some(match (&one, &other) {
                    (Some(one), Some(other)) => match (as_text(one), as_text(other)) {
                        (Some(one), Some(other)) => one == other,
                        _ => one.to_value() == other.to_value(),
                    },
                    _ => one.is_none() && other.is_none(),
                })
            }
            ("Fn::Not", [one]) => self.truth(one).map(|holds| !holds),
            ("Fn::And" | "Fn::Or", parts) if !parts.is_empty() => {
                let mut all = Vec::new();
                for part in parts {
                    all.push(self.truth(part)?);
                }
                Some(if function == "Fn::And" { all.iter().all(|it| *it) } else { all.iter().any(|it| *it) })
            }
            _ => {
                self.wrong(given.span, format!("`{function}` has not the values that it takes"), None);
                None
            }
        }
    }

    /// Works out the name or the like of a resource while nothing else asks for the same: a template whose resources name
    /// each other in a circle gets the logical id.
    pub(super) fn once(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Option<String>) -> Option<String> {
        if let Some(known) = self.texts.get(name) {
            return known.clone();
        }
        if !self.open.insert(name.to_owned()) {
            return None;
        }
        let answer = work(self);
        self.open.remove(name);
        self.texts.insert(name.to_owned(), answer.clone());
        answer
    }
}

/// Whether a map with this only key is a call.
fn is_function(key: &str) -> bool {
    key == "Ref" || key == "Condition" || key.starts_with("Fn::")
}
