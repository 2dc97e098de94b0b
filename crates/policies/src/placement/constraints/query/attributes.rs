//! What ECS accepts as an attribute of a container instance and which attributes it sets itself: the other half of the
//! query language, since an expression can only select what may be attached.

use std::fmt;

/// Most characters of a custom attribute's name (CQL-017).
pub const NAME_LENGTH_LIMIT: usize = 128;
/// Most characters of a custom attribute's value (CQL-017).
pub const VALUE_LENGTH_LIMIT: usize = 128;
/// Most custom attributes of one resource; more is `AttributeLimitExceededException` (CQL-017, QTA-021).
pub const ATTRIBUTES_PER_RESOURCE_LIMIT: usize = 10;
/// Most attributes in one `PutAttributes` call (CQL-017).
pub const ATTRIBUTES_PER_CALL_LIMIT: usize = 10;

/// `ecs.ami-id` (CQL-015).
pub const AMI_ID: &str = "ecs.ami-id";
/// `ecs.availability-zone`, such as `us-east-1a` (CQL-015).
pub const AVAILABILITY_ZONE: &str = "ecs.availability-zone";
/// `ecs.instance-type`, such as `g2.2xlarge` (CQL-015).
pub const INSTANCE_TYPE: &str = "ecs.instance-type";
/// `ecs.os-type`, `linux` or `windows` (CQL-015).
pub const OS_TYPE: &str = "ecs.os-type";
/// `ecs.os-family`, one of [`OS_FAMILIES`] (CQL-015).
pub const OS_FAMILY: &str = "ecs.os-family";
/// `ecs.cpu-architecture`, one of [`CPU_ARCHITECTURES`] (CQL-015).
pub const CPU_ARCHITECTURE: &str = "ecs.cpu-architecture";
/// `ecs.vpc-id` (CQL-015).
pub const VPC_ID: &str = "ecs.vpc-id";
/// `ecs.subnet-id` (CQL-015).
pub const SUBNET_ID: &str = "ecs.subnet-id";
/// `ecs.awsvpc-trunk-id`, present on an instance with a trunk network interface (CQL-016).
pub const AWSVPC_TRUNK_ID: &str = "ecs.awsvpc-trunk-id";
/// `ecs.outpost-arn` (CQL-016).
pub const OUTPOST_ARN: &str = "ecs.outpost-arn";
/// `ecs.capability.external`, present on an instance of ECS Anywhere (CQL-016).
pub const CAPABILITY_EXTERNAL: &str = "ecs.capability.external";

/// The attributes that ECS sets when an instance registers (CQL-015).
pub const BUILT_IN: [&str; 8] =
    [AMI_ID, AVAILABILITY_ZONE, INSTANCE_TYPE, OS_TYPE, OS_FAMILY, CPU_ARCHITECTURE, VPC_ID, SUBNET_ID];
/// The built-in attributes that ECS Managed Instances expose (CQL-015).
pub const MANAGED_INSTANCES_BUILT_IN: [&str; 4] = [SUBNET_ID, AVAILABILITY_ZONE, INSTANCE_TYPE, CPU_ARCHITECTURE];
/// The attributes that some instances have, apart from the agent's capability flags (CQL-016).
pub const OPTIONAL: [&str; 3] = [AWSVPC_TRUNK_ID, OUTPOST_ARN, CAPABILITY_EXTERNAL];
/// How the names of the agent's capability flags begin; they carry no value (CQL-016).
pub const CAPABILITY_PREFIXES: [&str; 2] = ["ecs.capability.", "com.amazonaws.ecs.capability."];
/// The values of `ecs.os-type` (CQL-015).
pub const OS_TYPES: [&str; 2] = ["linux", "windows"];
/// The values of `ecs.os-family` (CQL-015).
pub const OS_FAMILIES: [&str; 7] = [
    "LINUX",
    "WINDOWS_SERVER_2022_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_20H2_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2016_FULL",
];
/// The values of `ecs.cpu-architecture` (CQL-015).
pub const CPU_ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

/// Whether ECS sets the attribute of that name at registration (CQL-015).
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// Whether the name is that of a capability flag, which has no value and is to be tested with `exists` (CQL-016).
pub fn is_capability(name: &str) -> bool {
    CAPABILITY_PREFIXES.iter().any(|prefix| name.len() > prefix.len() && name.starts_with(prefix))
}

/// Which half of an attribute an [`AttributeError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The name.
    Name,
    /// The value.
    Value,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Value => "value",
        })
    }
}

/// Why a text cannot be an attribute's name or value (CQL-017). The messages are lower-case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeError {
    /// It has no character.
    Empty {
        /// Name or value.
        part: Part,
    },
    /// It has more characters than allowed.
    TooLong {
        /// Name or value.
        part: Part,
        /// Its length in characters.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// It has a character that is not allowed.
    Character {
        /// Name or value.
        part: Part,
        /// The first such character.
        character: char,
        /// Where it is, in bytes.
        offset: usize,
    },
    /// A value begins or ends with a space; only inner spaces are allowed.
    OuterSpace,
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { part: Part::Name } => f.write_str("an attribute name needs at least one character"),
            Self::Empty { part: Part::Value } => {
                f.write_str("an attribute value needs at least one character; leave the value out for none")
            }
            Self::TooLong { part, length, limit } => {
                write!(f, "an attribute {part} has at most {limit} characters, this one has {length}")
            }
            Self::Character { part, character, .. } => {
                write!(f, "an attribute {part} cannot have `{}`; ", character.escape_debug())?;
                f.write_str(match part {
                    Part::Name => "allowed are letters, digits, `-`, `_`, `/`, `\\` and `.`",
                    Part::Value => {
                        "allowed are letters, digits, `-`, `_`, `.`, `@`, `/`, `\\`, `:` and spaces between them"
                    }
                })
            }
            Self::OuterSpace => f.write_str("an attribute value cannot begin or end with a space"),
        }
    }
}

impl std::error::Error for AttributeError {}

/// Whether the name of an attribute may have this character (CQL-017).
pub fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '/' | '\\' | '.')
}

/// Whether the value of an attribute may have this character, a space only between others (CQL-017).
pub fn is_value_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '@' | '/' | '\\' | ':' | ' ')
}

/// Checks the name of a custom attribute (CQL-017).
pub fn validate_name(name: &str) -> Result<(), AttributeError> {
    validate(Part::Name, name, NAME_LENGTH_LIMIT, is_name_character)
}

/// Checks the value of a custom attribute; an attribute without a value needs no check (CQL-017).
pub fn validate_value(value: &str) -> Result<(), AttributeError> {
    validate(Part::Value, value, VALUE_LENGTH_LIMIT, is_value_character)?;
    if value.starts_with(' ') || value.ends_with(' ') { Err(AttributeError::OuterSpace) } else { Ok(()) }
}

fn validate(part: Part, text: &str, limit: usize, allowed: fn(char) -> bool) -> Result<(), AttributeError> {
    if text.is_empty() {
        return Err(AttributeError::Empty { part });
    }
    if let Some((offset, character)) = text.char_indices().find(|(_, character)| !allowed(*character)) {
        return Err(AttributeError::Character { part, character, offset });
    }
    // Every allowed character is one byte, so from here on bytes are characters.
    if text.len() > limit {
        return Err(AttributeError::TooLong { part, length: text.len(), limit });
    }
    Ok(())
}
