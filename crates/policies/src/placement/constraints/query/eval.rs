//! Evaluation of a parsed expression against one instance, over a trait, so that the simulator's books need no copy in
//! the language's own shape.

use std::cmp::Ordering;

use super::ast::{Condition, Expression, Node, Operator, Subject, Test};

/// What an instance has under the name of an attribute (CQL-007, CQL-008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// The instance has no such attribute (CQL-007).
    Missing,
    /// The attribute is present but has no value (CQL-008).
    Valueless,
    /// The attribute's value.
    Value(&'a str),
}

/// The view that an expression has of a container instance.
pub trait Instance {
    /// The attribute of exactly this name, built-in or custom (CQL-006, CQL-015 to CQL-017).
    fn attribute(&self, name: &str) -> AttributeValue<'_>;
    /// Whether the agent is connected.
    fn agent_connected(&self) -> bool;
    /// The agent's version, such as `1.68.2` (CQL-014); anything that is not a dotted version satisfies no operator.
    fn agent_version(&self) -> &str;
    /// The EC2 instance id, such as `i-abcd1234`.
    fn ec2_instance_id(&self) -> &str;
    /// When the instance registered, in milliseconds since the Unix epoch (CQL-013).
    fn registered_at_unix_ms(&self) -> i64;
    /// Tasks on the instance whose desired status is `RUNNING`, of any service or group (CQL-012).
    fn running_tasks_count(&self) -> u64;
    /// Calls `each` with the group of every live task on the instance, where groups may repeat, until it returns true;
    /// returns whether some call did (CQL-011).
    fn any_task_group(&self, each: &mut dyn FnMut(&str) -> bool) -> bool;
    /// Whether some live task is on the instance (CQL-011).
    fn has_live_tasks(&self) -> bool;
}

impl Expression {
    /// Whether the instance satisfies the expression (CQL-002, PLC-040).
    ///
    /// Only the state at this moment counts: affinity built on `task:group` restricts the task being placed and
    /// protects none already there (PLC-044).
    pub fn matches<I: Instance + ?Sized>(&self, instance: &I) -> bool {
        match &self.0 {
            Node::All(parts) => parts.iter().all(|part| part.matches(instance)),
            Node::Any(parts) => parts.iter().any(|part| part.matches(instance)),
            Node::Not(inner) => !inner.matches(instance),
            Node::Condition(condition) => condition.holds(instance),
        }
    }
}

impl Condition {
    /// Compares each subject as its type says (CQL-004).
    fn holds<I: Instance + ?Sized>(&self, instance: &I) -> bool {
        match &self.subject {
            Subject::Attribute(name) => self.attribute_holds(instance.attribute(name)),
            Subject::TaskGroup => self.group_holds(instance),
            Subject::AgentConnected => self.text_holds(if instance.agent_connected() { "true" } else { "false" }),
            Subject::Ec2InstanceId => self.text_holds(instance.ec2_instance_id()),
            Subject::AgentVersion => self.ordered(match &self.test {
                Test::Version { version, .. } => version.compare_from(instance.agent_version()),
                _ => None,
            }),
            Subject::RegisteredAt => self.ordered(match &self.test {
                Test::Instant { unix_ms, .. } => Some(instance.registered_at_unix_ms().cmp(unix_ms)),
                _ => None,
            }),
            Subject::RunningTasksCount => self.ordered(match &self.test {
                Test::Count { count, .. } => Some(i128::from(instance.running_tasks_count()).cmp(count)),
                _ => None,
            }),
        }
    }

    /// A missing attribute satisfies `not_exists` only (CQL-007). A valueless one satisfies `exists` and the negative
    /// operators (CQL-008), and no ordering, having nothing to order.
    fn attribute_holds(&self, value: AttributeValue<'_>) -> bool {
        match (self.operator, value) {
            (Operator::NotExists, value) => value == AttributeValue::Missing,
            (_, AttributeValue::Missing) => false,
            (Operator::Exists, _) => true,
            (_, AttributeValue::Valueless) => self.is_negative(),
            (_, AttributeValue::Value(value)) => match &self.test {
                Test::Order { text, number } => self.ordered(Some(compare_attribute(value, text, number.as_ref()))),
                _ => self.text_holds(value),
            },
        }
    }

    /// The set of groups satisfies a positive operator if some member does, and a negative one if it is not empty and
    /// no member satisfies the positive form (CQL-011).
    fn group_holds<I: Instance + ?Sized>(&self, instance: &I) -> bool {
        match self.operator {
            Operator::Exists => instance.has_live_tasks(),
            Operator::NotExists => !instance.has_live_tasks(),
            _ if self.is_negative() => {
                instance.has_live_tasks() && !instance.any_task_group(&mut |group| self.accepts(group))
            }
            _ => instance.any_task_group(&mut |group| self.accepts(group)),
        }
    }

    fn text_holds(&self, value: &str) -> bool {
        self.accepts(value) != self.is_negative()
    }

    /// The positive form of the operator; strings compare exactly, with case (CQL-006, CQL-009).
    fn accepts(&self, value: &str) -> bool {
        match &self.test {
            Test::Text(text) => text == value,
            Test::OneOf(texts) => texts.iter().any(|text| text == value),
            Test::Pattern(pattern) => pattern.matches(value),
            _ => false,
        }
    }

    fn is_negative(&self) -> bool {
        matches!(self.operator, Operator::NotEqual | Operator::NotIn | Operator::NotMatches | Operator::NotExists)
    }

    /// Whether the operator holds for the order of the instance's value to the argument. What cannot be compared
    /// satisfies no operator, as a missing attribute (CQL-007).
    fn ordered(&self, order: Option<Ordering>) -> bool {
        let Some(order) = order else { return false };
        match self.operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            _ => false,
        }
    }
}

/// Attributes order as numbers if both sides are numbers, else character by character (CQL-004).
fn compare_attribute(value: &str, text: &str, number: Option<&super::value::Decimal>) -> Ordering {
    number.and_then(|number| number.compare_from(value)).unwrap_or_else(|| value.cmp(text))
}
